"""What the stage explains, in a real browser, against numbers worked out here from the same trace in plain numpy.

Most of it in a saved page, which has nothing but the stage; at the end what the lab adds to it.
"""

import re
from functools import cache

import numpy as np
import pytest

import jsma
from benchmarks.driving import Lab, as_number
from jsma import Attack, Direction, Output, Step
from jsma.stage import record

CASES = [  # two digits, both outputs and both directions, each with each
    (7, 3, Output.LOGITS, Direction.INCREASE),
    (7, 3, Output.PROBABILITIES, Direction.DECREASE),
    (4, 9, Output.LOGITS, Direction.DECREASE),
    (4, 9, Output.PROBABILITIES, Direction.INCREASE),
]


class Trace:
    """An attack on the first sample of a digit, and what follows from it for the step the tests look at."""

    def __init__(self, digit: int, target: int, output: Output, direction: Direction, step: int):
        digits = jsma.load_uci_digits()
        image = digits.images[int(digits.of_class(digit)[0])]
        attack, model = Attack(output=output, direction=direction), jsma.load_model("tutorial")
        self.steps = list(attack.steps(model, image, target))
        self.recording = record(model, image, digit, target, attack)
        self.sign, self.target = direction.sign, target
        self.step = self.steps[step]
        self.a = self.step.target_gradient.double().numpy()
        self.b = self.step.others_gradient.double().numpy()
        self.domain = self.step.domain.numpy()

    def table(self, step: Step | None = None) -> np.ndarray:
        """The score of every pair of different pixels, 0 where it is not admissible; of another step if given."""
        a, b, domain = self.a, self.b, self.domain
        if step:
            a, b = step.target_gradient.double().numpy(), step.others_gradient.double().numpy()
            domain = step.domain.numpy()
        alpha, beta = a[:, None] + a, b[:, None] + b
        admissible = (self.sign * alpha > 0) & (self.sign * beta < 0) & domain[:, None] & domain
        np.fill_diagonal(admissible, val=False)
        return np.where(admissible, -alpha * beta, 0)


traced = cache(Trace)


MARKED = [*CASES[:2], *(pytest.param(case, marks=pytest.mark.slow) for case in CASES[2:])]


@pytest.fixture(params=MARKED, ids=lambda case: f"{case[0]}-to-{case[1]}-{case[2].value}-{case[3].value}")
def case(request, saved) -> tuple[Lab, Trace]:
    """The stage on a case at step 2, and what Python knows of it."""
    trace = traced(*request.param, step=2)
    return saved(trace.recording, step=2), trace


@pytest.fixture
def brighten() -> Trace:
    return traced(7, 3, Output.LOGITS, Direction.INCREASE, step=2)


@pytest.fixture
def brightening(saved, brighten) -> tuple[Lab, Trace]:
    """As `case`, for tests to which one case is enough."""
    return saved(brighten.recording, step=2), brighten


def click_pixel(lab: Lab, pixel: int, name: str = "stage-image", **options) -> None:
    box = lab.part(name).bounding_box()
    row, column = divmod(pixel, 28)
    lab.part(name).click(
        position={"x": box["width"] * (column + 0.5) / 28, "y": box["height"] * (row + 0.5) / 28}, **options
    )


def point_at(lab: Lab, pixel: int, name: str = "stage-image") -> None:
    box = lab.part(name).bounding_box()
    row, column = divmod(pixel, 28)
    lab.part(name).hover(position={"x": box["width"] * (column + 0.5) / 28, "y": box["height"] * (row + 0.5) / 28})


def text(lab: Lab, name: str) -> str:
    return " ".join(lab.part(name).inner_text().split())


def close_to(value: float):
    return pytest.approx(value, abs=0.0006, rel=0.05)  # three decimals, or two digits of a power of ten


COLOURS_OF_PIXELS = """canvas => {
  const cell = canvas.width / 28;
  const pen = canvas.getContext("2d");
  const { data } = pen.getImageData(0, 0, canvas.width, canvas.width);
  const middle = (at) => Math.floor((at + 0.5) * cell);
  const at = (i) => 4 * (middle(Math.floor(i / 28)) * canvas.width + middle(i % 28));
  return Array.from({ length: 784 }, (_, i) => [...data.slice(at(i), at(i) + 3)]);
}"""


# All steps


def test_every_step_shows_the_numbers_python_computed(case):
    lab, trace = case
    lab.press("start")
    assert lab.iterations == len(trace.steps) - 1
    for k, step in enumerate(trace.steps):
        assert lab.iteration == k
        assert f"{step.changed} of 112" in lab.part("stage").locator(".used").inner_text()
        if step.pair:
            shown = lab.part("stage-card").locator(".score b").inner_text()
            assert as_number(shown) == pytest.approx(step.pair.score, abs=0.0005, rel=0.05)
            admissible = int((np.triu(trace.table(step)) > 0).sum())
            assert f"{admissible:,} pass" in lab.part("stage-card").inner_text()
            lab.press("step")
    assert lab.part("stage-verdict").is_visible()


