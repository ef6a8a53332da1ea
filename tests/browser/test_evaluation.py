"""The page Evaluation in a real browser: a first look without a click, a long run that is stopped, a case opened."""

import re

import pytest

import jsma
from jsma import Attack, Digits, Report
from pages.ui.evaluation import evaluating

pytestmark = pytest.mark.slow

ATTACK = Attack(gamma=0.04)
LINK = "?gamma=0.04&model=lenet"


@pytest.fixture(scope="module")
def look() -> Report:
    digits = jsma.load_uci_digits()
    chosen = evaluating.evenly(digits, 10)
    ten = Digits("ten", digits.images[chosen], digits.labels[chosen])
    return list(jsma.evaluate_in_parts(jsma.load_model("lenet"), ten, ATTACK, digits_a_part=evaluating.PART))[-1]


@pytest.fixture
def page(lab):
    """The page, entered from the lab, when all of its first look is there."""
    lab.open(LINK)
    lab.page.get_by_role("link", name="Evaluation").click()
    lab.page.get_by_role("button", name="All attacks (CSV)").wait_for()
    return lab.page


def metric(page, label: str) -> str:
    return page.get_by_test_id("stMetric").filter(has_text=label).get_by_test_id("stMetricValue").inner_text()


def test_the_first_screen_has_numbers_pictures_a_report_to_download_and_cases_that_open(page, lab, look, tmp_path):
    assert metric(page, "Success rate") == f"{100 * look.success_rate:.1f}\N{NO-BREAK SPACE}%"
    assert metric(page, "Mean distortion, all") == f"{100 * look.mean_distortion:.2f}\N{NO-BREAK SPACE}%"
    assert metric(page, "Robustness") == f"{look.robustness:.3f}"
    charts = page.get_by_test_id("stVegaLiteChart").locator("canvas, svg")
    charts.nth(4).wait_for()
    for k in range(5):
        box = charts.nth(k).bounding_box()
        assert box["width"] > 200
        assert box["height"] > 200

    with page.expect_download() as download:
        page.get_by_role("button", name="Figures and attacks (JSON)").click()
    download.value.save_as(tmp_path / "report.json")
    assert Report.load(tmp_path / "report.json").summary() == look.summary()

    k = int(look.costliest_first[0])
    page.locator(".st-key-tile-hardest-0 button").click()
    lab.wait_for_title(str(int(look.sources[k])), str(int(look.targets[k])))
    assert "gamma=0.04" in page.url
    assert lab.iterations == look.result.iterations[k]


def test_a_long_run_can_be_stopped_and_shows_what_it_has(page):
    page.get_by_role("slider", name="Number of images").focus()
    page.keyboard.press("End")
    page.get_by_role("button", name="Attack 200 digits").click()
    page.get_by_test_id("stProgress").filter(has_text=re.compile(r"[1-9]\d* of 1,800 attacks done")).wait_for()
    page.get_by_role("button", name="Stop").click()
    standing = page.get_by_text(re.compile("Stopped after .* of 1,800 attacks")).inner_text()
    done = int(re.search(r"after ([\d,]+) of", standing)[1].replace(",", ""))
    assert 45 <= done < 1800
    assert done % 45 == 0
    page.get_by_text(f"of {done:,} attacks", exact=False).first.wait_for()
    page.get_by_role("button", name="All attacks (CSV)").wait_for()
    page.get_by_role("link", name="The lab").click()
    page.get_by_test_id("stage").wait_for()
    page.get_by_role("link", name="Evaluation").click()
    page.get_by_text(re.compile("Stopped after .* of 1,800 attacks")).wait_for()
    page.get_by_role("button", name="Go on").wait_for()
    assert "images=200" in page.url
