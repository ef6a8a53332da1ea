"""Words on the canvases, as they are drawn: none lies on another, on a mark, on a line, or beyond its canvas's edge.

What is drawn is watched at the canvas itself, below the scripts that place the words.
"""

from pathlib import Path

import pytest

import jsma
from jsma import Attack, Direction, Output, Rule
from jsma.stage import record

pytestmark = pytest.mark.slow

BUDGET = 0.0103
"""γ: at most 4 iterations, which are enough to look at."""

ATTACKS = [  # digit, target, network, and how
    (7, 3, "tutorial", Attack(gamma=BUDGET)),
    (0, 2, "tutorial", Attack(gamma=BUDGET)),
    (4, 9, "lenet", Attack(gamma=BUDGET)),
    (1, 8, "lenet", Attack(gamma=BUDGET, theta=0.4)),
    (8, 0, "tutorial", Attack(gamma=BUDGET, direction=Direction.DECREASE)),
    (9, 4, "tutorial", Attack(gamma=BUDGET, direction=Direction.BOTH)),
    (3, 5, "tutorial", Attack(gamma=BUDGET, output=Output.PROBABILITIES)),
    (5, 6, "lenet", Attack(gamma=BUDGET, output=Output.PROBABILITIES, direction=Direction.DECREASE)),
    (2, 7, "tutorial", Attack(gamma=BUDGET, rule=Rule.WJSMA)),
    (6, 1, "tutorial", Attack(gamma=BUDGET, rule=Rule.TJSMA, output=Output.PROBABILITIES)),
]

SIZES = [(1164, 900), (1004, 720), (1280, 720), (1920, 1080), (390, 844)]
"""Windows with the room that the stage has beside the app's sidebar in one of 1440 × 900 and one of 1280 × 720; in the
latter without the sidebar; on a large screen, which enlarges it; on a phone."""

AT_A_TIME = 2
"""At so many of the sizes each attack is looked at, in turns: at every size there are four attacks."""

SCRIPT = Path(__file__).with_name("words_drawn.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def pages(uci, tmp_path_factory):
    """The saved pages of all attacks."""
    folder = tmp_path_factory.mktemp("attacks")
    files = []
    for at, (digit, target, network, attack) in enumerate(ATTACKS):
        image = uci.images[int(uci.of_class(digit)[0])]
        recording = record(jsma.load_model(network), image, digit, target, attack)
        files.append(folder / f"{at}.html")
        files[-1].write_text(recording.to_html(), encoding="utf-8")
    return files


def test_no_word_lies_on_another_or_on_a_mark_in_any_mode_at_any_size(chromium, pages):
    page = chromium.new_page(reduced_motion="reduce")
    page.add_init_script(SCRIPT)
    seen = {}
    for first, (attack, file) in enumerate(zip(ATTACKS, pages, strict=True)):
        page.goto(file.as_uri())
        for width, height in (SIZES * 2)[first % len(SIZES) :][:AT_A_TIME]:
            page.set_viewport_size({"width": width, "height": height})
            found = page.evaluate("seed => wordsDrawn.lookAround(seed)", len(seen))
            seen[attack, width, height] = found
    page.close()
    faults = [(*key, fault) for key, found in seen.items() for fault in found["faults"]]
    assert not faults, f"{len(faults)}: {faults[:5]}"
    modes = {mode for found in seen.values() for mode in found["modes"]}
    assert modes == {"watch", "kinds", "partner", "predict", "revealed", "end"}