# 1 and 11: one pixel everywhere, by pointer and by keyboard


def test_a_pixel_is_read_out_wherever_it_is_pointed_at(case):
    lab, trace = case
    pixel = int(np.flatnonzero(trace.domain)[60])
    row, column = divmod(pixel, 28)
    value = trace.step.image.flatten()[pixel].item()
    room = 1 - value if trace.sign > 0 else value
    for name in ("stage-image", "stage-jacobian-0", f"stage-jacobian-{trace.target}", "stage-map"):
        lab.page.mouse.move(0, 0)
        point_at(lab, pixel, name)
        words = text(lab, "stage-readout")
        assert f"row {row}, column {column}" in words
        assert f"value {value:.2f}" in words
        assert f"room {room:.2f}" in words
        assert as_number(re.search(r" a (\S+)", words)[1]) == close_to(trace.a[pixel])
        assert as_number(re.search(r"−b (\S+)", words)[1]) == close_to(-trace.b[pixel])
        assert "can still change" in words


def test_the_read_out_follows_the_step(brightening):
    lab, brighten = brightening
    pixel = brighten.step.pair.first
    row, column = divmod(pixel, 28)
    point_at(lab, pixel)
    assert "can still change" in text(lab, "stage-readout")
    lab.page.keyboard.press("ArrowRight")
    words = text(lab, "stage-readout")
    assert f"row {row}, column {column}" in words
    assert "value 1.00" in words
    assert "already white: cannot change" in words


def test_the_marker_moves_by_keyboard_and_enter_picks(brightening):
    lab, _ = brightening
    lab.part("stage-image").focus()
    lab.page.keyboard.press("ArrowDown")  # begins in the middle
    lab.page.keyboard.press("ArrowDown")
    lab.page.keyboard.press("ArrowLeft")
    assert "row 15, column 13" in text(lab, "stage-readout")
    assert lab.iteration == 2
    lab.page.keyboard.press("Enter")
    lab.part("stage-partner-words").wait_for()
    lab.page.keyboard.press("Escape")
    assert lab.part("stage-partner-words").count() == 0


@pytest.mark.slow
def test_a_finger_reads_with_the_first_tap_and_picks_with_the_second(chromium, brighten, tmp_path):
    (tmp_path / "attack.html").write_text(brighten.recording.to_html(), encoding="utf-8")
    context = chromium.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    lab = Lab(context.new_page(), tmp_path.as_uri()).open("attack.html")
    lab.part("stage-image").tap(trial=True)  # waits until it moves no more
    box = lab.part("stage-image").bounding_box()
    place = {"x": box["width"] * 12.5 / 28, "y": box["height"] * 10.5 / 28}
    lab.part("stage-image").tap(position=place)
    assert "row 10, column 12" in text(lab, "stage-readout")
    assert lab.part("stage-partner-close").count() == 0
    lab.part("stage-image").tap(position=place)
    assert lab.part("stage-partner-close").count() == 1
    context.close()


# 2: why this pair


def test_the_card_holds_the_formula_the_best_pairs_and_the_counts(case):
    lab, trace = case
    table = np.triu(trace.table())
    best = np.argsort(-table, axis=None, kind="stable")[:5]
    pair = trace.step.pair
    assert (pair.first, pair.second) in [divmod(int(at), 784) for at in best[:2]]
    cells = lab.part("stage-card").locator(".formula td:not(.sign):not(.test)").all_inner_texts()
    shown = [as_number(cell) for cell in cells if cell]
    p, q = pair.first, pair.second
    expected = [trace.a[p], trace.a[q], trace.a[p] + trace.a[q], trace.b[p], trace.b[q], trace.b[p] + trace.b[q]]
    assert shown == [close_to(value) for value in expected]
    assert as_number(text(lab, "stage-score")) == close_to(table.flat[best[0]])
    runners = lab.part("stage-runners").locator("tr").all_inner_texts()
    assert [as_number(line.split()[-1]) for line in runners] == [close_to(table.flat[at]) for at in best[1:]]

    alpha, beta = trace.a[:, None] + trace.a, trace.b[:, None] + trace.b
    pairs = np.triu(trace.domain[:, None] & trace.domain, 1)
    passes = pairs & (trace.sign * alpha > 0) & (trace.sign * beta < 0)
    alpha_fails = pairs & ~(trace.sign * alpha > 0)
    numbers = [
        int(number.replace(",", "")) for number in re.findall(r"([\d,]+) (?:pass|α|only)", text(lab, "stage-counts"))
    ]
    assert numbers == [passes.sum(), alpha_fails.sum(), pairs.sum() - passes.sum() - alpha_fails.sum()]
    assert text(lab, "stage-out").startswith(f"{(~trace.domain).sum()} pixel")
    bar = lab.part("stage-card").locator(".meter.wide")
    shares = bar.locator("i").evaluate_all("parts => parts.map((part) => part.getBoundingClientRect().width)")
    assert np.array(shares) / bar.bounding_box()["width"] == pytest.approx(
        np.array(numbers[:2]) / pairs.sum(), abs=0.01
    )


