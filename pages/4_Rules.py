"""Rules: the same digit and target under several saliency rules, side by side, and why they differ."""

from dataclasses import replace

import streamlit as st

from jsma import Rule
from jsma.baselines import Baseline
from jsma.glossary import TERMS
from pages.ui import frame, navigation, session
from pages.ui.formatting import an
from pages.ui.networks import network
from pages.ui.outside import plain
from pages.ui.paper import REPORTED
from pages.ui.rules import beside, results, tables
from pages.ui.rules.reasons import reasons
from pages.ui.shared.comparison import show_comparison
from pages.ui.shared.comparison.methods import AT_FIRST, METHODS, MOST, Trace, problem_with_rules, trace

EXPLAINED = [entry.label for entry in (*Rule, *Baseline)]

choice, digits = frame.begin("Rules")
session.check_link("rules", AT_FIRST, problem_with_rules)
frame.heading("Rules", choice)
session.publish()
position = int(digits.of_class(choice.digit)[choice.sample])
image = digits.images[position]


def chosen_attacks() -> list[Trace]:
    """Let the visitor choose methods, and return their attacks."""
    labels = st.multiselect(
        "Rules",
        METHODS,
        AT_FIRST,
        max_selections=MOST,
        key="rules",
        bind="query-params",
        persist_state="session",
        on_change=session.note_bound_choice,
        help=f"At most {MOST} at a time. They brighten pixels unless they say otherwise: **darken**, or **both** ways. "
        + " ".join(f"**{name}**: {TERMS[name]}" for name in EXPLAINED),
    )
    subject = (choice.data, network(choice.model), position, choice.target)
    return [trace(*subject, label, choice.theta, choice.gamma) for label in labels]


def show_attacks(traces: list[Trace]) -> None:
    frame.unseen_heading("The attacks side by side")
    goal = f"All rules try to make the network read this {choice.digit} as {an(choice.target, '**')}"
    st.markdown(f"{goal}, from the same start. {where_they_are(traces)}")
    show_comparison(image, traces)
    with st.expander("Every iteration as a table"):
        st.dataframe(tables.every_step(traces), hide_index=True, width="stretch")


def where_they_are(traces: list[Trace]) -> str:
    if not any(ran.end.iteration for ran in traces):
        return "No attack changed a pixel: it had no need to, or it could not."
    if any(ran.success for ran in traces):
        return "You see them when the first one reaches the target. Step back, play, or go on until all have ended."
    return "No attack reaches the target. They are shown at their end; step back, or play them from the start."


def show_ranking(traces: list[Trace]) -> None:
    st.header("Which rule needs the fewest pixels?", anchor=False, help=TERMS["distortion"])
    st.dataframe(tables.ranking(traces, image.numel()), hide_index=True, width="stretch")
    with st.container(horizontal=True, vertical_alignment="center", key="on-screen-lab"):
        st.caption("Step through one in the lab:", width="content")
        for ran in traces:
            if ran.method.baseline is None and st.button(ran.method.label, key=f"lab-{ran.method.label}"):
                open_in_lab(ran)


def open_in_lab(ran: Trace) -> None:
    attack = ran.method.attack(choice.theta, choice.gamma)
    navigation.open_in_lab(replace(choice, rule=attack.rule, output=attack.output, direction=attack.direction))


def show_lines(traces: list[Trace]) -> None:
    st.header("What each changed pixel does", anchor=False)
    kinds = {"probability": "Probability", "logit": "Logit"}
    kind = st.segmented_control(
        "The target's",
        kinds,
        default="probability",
        format_func=kinds.get,
        required=True,
        key="comparison-output",
        help=f"**Probability**: {TERMS['probability']} **Logit**: {TERMS['logit']}",
    )
    alt = f"The target's {kind} by the number of changed pixels, a line for each rule; as a table further up."
    st.vega_lite_chart(tables.lines(traces, kind), alt=alt)
    st.html(tables.legend(traces))
    st.caption(
        "Dashed lines are rules that darken, dotted ones rules that go both ways. The numbers are in the table above."
    )


def show_reasons(traces: list[Trace]) -> None:
    st.header("Why they differ", anchor=False)
    paragraphs = reasons(traces)
    for paragraph in paragraphs:
        st.markdown(paragraph)
    if not paragraphs:
        st.markdown("No attack changed a pixel here, so there is nothing to compare.")


def show_measured() -> None:
    st.header("On all test images", anchor=False)
    found = results.measured()
    ours, theirs = st.columns([3, 1], gap="medium")
    with theirs.container(border=True):
        st.markdown(REPORTED)
    with ours:
        if found.measurements:
            st.dataframe(
                tables.committed(found),
                hide_index=True,
                width="stretch",
                column_config={"Attacks": st.column_config.NumberColumn(format="localized")},
            )
            st.caption(
                "Distortion: the share of pixels changed, on average. TJSMA in both directions is this project's own "
                "(its paper brightens). Read from benchmarks/results."
            )
        explain_gaps(found)
    st.markdown(
        "The plain rule on logits is the paper's. Its result depends on the network as much as on the rule: its line "
        "and the paper's compare two networks. To compare rules, compare lines of the same network."
    )


def explain_gaps(found: results.Results) -> None:
    if found.missing:
        some = "Some lines are" if found.measurements else "The table is"
        st.markdown(
            f"{some} not measured yet. With MNIST on the disk these commands take hours; you can interrupt them and "
            "start them again:"
        )
        st.code("\n".join(found.commands), language="sh", wrap_lines=True)
    if found.damaged:
        st.warning(
            f"Not a result of benchmarks.table: {plain(', '.join(found.damaged))}. Delete it and run the command "
            "again.",
            icon=":material/info:",
        )
    old = [line for line in found.measurements if not line.current]
    if old:
        names = ", ".join(f"{line.model}-{line.setting}" for line in old)
        st.caption(f"Measured on other weights than those that are here now: {names}.")


traces = chosen_attacks()
if traces:
    show_attacks(traces)
    show_ranking(traces)
    show_lines(traces)
    show_reasons(traces)
    beside.show(choice, image, traces)
else:
    st.info("Choose at least one rule above to see its attack.", icon=":material/info:")
show_measured()
