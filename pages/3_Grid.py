"""Grid."""

from pages.ui import controls, frame, session

CONTROLS = ("data", "model", "theta", "gamma", "rule", "output", "direction")

choice, digits = controls.choose(frame.begin("Grid"), CONTROLS)
frame.heading("Grid", choice)
session.publish()