def test_the_skyband_named_in_the_plane_is_the_one_by_definition(case):
    lab, trace = case
    pull, push = trace.sign * trace.a, -trace.sign * trace.b
    inside = np.flatnonzero(trace.domain)
    better = (pull[inside] >= pull[inside][:, None]) & (push[inside] >= push[inside][:, None])
    np.fill_diagonal(better, val=False)
    equal = (pull[inside] == pull[inside][:, None]) & (push[inside] == push[inside][:, None])
    earlier = np.tri(len(inside), k=-1, dtype=bool)
    dominated_by = (better & (~equal | earlier)).sum(1)
    recorded = lab.part("stage-plane").get_attribute("aria-label")
    assert f" {(dominated_by < 2).sum()} pixels are in the skyband" in recorded


def test_a_number_of_the_formula_lights_its_pixel_and_is_lit_by_it(brightening):
    lab, brighten = brightening
    second = brighten.step.pair.second
    lab.part("stage-card").locator(".formula td.q").first.hover()
    assert f"row {second // 28}, column {second % 28}" in text(lab, "stage-readout")
    lit = lab.part("stage-card").locator(".formula .lit")
    assert lit.count() == 3  # the heading, a and b of q
    before = lab.ink("stage-image")
    lab.page.mouse.move(0, 0)
    assert lit.count() == 0
    assert lab.ink("stage-image") != before


# 3: the best partner


def test_a_clicked_pixel_shows_its_best_partner(case):
    lab, trace = case
    table = trace.table()
    row_best = table.max(1)
    pixel = int(np.argsort(-row_best)[40])
    partner = int(table[pixel].argmax())
    click_pixel(lab, pixel)
    words = text(lab, "stage-partner-words")
    assert f"({partner // 28}, {partner % 28})" in words
    assert as_number(words.split()[-1]) == close_to(row_best[pixel])
    assert f"{(table[pixel] > 0).sum()} partner" in text(lab, "stage-card")
    step = trace.step
    moves = [
        min(1.0, 1 - step.image.flatten()[i].item()) if trace.sign > 0 else -step.image.flatten()[i].item()
        for i in (pixel, partner)
    ]
    forecast = sum(
        move * step.jacobian[trace.target].flatten()[i].item() for move, i in zip(moves, (pixel, partner), strict=True)
    )
    assert as_number(text(lab, "stage-forecast")) == close_to(forecast)
    lab.part("stage-partner-close").click()
    assert lab.part("stage-partner").count() == 0


def test_a_pixel_out_of_the_domain_has_no_partner(brightening):
    lab, brighten = brightening
    pixel = int(np.flatnonzero(~brighten.domain)[0])
    click_pixel(lab, pixel)
    assert "it can be in no pair" in text(lab, "stage-card")


# The saliency map


def maps_of(trace: Trace) -> dict[str, np.ndarray]:
    """The maps of pixels alone and of pixels with their best partner, by the library."""
    step, way = trace.step, Direction.INCREASE if trace.sign > 0 else Direction.DECREASE
    gradients = step.target_gradient[None], step.others_gradient[None], step.domain[None], way
    return {name: jsma.saliency_map(*gradients, name == "paired")[0].numpy() for name in ("alone", "paired")}


def show_map(lab: Lab, name: str) -> None:
    lab.part("stage").locator(f"[data-setting=saliency] [data-value={name}]").click()


def test_the_saliency_map_shows_and_reads_out_what_the_library_computes(brightening):
    lab, brighten = brightening
    pair = brighten.step.pair
    for name, values in maps_of(brighten).items():
        show_map(lab, name)
        words = lab.part("stage").locator(".map-words").inner_text()
        assert as_number(re.search(r"p has (\S+),", words)[1]) == close_to(values[pair.first])
        assert as_number(re.search(r"q has (\S+)\. ", words)[1]) == close_to(values[pair.second])
        assert f"empty: {(values == 0).sum()} of 784." in words
        assert as_number(lab.part("stage").locator(".map-limit").inner_text()) == close_to(values.max())
        for pixel in (int(values.argsort()[-40]), int(np.flatnonzero(values == 0)[-1])):
            point_at(lab, pixel, "stage-map")
            shown = re.search(r" (?:S|best score) (\S+) (?:can|already)", text(lab, "stage-readout"))[1]
            assert as_number(shown) == close_to(values[pixel])
            assert lab.part("stage-map").get_attribute("aria-label").endswith(f"At the pixel pointed at: {shown}.")
        lab.page.mouse.move(0, 0)
    show_map(lab, "alone")


