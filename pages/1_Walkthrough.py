"""The walkthrough: seven chapters on one digit, each with something to do, to predict and to answer."""

from pages.ui import frame
from pages.ui.networks import network
from pages.ui.walkthrough import contents
from pages.ui.walkthrough.lesson import Lesson

choice, digits = frame.begin("Walkthrough", contents.window)
chapter = contents.current()
frame.heading("Walkthrough", choice)
contents.publish()
contents.row(chapter)
lesson = Lesson(choice, digits, network(choice.model))
contents.chapter(chapter, lesson)
contents.foot(chapter, lesson)
contents.remember()
