"""The app on a small screen: the drawer, the button that opens it, and the transport under the picture."""

import pytest

from benchmarks.driving import Lab
from tests.helpers.browser import TWO_FRAMES, watched

pytestmark = pytest.mark.slow

PHONE, ON_ITS_SIDE, DESK_AT_200_PERCENT = (390, 844), (844, 390), (640, 360)
OPAQUE = "header => /^rgb\\(/.test(getComputedStyle(header).backgroundColor)"
SCROLL = "top => document.querySelector('[data-testid=stMain]').scrollTo(0, top)"


@pytest.fixture(scope="module")
def phone(profile, server):
    """The lab on a phone, once for the tests of this file."""
    lab = Lab(profile.new_page(), server)
    lab.page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    yield from watched(lab.open("?digit=7&target=3&step=3"))


def turn(lab: Lab, size: tuple[int, int]) -> None:
    lab.page.set_viewport_size({"width": size[0], "height": size[1]})
    lab.page.evaluate(SCROLL, 0)
    lab.page.evaluate(TWO_FRAMES)


def test_the_button_that_opens_the_drawer_does_not_float_over_text(phone):
    turn(phone, PHONE)
    phone.page.evaluate(SCROLL, 400)
    button = phone.page.get_by_test_id("stExpandSidebarButton").bounding_box()
    header = phone.page.locator(".stAppHeader")
    assert header.evaluate(OPAQUE)
    assert header.bounding_box()["height"] >= button["y"] + button["height"]


@pytest.mark.parametrize("size", [ON_ITS_SIDE, DESK_AT_200_PERCENT], ids=["on its side", "at 200 %"])
def test_the_transport_does_not_cover_the_picture(phone, size):
    turn(phone, size)
    picture, transport = phone.part("stage-image").bounding_box(), phone.page.locator(".transport").bounding_box()
    assert transport["y"] + transport["height"] <= size[1] + 1
    assert picture["y"] + picture["height"] <= transport["y"]
    assert picture["width"] >= 150


@pytest.mark.parametrize("size", [PHONE, ON_ITS_SIDE], ids=["upright", "on its side"])
def test_presented_on_a_phone_the_stage_fills_the_screen_and_is_scrolled(phone, size):
    turn(phone, size)
    page, stage = phone.page, phone.part("stage")
    page.keyboard.press("p")
    page.evaluate(TWO_FRAMES)
    box, picture = stage.bounding_box(), phone.part("stage-image").bounding_box()
    assert (box["x"], box["y"], box["width"], box["height"]) == (0, 0, *size)
    assert picture["width"] * picture["height"] > 0.18 * size[0] * size[1]
    transport = stage.locator(".transport").bounding_box()
    assert transport["y"] + transport["height"] <= size[1] + 1
    stage.evaluate("stage => stage.scrollTo(0, stage.scrollHeight)")
    readout = stage.locator(".readout").bounding_box()
    assert readout["y"] + readout["height"] <= transport["y"]
    beside = phone.part("stage-image").bounding_box()["y"] >= 0
    assert beside == (size == ON_ITS_SIDE)
    page.keyboard.press("p")


def test_the_drawer_closes_when_a_page_is_chosen(phone):
    turn(phone, PHONE)
    phone.page.get_by_test_id("stExpandSidebarButton").click()
    drawer = phone.page.get_by_test_id("stSidebar")
    drawer.and_(phone.page.locator("[data-collapsed=false]")).wait_for()
    drawer.get_by_role("link", name="Model").click()
    drawer.and_(phone.page.locator("[data-collapsed=true]")).wait_for(state="attached")
    phone.page.get_by_role("heading", name="Model", exact=True).wait_for()