def test_the_saliency_map_is_empty_where_no_pair_is_admissible_and_marks_p_and_q(brightening):
    lab, brighten = brightening
    show_map(lab, "paired")
    values, pair = maps_of(brighten)["paired"], brighten.step.pair
    seen = lab.part("stage-map").evaluate(COLOURS_OF_PIXELS)
    show_map(lab, "alone")
    marked = {pair.first + down * 28 + right for down in (-1, 0, 1) for right in range(-1, 4)}
    marked |= {pair.second + down * 28 + right for down in (-1, 0, 1) for right in (-1, 0, 1)}
    unmarked = [pixel for pixel in range(784) if pixel not in marked]
    empty = [pixel for pixel in unmarked if seen[pixel] == [255, 255, 255]]
    assert set(empty) >= {pixel for pixel in unmarked if values[pixel] == 0}
    assert len(empty) < 100
    darkness = [-sum(seen[pixel]) for pixel in unmarked]
    assert np.corrcoef(darkness, values[unmarked])[0, 1] > 0.98
    assert len({tuple(seen[pixel]) for pixel in (pair.first, pair.second)}) == 1  # both have the largest value


def test_a_pixel_pointed_at_anywhere_is_marked_in_the_saliency_map_and_one_clicked_there_is_picked(brightening):
    lab, brighten = brightening
    pixel = int(np.flatnonzero(brighten.domain)[60])
    unmarked = {name: lab.ink(name) for name in ("stage-map", "stage-image", "stage-jacobian-0", "stage-plane")}
    point_at(lab, pixel)
    marked = lab.ink("stage-map")
    lab.page.mouse.move(0, 0)
    assert lab.ink("stage-map") == unmarked["stage-map"] != marked
    point_at(lab, pixel, "stage-map")
    assert lab.ink("stage-map") == marked
    assert all(lab.ink(name) != ink for name, ink in unmarked.items())
    click_pixel(lab, pixel, "stage-map")
    lab.part("stage-partner-words").wait_for()
    lab.page.keyboard.press("Escape")


def test_the_saliency_map_gives_the_pair_away_to_nobody_who_is_to_predict_it(brightening):
    lab, brighten = brightening
    show_map(lab, "paired")
    lab.part("stage-predict").click()
    maps = maps_of(brighten)
    assert as_number(lab.part("stage").locator(".map-limit").inner_text()) == close_to(maps["alone"].max())
    assert lab.part("stage").locator("[data-setting=saliency] [aria-checked=true]").inner_text() == "Alone"
    click_pixel(lab, brighten.step.pair.first, "stage-map")
    assert "p has" in lab.part("stage").locator(".map-words").inner_text()
    lab.part("stage-reveal").click()
    assert as_number(lab.part("stage").locator(".map-limit").inner_text()) == close_to(maps["paired"].max())
    show_map(lab, "alone")


# 4: kinds


def test_kinds_are_counted_and_the_chosen_pair_explained(case):
    lab, trace = case
    lab.part("stage-kinds").click()
    pull, push = trace.sign * trace.a[trace.domain] > 0, -trace.sign * trace.b[trace.domain] > 0
    counts = [(pull & push).sum(), (pull & ~push).sum(), (~pull & push).sum(), (~pull & ~push).sum()]
    words = text(lab, "stage-kind-legend")
    assert [int(number) for number in re.findall(r": (\d+)", words)] == counts
    pair = trace.step.pair
    good = [trace.sign * trace.a[i] > 0 > trace.sign * trace.b[i] for i in (pair.first, pair.second)]
    assert ("each good alone" in words) == all(good)
    lab.part("stage-kinds").click()
    assert not lab.part("stage-kind-legend").is_visible()


# 5 and 6: perturb, and over time


def test_forecast_and_what_happened_are_those_of_the_trace(case):
    lab, trace = case
    now, after = trace.steps[2], trace.steps[3]
    pixels = [now.pair.first, now.pair.second]
    move = after.image.flatten()[pixels] - now.image.flatten()[pixels]
    forecast = (now.jacobian[trace.target].flatten()[pixels] * move).sum().item()
    output = "outputs" if trace.recording.attack.output is Output.LOGITS else "probabilities"
    happened = (getattr(after, output) - getattr(now, output))[trace.target].item()
    assert as_number(text(lab, "stage-forecast")) == close_to(forecast)
    assert as_number(text(lab, "stage-happened")) == close_to(happened)


