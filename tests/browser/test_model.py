"""The page Model in a real browser: a network is trained, stopped half-way, and attacked in the lab."""

import re

import pytest

from benchmarks.driving import Lab

pytestmark = pytest.mark.slow


def test_a_training_stopped_half_way_gives_a_network_to_attack_also_in_a_second_tab(lab):
    lab.open("?digit=7&target=3")
    page = lab.page
    page.get_by_role("link", name="Model").click()
    page.get_by_text("710,218 parameters").wait_for()
    page.get_by_role("button", name="Train", exact=True).click()
    page.get_by_test_id("stProgress").filter(has_text=re.compile(r"batch [2-9]")).wait_for()
    page.get_by_role("button", name="Stop and keep it").click()
    page.get_by_text("Stopped after batch").wait_for()
    lab.wait_for_address("model=own")
    page.get_by_role("link", name="Attack it in the lab").click()
    lab.wait_for_title("7", "3")
    page.get_by_text("Your own (the tutorial's CNN)").last.wait_for()
    lab.press("end")
    assert lab.part("stage-verdict").is_visible()
    lab.wait_for_address(f"step={lab.iteration}")
    verdict = lab.part("stage-verdict").inner_text()
    tab = Lab(
        page.context.new_page(), lab.address
    )  # a new session, as after F5: it takes the weights from this browser
    tab.open(page.url.removeprefix(f"{lab.address}/"))
    tab.part("stage-verdict").wait_for()
    assert tab.part("stage-verdict").inner_text() == verdict
    assert tab.page.get_by_test_id("stAlert").count() == 0
    tab.page.close()
