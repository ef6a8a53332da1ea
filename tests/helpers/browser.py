"""What tests in a browser share: pages that are watched, pages that many tests look at, and the whole grid."""

from collections.abc import Iterator
from urllib.request import urlopen

from benchmarks.driving import BEEN_HERE, ICON, Lab
from tests.helpers.waiting import until

TWO_FRAMES = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
"""A script that waits until what has changed is drawn."""

STILL = "() => !document.getAnimations().some((each) => each instanceof CSSTransition && each.playState === 'running')"
"""A script that says whether nothing glides to another place or colour any more."""

GO_TO = "link => { history.replaceState(history.state, '', link); dispatchEvent(new PopStateEvent('popstate')); }"

COMPLETE = "() => Number(new URLSearchParams(location.search).get('theta')) > 0"
"""A script that says whether the app has completed a link that says nothing, or nonsense, of θ."""

FORGET = f"() => {{ localStorage.clear(); {BEEN_HERE}; indexedDB.deleteDatabase('jsma'); }}"


def watched(lab: Lab) -> Iterator[Lab]:
    """Yield a page of the app, close it in the end, and see that it had no complaint and asked for nothing else."""
    yield lab
    lab.page.evaluate(FORGET)  # all tests share a profile, which remembers an opened sidebar and a network of one's own
    lab.page.close()
    see_that_all_was_well(lab)


def see_that_all_was_well(lab: Lab) -> None:
    """Assert that a page had no complaint, asked no other machine and fetched no file but the icon."""
    assert not lab.complaints
    assert not lab.foreign
    assert all(urlopen(file).read() == ICON for file in set(lab.files))


def as_opened(lab: Lab, step: int) -> Lab:
    """Return the lab at `step` as it is when it opens there, whatever the test before did in it."""
    lab.page.bring_to_front()  # a page behind another draws once a second
    lab.page.keyboard.press("Escape")
    lab.page.mouse.move(0, 0)
    lab.part("stage-watch").click()
    lab.part("stage-pace").select_option("1")
    lab.part("stage-slider").fill(str(step))
    return lab


def go_to(lab: Lab, link: str) -> Lab:
    """Go to another address of the app in the page that has loaded it, as Back does, and wait until the app is there.

    link: without a valid θ. What comes after the app has completed the address may still be drawn.
    """
    lab.page.evaluate(GO_TO, f"/{link}")
    lab.page.wait_for_function(COMPLETE)
    return lab


def follow(lab: Lab, link: str) -> Lab:
    """Go to another address in a loaded page, and wait until all of it is drawn."""
    go_to(lab, link).wait_until_idle()
    return lab


def filled(lab: Lab) -> Lab:
    """Wait until the page Grid is whole; on a slow machine it asks before it goes on."""
    rest = lab.page.get_by_role("button", name="Fill the rest")

    def whole() -> bool:
        rest.evaluate_all("buttons => buttons.forEach((each) => each.click())")  # if it is there now
        return lab.page.get_by_text("Why the 90 attacks ended").is_visible()

    until(whole, pause=0.25)
    lab.wait_until_idle()  # a click on the button just before the end draws all rows once more
    tile(lab, 9, 9).wait_for()
    return lab


def tile(lab: Lab, source: int, target: int):
    """Return the button of a cell of the grid."""
    return lab.page.locator(f".st-key-tile-attack-{source}-{target} button")