def test_lines_show_probabilities_logits_and_promises(brightening):
    lab, brighten = brightening
    lines = lab.part("stage").locator(".lines")
    pictures = set()
    for name in ("Probability", "Logit", "Promise kept?"):
        lab.part("stage").get_by_role("radio", name=name).click()
        pictures.add(lines.evaluate("canvas => canvas.toDataURL()"))
    assert len(pictures) == 3
    promised = sum(
        (
            step.jacobian[3].flatten()[[step.pair.first, step.pair.second]]
            * (after.image - step.image).flatten()[[step.pair.first, step.pair.second]]
        )
        .sum()
        .item()
        for step, after in zip(brighten.steps[:2], brighten.steps[1:3], strict=True)
    )
    happened = (brighten.steps[2].outputs - brighten.steps[0].outputs)[3].item()
    label = lines.get_attribute("aria-label")
    assert as_number(re.search(r"promised: (\S+),", label)[1]) == close_to(promised)
    assert as_number(re.search(r"happened: (\S+)\.", label)[1]) == close_to(happened)
    lab.part("stage").get_by_role("radio", name="Logit").click()
    lab.part("stage").locator(".bars [data-digit='5']").hover()
    assert f"5: {brighten.step.outputs[5]:.2f}".replace("-", "−") in lines.get_attribute("aria-label")


def test_the_scale_of_the_maps_can_be_of_one_map_one_step_or_the_whole_trace(brightening):
    lab, brighten = brightening
    shown = {}
    for scope in ("map", "step", "trace"):
        lab.part("stage").locator(f".scope [data-value={scope}]").click()
        shown[scope] = lab.ink("stage-jacobian-1"), lab.part("stage").locator(".legend").inner_text()
    assert len({picture for picture, _ in shown.values()}) == 3
    limit = np.sort(brighten.step.jacobian.abs().flatten().numpy())[int(np.ceil(0.99 * 7840)) - 1]
    end = float(re.search(r"\+([\d.]+)", shown["step"][1])[1])
    assert limit <= end + 1e-6 <= limit + 0.051


# 7: predict first


def test_a_prediction_is_ranked_among_all_admissible_pairs(case):
    lab, trace = case
    lab.part("stage-predict").click()
    assert lab.part("stage-score").count() == 0
    table = np.triu(trace.table())
    p, q = divmod(int(np.argsort(-table, axis=None, kind="stable")[50]), 784)
    click_pixel(lab, p)
    click_pixel(lab, q)
    score = table[p, q]
    admissible = int((table > 0).sum())
    rank = 1 + int((table > score * (1 + 1e-7)).sum())
    assert text(lab, "stage-rank") == f"Rank {rank:,} of {admissible:,}"
    assert as_number(text(lab, "stage-score")) == close_to(score)
    assert f"{int(100 * score / table.max())} % of the best score" in text(lab, "stage-card")
    lab.part("stage-reveal").click()
    assert as_number(text(lab, "stage-score")) == close_to(table.max())
    assert f"rank {rank:,}" in text(lab, "stage-card")
    assert "1 predicted, 0 exact" in text(lab, "stage-tally")


def test_the_exact_pair_counts_as_exact_and_the_tally_runs_on(brightening):
    lab, brighten = brightening
    lab.part("stage-predict").click()
    for step in brighten.steps[2:4]:
        click_pixel(lab, step.pair.second)
        click_pixel(lab, step.pair.first)
        assert text(lab, "stage-rank").startswith("Rank 1 of")
        lab.part("stage-reveal").click()
        assert "You predicted this very pair" in text(lab, "stage-card")
        lab.press("step")
    assert "2 predicted, 2 exact, best rank 1, on average 100 %" in text(lab, "stage-tally")


def test_a_pick_that_is_not_admissible_is_told_which_test_failed(brightening):
    lab, brighten = brightening
    lab.part("stage-predict").click()
    a, b, domain = brighten.a, brighten.b, brighten.domain
    only_beta = np.argwhere((a[:, None] + a > 0) & (b[:, None] + b > 0) & domain[:, None] & domain)
    p, q = next((p, q) for p, q in only_beta if p < q)
    click_pixel(lab, int(p))
    click_pixel(lab, int(q))
    words = text(lab, "stage-rank")
    assert "Not admissible" in words
    assert "β is not below 0" in words
    assert "α is not" not in words


def test_a_pick_out_of_the_domain_is_told_so_and_gets_no_rank(brightening):
    lab, brighten = brightening
    lab.part("stage-predict").click()
    out = int(np.flatnonzero(~brighten.domain)[0])
    click_pixel(lab, brighten.step.pair.first)
    click_pixel(lab, out)
    words = text(lab, "stage-rank")
    assert "Not admissible" in words
    assert f"row {out // 28}, col {out % 28} is out of the domain: already white" in words


