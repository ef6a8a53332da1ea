"""The frame that all pages stand in: navigation, what is carried from page to page, and one's own network."""

import pytest

from pages.ui.navigation import PAGES
from tests.helpers.paths import ROOT

FILES = {title: page.file for title, page in PAGES.items()}


def test_the_navigation_names_every_page_there_is():
    assert sorted(FILES.values()) == sorted(["app.py", *(f"pages/{path.name}" for path in ROOT.glob("pages/*.py"))])


@pytest.mark.parametrize("title", FILES)
def test_every_page_opens_by_itself_with_what_a_link_asks_for(app, title):
    app.query_params["model"] = "lenet"
    app.run()
    if title != "The lab":
        app.switch_page(FILES[title]).run()
    assert not app.exception
    assert not app.warning
    assert any("LeNet of the paper's sizes" in caption.value for caption in app.caption)


def test_a_choice_made_on_one_page_holds_on_the_next(app):
    app.run()
    app.button(key="digit-7").click().run()
    app.switch_page(FILES["Rules"]).run()
    app.query_params.clear()  # as a browser does, when a page's name is clicked
    assert app.session_state.choice.digit == 7
    app.button(key="target-3").click().run()
    app.switch_page(FILES["The lab"]).run()
    assert not app.exception
    assert (app.session_state.choice.digit, app.session_state.choice.target) == (7, 3)


def test_a_link_to_somebody_elses_network_is_explained(app):
    app.query_params["model"] = "own"
    app.run()
    assert not app.exception
    assert "in the browser where it was trained" in app.warning[0].value
    assert app.selectbox(key="widget-model").value == "tutorial"
