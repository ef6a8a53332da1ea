"""Evaluation."""

from pages.ui import controls, frame, session

CONTROLS = ("data", "model", "theta", "gamma", "rule", "output", "direction")

choice, digits = controls.choose(frame.begin("Evaluation"), CONTROLS)
frame.heading("Evaluation", choice)
session.publish()
