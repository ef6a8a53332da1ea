"""The grid of attacks in a real browser: it fills by itself, and every tile leads to its attack."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

import jsma
from benchmarks.driving import Lab
from jsma import Attack
from jsma.export import picture
from tests.helpers.browser import filled, tile
from tests.helpers.waiting import until

pytestmark = pytest.mark.slow


@pytest.fixture
def grid(profile, server):
    """A page of its own, closed again; fails the test if it complained or asked another machine."""
    lab = Lab(profile.new_page(), server)
    yield lab
    lab.page.close()
    # Streamlit looks for its server below the page's name first, which is not found.
    assert not [words for words in lab.complaints if "404" not in words]
    assert not lab.foreign


def decoded(address: str) -> np.ndarray:
    """Return the picture in a data URL, (H, W, 3)."""
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(address.split(",")[1]))).convert("RGB"))


def last_step(source: int, target: int):
    digits = jsma.load_uci_digits()
    image = digits.images[int(digits.of_class(source)[0])]
    return image, list(Attack().steps(jsma.load_model(), image, target))[-1]


def test_the_first_screen_fills_by_itself_says_how_each_attack_ended_and_opens_it_in_the_lab(grid):
    grid.page.goto(f"{grid.address}/Grid")
    opened = filled(grid)
    assert opened.page.locator("[class*='st-key-tile-attack-'] button").count() == 100
    for source, target in ((0, 2), (7, 3), (9, 1)):
        image, end = last_step(source, target)
        name = tile(opened, source, target).inner_text()
        assert f"{end.changed} px, {end.iteration} it." in name
        assert opened.page.get_by_role("button", name=f"{source} to {target}:").count() == 1
        style = tile(opened, source, target).evaluate("button => getComputedStyle(button).backgroundImage")
        np.testing.assert_array_equal(
            decoded(style.removeprefix('url("').removesuffix('")')), picture(end.image, image)
        )
    picture_and_words, words = tile(opened, 7, 3).bounding_box(), tile(opened, 7, 3).locator("p").bounding_box()
    assert words["y"] >= picture_and_words["y"] + picture_and_words["width"]  # below the picture, not on it
    tile(opened, 7, 3).click()
    opened.part("stage").and_(opened.page.locator("[data-iteration]")).wait_for()
    opened.wait_for_title("7", "3")
    image, end = last_step(7, 3)
    assert (opened.iteration, opened.iterations) == (0, end.iteration)
    opened.wait_for_address("digit=7")
    opened.press("end")
    opened.page.mouse.move(0, 0)
    shown = decoded(opened.ink("stage-image"))
    cell = shown.shape[0] / 28
    middles = ((np.arange(28) + 0.5) * cell).astype(int)
    difference = shown[middles][:, middles].astype(int) - picture(end.image, image)
    assert np.abs(difference).max() <= 1  # the stage rounds once more
    opened.wait_for_address(f"step={end.iteration}")
    opened.page.go_back()  # once: neither the step nor the address of the cell is an entry of its own
    opened.page.get_by_role("heading", name="Grid", exact=True).wait_for()


def test_a_stopped_grid_keeps_its_rows_and_can_be_filled_later(grid):
    grid.page.goto(f"{grid.address}/Grid?theta=0.05&gamma=0.08")  # takes long: hardly an attack gets there
    first = tile(grid, 0, 1).element_handle()
    rest = grid.page.get_by_role("button", name="Fill the rest")

    def stopped() -> bool:
        grid.page.get_by_role("button", name="Stop").evaluate_all("buttons => buttons.forEach((each) => each.click())")
        return rest.is_visible()

    until(stopped, pause=0.25)
    said = grid.page.get_by_text("of 10 rows").inner_text()
    rows = int(said.split()[0])
    assert rows < 10
    tiles = grid.page.locator("[class*='st-key-tile-attack-'] button")
    assert tiles.count() == 10 * rows
    filled(grid)
    assert tiles.count() == 100
    assert first.evaluate("button => button.isConnected")  # a page drawn again keeps what a finger may be on


def test_on_a_phone_the_grid_scrolls_in_its_own_box_and_keeps_its_labels(grid):
    grid.page.set_viewport_size({"width": 390, "height": 844})
    grid.page.goto(f"{grid.address}/Grid?gamma=0.01")
    lab = filled(grid)
    last = tile(lab, 9, 9)
    last.scroll_into_view_if_needed()
    source = lab.page.locator(".st-key-attacks-row-9 .pill")
    target = lab.page.locator(".targets .pill").nth(9)
    for label in (source, target, last):
        box = label.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
        assert 0 <= box["y"] <= 844
    assert lab.page.evaluate("document.documentElement.scrollWidth") <= 390
    assert last.bounding_box()["width"] >= 44  # a finger's
