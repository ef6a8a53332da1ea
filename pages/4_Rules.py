"""Rules."""

from pages.ui import controls, frame, session

choice, digits = controls.choose(frame.begin("Rules"), ("data", "digit", "sample", "target", "model", "theta", "gamma"))
frame.heading("Rules", choice)
session.publish()
