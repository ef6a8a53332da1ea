"""Walkthrough."""

from pages.ui import controls, frame, session

choice, digits = controls.choose(frame.begin("Walkthrough"), ("data", "digit", "sample", "target", "model"))
frame.heading("Walkthrough", choice)
session.publish()
