"""Evaluation: many digits, each towards all nine other classes; how often the attack succeeds, and what it costs."""

import streamlit as st

from pages.ui import frame, navigation, session
from pages.ui.evaluation import evaluating, report_views
from pages.ui.networks import network

choice, digits = frame.begin("Evaluation")
evaluating.check_link()
frame.heading("Evaluation", choice)
session.publish()
st.caption(report_views.settings(choice.attack))

how_many, status = st.columns([1, 2], gap="large", vertical_alignment="center")
with how_many:
    count = evaluating.how_many()
subject = evaluating.Subject(choice.data, network(choice.model).key, choice.attack, count)
status, waiting, numbers, figures, details = status.empty(), st.empty(), st.empty(), st.empty(), st.empty()

report = None
for report in evaluating.watch(status, waiting, digits, network(choice.model), subject):
    with numbers.container():
        report_views.headline(report)
    with figures.container():
        report_views.figures(report)

if report is None:
    st.stop()
with details.container():
    positions = evaluating.evenly(digits, count)
    opened = report_views.cases(choice, digits, network(choice.model), positions, report)
    report_views.tables(report)
    report_views.downloads(choice, report)
if opened:
    navigation.open_in_lab(opened)