def test_picks_can_be_undone_cleared_and_replaced(brightening):
    lab, _ = brightening
    lab.part("stage-predict").click()
    for pixel in (100, 200):
        click_pixel(lab, pixel)
    heads = lab.part("stage-card").locator(".formula th[scope=col]")
    place = lambda i: f"({i // 28}, {i % 28})"  # noqa: E731
    assert place(100) in heads.nth(0).inner_text()
    click_pixel(lab, 300)  # replaces the older pick
    assert place(200) in heads.nth(0).inner_text()
    assert place(300) in heads.nth(1).inner_text()
    lab.part("stage-undo").click()
    assert place(200) in heads.nth(0).inner_text()
    assert "–" in heads.nth(1).inner_text()
    lab.part("stage-again").click()
    assert "–" in heads.nth(0).inner_text()


# 8: slow motion


NOTE_PARTS = """stage => {
  window.parts = [];
  const note = () => {
    const { iteration, part } = stage.dataset;
    if (iteration === "0" && part && part !== window.parts.at(-1)) window.parts.push(part);
  };
  new MutationObserver(note).observe(stage, { attributeFilter: ["data-part"] });
}"""


@pytest.mark.slow
def test_slow_motion_goes_through_the_three_parts_and_pauses_at_will(saved, brighten):
    lab = saved(brighten.recording)
    stage = lab.part("stage")
    lab.part("stage-pace").select_option("slow 1")
    stage.evaluate(NOTE_PARTS)
    lab.press("play")
    stage.and_(lab.page.locator(":not([data-iteration='0'])")).wait_for()
    assert lab.page.evaluate("window.parts") == ["1", "2", "3"]  # of iteration 0
    lab.press("play")
    standing = stage.get_attribute("data-part"), stage.get_attribute("data-beat")
    lab.page.wait_for_timeout(1400)  # a part takes no more
    assert (stage.get_attribute("data-part"), stage.get_attribute("data-beat")) == standing
    before = lab.iteration
    lab.press("step")
    assert lab.iteration == before + 1
    assert stage.get_attribute("data-part") == ""


def test_slow_motion_cuts_instead_of_gliding_where_motion_is_not_wanted(saved, brighten):
    lab = saved(brighten.recording, step=1)
    lab.page.emulate_media(reduced_motion="reduce")
    lab.part("stage-pace").select_option("slow 0.5")
    lab.press("play")
    lab.part("stage").and_(lab.page.locator("[data-part='1']")).wait_for()
    first = lab.ink("stage-jacobian-9")
    lab.page.wait_for_timeout(300)
    still = lab.ink("stage-jacobian-9") == first
    lab.press("play")
    lab.page.emulate_media(reduced_motion="no-preference")
    assert still


# 11: access


def test_every_control_is_reached_by_keyboard_and_every_canvas_has_words(brightening):
    lab, _ = brightening
    stage = lab.part("stage")
    unnamed = stage.evaluate(
        """stage => [...stage.querySelectorAll('canvas')]
             .filter((canvas) => !canvas.ariaLabel && canvas.getAttribute('aria-hidden') !== 'true')
             .map((canvas) => canvas.className)"""
    )
    assert unnamed == []
    buttons = stage.evaluate(
        """stage => [...stage.querySelectorAll('button:not(:disabled), summary, select, input:not(:disabled)')]
             .filter((part) => part.getClientRects().length && part.tabIndex < 0)
             .filter((part) => !part.matches('[role=radio][aria-checked=false]')).length"""
    )
    assert buttons == 0
    lab.part("stage-step").focus()
    outline = lab.part("stage-step").evaluate(
        "button => (button.blur(), button.focus({focusVisible: true}), getComputedStyle(button).outlineWidth)"
    )
    assert outline == "2px"


def test_a_step_is_announced_once_in_a_sentence(brightening):
    lab, _ = brightening
    lab.press("step")
    assert lab.part("stage").locator("[aria-live=polite]").inner_text().startswith("Iteration 3 of ")


def said(lab: Lab) -> str:
    return lab.part("stage").locator("[aria-live=polite]").inner_text()


def where(pixel: int) -> str:
    return f"row {pixel // 28}, column {pixel % 28}"


def test_enter_on_a_pixel_says_its_partner_with_score_and_rank(brightening):
    lab, brighten = brightening
    lab.part("stage-image").focus()
    lab.page.keyboard.press("ArrowDown")  # begins in the middle
    table = np.triu(brighten.table())
    middle = 14 * 28 + 14
    best = brighten.table()[middle]
    rank = 1 + int((table > best.max() * (1 + 1e-7)).sum())
    lab.page.keyboard.press("Enter")
    assert f"p at {where(middle)}" in said(lab)
    assert f"q at {where(int(best.argmax()))}" in said(lab)
    assert as_number(re.search(r"score ([^,]+),", said(lab))[1]) == close_to(best.max())
    assert f"rank {rank:,} of {(table > 0).sum():,} admissible pairs" in said(lab)


