"""Model."""

from pages.ui import controls, frame, session

choice, digits = controls.choose(frame.begin("Model"), ("data", "model", "digit", "sample"))
frame.heading("Model", choice)
session.publish()
