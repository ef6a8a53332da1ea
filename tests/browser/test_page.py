"""A saved recording in a real browser with no network: opened from a file, and in the frame that a notebook shows.

What the stage does is tested in a file, in test_stage.py; here is what differs in a frame, and what the page adds.
"""

import pytest

import jsma
from jsma import Attack
from jsma.stage import record

THEMES = {"light": "rgb(255, 255, 255)", "dark": "rgb(15, 18, 23)"}


@pytest.fixture(scope="module")
def recording(uci):
    return record(jsma.load_model(), uci.images[int(uci.of_class(7)[0])], 7, 3, Attack())


class Saved:
    """A stage in a page that was opened from a file."""

    def __init__(self, page, within):
        self.page = page
        self.within = within  # the page, or the frame in it
        self.complaints: list[str] = []
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: request.url.startswith("file:") or self.complaints.append(request.url))

    def part(self, name: str):
        return self.within.get_by_test_id(name)

    def press(self, name: str) -> None:
        self.part(f"stage-{name}").click()

    @property
    def iteration(self) -> int:
        return int(self.part("stage").get_attribute("data-iteration"))

    def wait_for(self, iteration: int) -> None:
        self.within.locator(f"[data-testid=stage][data-iteration='{iteration}']").wait_for()

    def ink(self, name: str) -> str:
        return self.part(name).evaluate("canvas => canvas.toDataURL()")

    def text(self, name: str) -> str:
        return " ".join(self.part(name).inner_text().split())


WAYS = [("light", False), ("dark", True)]
IN_A_NOTEBOOK = pytest.mark.parametrize("opened", WAYS[1:], ids=str, indirect=True)


@pytest.fixture(scope="module", params=WAYS, ids=str)
def opened(request, chromium, recording, tmp_path_factory):
    """The page from a file in the light theme, and in a notebook's frame in the dark one; it fetches nothing."""
    theme, framed = request.param
    file = tmp_path_factory.mktemp("saved") / "attack.html"
    frame = f"<!DOCTYPE html><title>Notebook</title><style>* {{ color: red }}</style>{recording._repr_html_()}"
    file.write_text(frame if framed else recording.to_html(), encoding="utf-8")
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, color_scheme=theme, offline=True)
    context.set_default_timeout(120_000)
    page = context.new_page()
    saved = Saved(page, page.frame_locator("iframe") if framed else page)
    page.goto(file.as_uri())
    saved.part("stage-step").wait_for()
    yield saved, theme
    assert saved.complaints == []
    context.close()


@pytest.fixture
def saved(opened):
    """The page at its start, whatever the test before did in it."""
    saved, _ = opened
    saved.page.keyboard.press("Escape")
    saved.press("watch")
    saved.part("stage-slider").fill("0")
    return saved


def test_buttons_slider_and_keys_step(saved, recording):
    before = saved.ink("stage-image")
    saved.press("step")
    assert saved.iteration == 1
    assert saved.ink("stage-image") != before
    saved.part("stage-slider").fill("3")
    assert saved.iteration == 3
    saved.part("stage-step").focus()
    for key, iteration in (("ArrowRight", 4), ("ArrowLeft", 3), ("End", recording.iterations), ("Home", 0)):
        saved.page.keyboard.press(key)
        assert saved.iteration == iteration
    saved.press("end")
    assert "it reads a 3" in saved.text("stage-verdict")


@IN_A_NOTEBOOK
def test_it_plays_to_the_end(saved, recording):
    saved.part("stage-pace").select_option("3")
    saved.press("play")
    saved.wait_for(recording.iterations)
    assert saved.part("stage-play").get_attribute("aria-label") == "Play"


@IN_A_NOTEBOOK
def test_a_prediction_is_ranked_and_the_best_pair_shown(saved, recording):
    saved.press("predict")
    assert saved.part("stage-score").count() == 0
    pair = recording.steps[0].pair
    box = saved.part("stage-image").bounding_box()
    for pixel in pair.pixels:
        row, column = divmod(pixel, 28)
        place = {"x": box["width"] * (column + 0.5) / 28, "y": box["height"] * (row + 0.5) / 28}
        saved.part("stage-image").click(position=place)
    assert saved.text("stage-rank").startswith("Rank 1 of ")
    saved.press("reveal")
    assert "1 predicted, 1 exact" in saved.text("stage-tally")


@IN_A_NOTEBOOK
def test_a_pixel_is_read_out_where_it_is_pointed_at(saved):
    for row, name in ((9, "stage-jacobian-3"), (8, "stage-map")):
        box = saved.part(name).bounding_box()
        saved.part(name).hover(position={"x": box["width"] * 5.5 / 28, "y": box["height"] * (row + 0.5) / 28})
        assert f"row {row}, column 5" in saved.text("stage-readout")


@IN_A_NOTEBOOK
def test_terms_explain_themselves(saved):
    saved.part("stage-card").get_by_role("button", name="score").click()
    note = saved.within.get_by_role("note")
    assert "score" in note.inner_text()
    saved.page.keyboard.press("Escape")
    assert not note.is_visible()


def test_it_takes_the_browsers_theme_at_once_and_when_it_changes(opened, saved):
    _, theme = opened
    other = {"light": "dark", "dark": "light"}[theme]

    def ground() -> str:
        return saved.part("stage").evaluate("stage => getComputedStyle(stage).backgroundColor")

    assert (saved.part("stage").get_attribute("data-theme"), ground()) == (theme, THEMES[theme])
    before = saved.ink("stage-plane")
    saved.page.emulate_media(color_scheme=other)
    saved.within.locator(f"[data-testid=stage][data-theme={other}]").wait_for()
    assert ground() == THEMES[other]
    assert saved.ink("stage-plane") != before
    saved.page.emulate_media(color_scheme=theme)
    saved.within.locator(f"[data-testid=stage][data-theme={theme}]").wait_for()
    assert saved.ink("stage-plane") == before


@IN_A_NOTEBOOK
def test_the_style_of_what_is_around_it_stays_outside(saved):
    assert saved.part("stage").evaluate("stage => getComputedStyle(stage).color") != "rgb(255, 0, 0)"


def test_it_fits_a_phone(opened, saved):
    saved.page.set_viewport_size({"width": 390, "height": 844})
    saved.within.locator("[data-testid=stage][data-layout=phone]").wait_for()
    wider = saved.part("stage").evaluate("stage => stage.ownerDocument.documentElement.scrollWidth - innerWidth")
    assert wider <= 0
    saved.press("step")
    assert saved.iteration == 1
    saved.page.set_viewport_size({"width": 800, "height": 900})  # wider than what the phone layout uses
    saved.within.locator("[data-testid=stage][data-layout=phone]").wait_for()
    saved.page.set_viewport_size({"width": 1440, "height": 900})
    saved.within.locator("[data-testid=stage]:not([data-layout=phone])").wait_for()