def test_the_reveal_says_the_best_pair_and_the_viewers_own(brightening):
    lab, brighten = brightening
    lab.part("stage-predict").click()
    p, q = divmod(int(np.argsort(-np.triu(brighten.table()), axis=None, kind="stable")[50]), 784)
    click_pixel(lab, p)
    assert said(lab) == f"Picked p at {where(p)}. Pick one more."
    click_pixel(lab, q)
    own = text(lab, "stage-rank").lower()
    lab.part("stage-reveal").click()
    best, mine = said(lab).split(" Your pair: ")
    pair = brighten.step.pair
    assert best.startswith(f"The best pair: p at {where(pair.first)}, q at {where(pair.second)}, score ")
    assert mine.startswith(f"p at {where(p)}, q at {where(q)}, score ")
    assert mine.endswith(f"{own} admissible pairs.")


@pytest.mark.slow
def test_playing_is_told_now_and_then_and_its_end_at_once(brightening):
    lab, _ = brightening
    first = lab.iterations - 12
    lab.part("stage-slider").fill(str(first))
    lab.part("stage").locator("[aria-live=polite]").evaluate(
        """region => {
             window.told = [];
             new MutationObserver(() => window.told.push(region.textContent)).observe(region, { childList: true });
           }"""
    )
    lab.part("stage-pace").select_option("3")
    lab.press("play")
    lab.part("stage").and_(lab.page.locator(f"[data-iteration='{lab.iterations}']")).wait_for()
    told = lab.page.evaluate("window.told")
    assert told[-1].startswith(f"Iteration {lab.iterations} of ")
    assert len(told) <= 6
    lab.part("stage-pace").select_option("1")


def test_radio_groups_are_one_stop_and_arrows_choose(brightening):
    lab, _ = brightening
    for group in lab.part("stage").get_by_role("radiogroup").all():
        radios = group.get_by_role("radio")
        first = radios.first.get_attribute("data-value")
        stops = "radios => radios.filter((radio) => radio.tabIndex === 0).length"
        assert radios.evaluate_all(stops) == 1
        group.locator("[aria-checked=true]").focus()
        for _ in range(radios.count()):
            lab.page.keyboard.press("ArrowRight")
            chosen = group.locator("[aria-checked=true]")
            assert chosen.evaluate("radio => radio.getRootNode().activeElement === radio")
            assert radios.evaluate_all(stops) == 1
        lab.page.keyboard.press("ArrowLeft")
        lab.page.keyboard.press("ArrowRight")
        assert lab.iteration == 2
        group.locator(f"[data-value={first}]").click()
    lab.part("stage").locator(".scope [data-value=step]").click()


def test_what_can_have_the_focus_does_something(brightening):
    lab, _ = brightening
    canvases = lab.part("stage").locator("canvas[tabindex='0']:visible")
    for canvas in canvases.all():
        canvas.focus()
        before = canvas.evaluate("canvas => canvas.toDataURL()")
        lab.page.keyboard.press("ArrowDown")
        assert canvas.evaluate("canvas => canvas.toDataURL()") != before


@pytest.mark.parametrize("button", ["start", "back", "step", "end", "play"])
def test_a_button_that_leads_nowhere_any_more_keeps_the_focus(brightening, button):
    lab, _ = brightening
    last = lab.iterations
    lab.part("stage-slider").fill(
        {"start": "1", "back": "1", "step": str(last - 1), "end": "1", "play": str(last - 1)}[button]
    )
    lab.part(f"stage-{button}").focus()
    lab.page.keyboard.press("Enter")
    lab.part("stage").locator(f"[data-testid=stage-{button}][aria-disabled=true]").wait_for()
    assert lab.iteration in (0, last)
    assert lab.part(f"stage-{button}").evaluate("button => button.getRootNode().activeElement === button")
    lab.page.keyboard.press("Enter")
    assert lab.iteration in (0, last)


def test_the_focus_stays_on_a_word_that_is_written_anew(brightening):
    lab, _ = brightening
    lab.part("stage-card").locator("[data-term=score]").focus()
    lab.page.keyboard.press("ArrowRight")
    assert lab.iteration == 3
    word = lab.part("stage-card").locator("[data-term=score]")
    assert word.evaluate("word => word.getRootNode().activeElement === word")


def test_terms_explain_themselves_in_one_click(brightening):
    lab, _ = brightening
    terms = lab.part("stage").locator("button.term:visible")
    note = lab.part("stage").locator(".term-note")
    seen = set()
    for at in range(terms.count()):
        terms.nth(at).click()
        assert note.is_visible()
        assert len(note.inner_text()) > 30
        assert terms.nth(at).get_attribute("aria-expanded") == "true"
        assert terms.nth(at).get_attribute("aria-describedby") == note.get_attribute("id")
        seen.add(terms.nth(at).get_attribute("data-term"))
        lab.page.keyboard.press("Escape")
        assert not note.is_visible()
        assert terms.nth(at).get_attribute("aria-expanded") == "false"
        assert terms.nth(at).get_attribute("aria-describedby") is None
    assert {"a", "b", "α", "β", "score", "admissible", "search domain", "logit", "γ", "room"} <= seen


# In the lab: predict, 9 and 10: take along, share


SEVEN = "?digit=7&target=3"


def test_the_words_below_the_stage_do_not_give_away_the_pair_that_is_to_be_predicted(shared, brighten):
    lab = shared(SEVEN, step=2)
    lab.part("stage-predict").click()
    lab.page.get_by_test_id("stMarkdown").filter(has_text="Your turn").wait_for()
    assert "Next: the pixels" not in lab.page.locator(".stMain").inner_text()
    click_pixel(lab, brighten.step.pair.first)
    click_pixel(lab, brighten.step.pair.second)
    lab.part("stage-reveal").click()
    lab.page.get_by_test_id("stMarkdown").filter(has_text="Next: the pixels").wait_for()


def press_enter(button):
    button.focus()
    button.page.keyboard.press("Enter")


def test_the_attack_can_be_downloaded_as_a_page_gif_png_and_csv(shared, brighten, tmp_path):
    from PIL import Image

    lab = shared(SEVEN, step=2)
    lab.wait_for_address("step=2")
    files, saved = {}, []
    lab.page.on("download", lambda download: saved.append(download.suggested_filename))
    ways = {"GIF": lambda button: button.click(), "PNG": lambda button: button.dblclick(), "CSV": press_enter}
    ways["HTML page"] = press_enter
    for name, ask in ways.items():
        with lab.page.expect_download() as download:
            ask(lab.page.get_by_role("button", name=f"({name})"))
        files[name] = tmp_path / download.value.suggested_filename
        download.value.save_as(files[name])
    lab.press("step")
    lab.wait_for_address(f"step={brighten.step.iteration + 1}")
    assert len(saved) == 4  # what was sent once is not saved again when the page is drawn anew
    assert Image.open(files["GIF"]).n_frames == len(brighten.steps)
    assert Image.open(files["PNG"]).width > 1000
    page = files["HTML page"].read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert "<title>JSMA: 7 attacked towards 3</title>" in page
    lines = files["CSV"].read_text(encoding="utf-8").splitlines()
    assert len(lines) == 1 + len(brighten.steps)
    head, third = lines[0].split(","), lines[3].split(",")
    assert float(third[head.index("score")]) == pytest.approx(brighten.step.pair.score)


def test_the_link_to_this_step_is_copied(shared):
    lab = shared(SEVEN, step=2)
    lab.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    lab.press("step")
    lab.part("stage-copy").click()
    lab.part("stage-copy").filter(has_text="Copied").wait_for()
    assert lab.page.evaluate("navigator.clipboard.readText()").count("step=3") == 1


def test_a_teachers_link_hides_controls_chooses_views_and_predicts(lab):
    lab.open("?digit=7&target=3&hide=theta,gamma,model&views=map,saliency&predict=1")
    lab.page.get_by_test_id("stSelectbox").first.wait_for()  # its script comes after the stage
    lab.wait_until_idle()
    assert lab.page.get_by_role("slider", name="Budget γ").count() == 0
    assert lab.page.get_by_test_id("stSelectbox").count() == 1
    assert lab.part("stage-plane").bounding_box()["width"] > 300  # also where nothing stands on the left
    assert not lab.part("stage-jacobian-0").is_visible()
    assert not lab.part("stage-image").is_visible()
    click_pixel(lab, 300, "stage-map")
    click_pixel(lab, 301, "stage-map")
    lab.part("stage-reveal").click()
    assert lab.part("stage-score").is_visible()


@pytest.mark.slow
def test_the_share_panel_builds_that_link(lab):
    lab.open("?digit=7&target=3&step=2")
    lab.page.get_by_role("button", name="Share this set-up").click()
    lab.page.get_by_text("Predict first: hide the next pair").click()
    link = lab.page.locator("[data-testid=stCode]").filter(has_text="predict=1")
    link.wait_for()
    assert "digit=7" in link.inner_text()
    assert "step=2" in link.inner_text()
    assert link.inner_text().strip().startswith(lab.address)
    lab.page.get_by_text("the next pair hidden until they predict it").wait_for()


@pytest.mark.slow
def test_the_payload_is_sent_once(lab):
    frames = []
    lab.page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: frames.append(len(frame))))
    lab.open("?digit=8&target=0&theta=0.05")  # spends its whole budget
    assert lab.iterations == 56
    lab.wait_until_idle()
    assert 1_000_000 < sum(frames) < 1_900_000  # the payload once, and the scripts with all terms
    frames.clear()
    for step in (1, 2, 3):
        lab.press("step")
        lab.page.get_by_test_id("stMarkdown").filter(has_text=f"Iteration {step} of").wait_for()
        lab.wait_until_idle()
    assert frames
    assert sum(frames) < 75_000  # three times words and buttons, far less than the payload
