"""Views of a report: headline numbers, maps by source and target, budgets, hardest and easiest attacks, files."""

import math
from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

import streamlit as st
import torch
from torch import Tensor

from jsma import Attack, Digits, Direction, Report
from jsma.glossary import TERMS
from jsma.report import COMPARABLE_SUCCESS
from pages.ui import tiles
from pages.ui.cache import computed
from pages.ui.choice import Choice
from pages.ui.controls import DIRECTIONS, OUTPUTS
from pages.ui.download import download
from pages.ui.formatting import bounded, percent
from pages.ui.networks import Network
from pages.ui.paper import REPORTED
from pages.ui.scheduling import Proceed
from pages.ui.shared.channels import nominal, ordinal, quantitative, when
from pages.ui.theme import amounts, colours

OUTCOMES = {"succeeded": "target", "failed": "failed"}
"""The outcomes of an attack, with the names of their colours in the palette."""

SHOWN = 5
"""How many of the hardest and of the easiest attacks are shown."""


def settings(attack: Attack) -> str:
    """Return one line on how digits are attacked, and the paper's own result to compare with."""
    how = f"{attack.rule.label} on {OUTPUTS[attack.output].lower()}, {DIRECTIONS[attack.direction].lower()}"
    if attack.direction is Direction.BOTH:
        how = how.replace("both", "brighten or darken")
    return f"Attack: {how}, θ = {attack.theta:g}, γ = {percent(attack.gamma)}. {REPORTED}"


def headline(report: Report) -> None:
    """Show how often the attack succeeded and what it cost, each number with what it divides by."""
    count, reached = len(report.targets), int(report.result.success.sum())
    assert report.adversarial_distance is not None  # there is, in what `evaluate` reports
    numbers = (
        ("Success rate", percent(report.success_rate), "success", f"{reached:,} of {count:,} attacks"),
        (
            "Adversarial accuracy",
            percent(report.adversarial_accuracy),
            "adversarial accuracy",
            f"over {count:,} adversarial images, failed attacks too; on the same digits untouched: "
            f"{percent(report.untouched_accuracy)}",
        ),
        (
            "Mean distortion, all",
            percent(report.mean_distortion, 2),
            "distortion",
            f"over all {count:,} attacks, failed ones too: {_pixels(report, report.mean_distortion)}",
        ),
        (
            "Mean distortion, successful",
            percent(report.mean_distortion_of_successful, 2),
            "distortion",
            f"over the {reached:,} successful attacks: {_pixels(report, report.mean_distortion_of_successful)}",
        ),
        (
            "Robustness",
            f"{report.robustness:.3f}",
            "robustness",
            f"the smallest of {count:,} adversarial distances; their mean is {report.adversarial_distance.mean():.3f}. "
            f"{_says_of_cost(report)}",
        ),
    )
    as_wide_as_their_labels = [6, 8, 7, 10, 7]
    for column, (label, value, term, divisor) in zip(st.columns(as_wide_as_their_labels), numbers, strict=True):
        with column.container(gap=None):
            st.metric(label, value, help=TERMS[term])
            st.caption(divisor)
    ends = " · ".join(f"{reason.value} **{number:,}**" for reason, number in report.stops.items())
    st.markdown(f"Why they ended: {ends}")


def _says_of_cost(report: Report) -> str:
    """Return how well the adversarial distance predicts, here, how many pixels an attack changes."""
    assert report.adversarial_distance is not None
    correlation = rank_correlation(report.adversarial_distance, report.result.changed)
    if math.isnan(correlation):
        return ""
    return f"Rank correlation of the distance with the pixels changed: {correlation:.2f}; 1 would predict the cost."


def rank_correlation(one: Tensor, other: Tensor) -> float:
    """Return Spearman's rank correlation of two lists (N,), -1 to 1, ties at their mean rank; NaN if all are equal."""
    ranks = []
    for values in (one, other):
        _, place, count = values.unique(return_inverse=True, return_counts=True)  # sorted
        ranks.append((count.cumsum(0) - (count - 1) / 2)[place].double())
    return float(torch.corrcoef(torch.stack(ranks))[0, 1]) if len(one) > 1 else math.nan


def _pixels(report: Report, share: float) -> str:
    return "none" if math.isnan(share) else f"{share * report.features:.1f} pixels each"


# --- charts --------------------------------------------------------------------------------------


class Map(NamedTuple):
    """A table by source and target: title, what it says, (classes, classes) shares, decimals, top of the scale.

    success: the success rates beside which a number is written (see `bounded`); None where they do not matter.
    """

    title: str
    meaning: str
    table: Tensor
    decimals: int
    top: float
    success: Tensor | None = None

    def label(self, source: int, target: int) -> str:
        """Return the number of a cell in percent."""
        number = f"{100 * self.table[source, target]:.{self.decimals}f}"
        return number if self.success is None else bounded(number, float(self.success[source, target]))


def maps(report: Report) -> list[Map]:
    """Return success, distortion and hardness by source and target; NaN where there is nothing to say."""
    success, distortion = report.success_by_source_and_target, report.distortion_by_source_and_target
    hardness = report.hardness
    most = hardness.nan_to_num().max().item() or report.attack.gamma
    return [
        Map("Success", "success", success, 0, 1.0),
        Map("Mean distortion", "distortion", distortion, 1, report.attack.gamma),
        Map("Hardness", "hardness", hardness, 1, most, success),
    ]


def cells(shown: Map) -> list[dict]:
    """Return the cells that hold a number, a row a cell: source, target, percent, and how it is written."""
    table = (100 * shown.table).tolist()
    return [
        {"source": source, "target": target, "percent": value, "label": shown.label(source, target)}
        for source, row in enumerate(table)
        for target, value in enumerate(row)
        if not math.isnan(value)
    ]


def changed_pixels(report: Report) -> list[dict]:
    """Return how many attacks changed `low` to `high` pixels, a row a bin and outcome; `end` is where its bar ends."""
    budget = 2 * report.attack.iterations(report.features)
    width = 2 * max(1, round(budget / 56))
    changed, success = report.result.changed, report.result.success
    rows = []
    for outcome, which in (("succeeded", success), ("failed", ~success)):
        for low in range(0, budget + 1, width):
            inside = which & (changed >= low) & (changed < low + width)
            high = min(low + width - 1, budget)
            rows.append(
                {"outcome": outcome, "low": low, "high": high, "end": low + width, "attacks": int(inside.sum())}
            )
    return rows


def budgets(report: Report) -> list[dict]:
    """Return success and mean distortions at every smaller budget, a row a budget, in percent."""
    return [
        {
            "γ": 100 * at.gamma,
            "pixels": 2 * at.iterations,
            "success": 100 * at.success_rate,
            "all": percent(at.mean_distortion, 2),
            "successful": percent(at.mean_distortion_of_successful, 2),
        }
        for at in report.at_budgets
    ]


def figures(report: Report) -> None:
    """Draw the three maps, success by budget, and the distribution of changed pixels."""
    st.header(
        "By source and target", anchor=False, help="A row a source, the true class; a column a target. In percent."
    )
    for column, shown in zip(st.columns(3), maps(report), strict=True):
        with column:
            st.markdown(f"**{shown.title}**, %", help=TERMS[shown.meaning])
            st.vega_lite_chart(
                cells(shown),
                _map_chart(shown),
                alt=f"{shown.title} by source and target in percent; as a table further down.",
            )
    st.caption(
        "Blank: no attack yet, or source and target are the same. ≥: fewer than "
        f"{percent(COMPARABLE_SUCCESS, 0)} of the attacks succeed; each failed one counts with the whole budget, so "
        "this hardness is a lower bound."
    )
    left, right = st.columns(2)
    with left:
        st.header("Success at every smaller budget", anchor=False, help=TERMS["γ"])
        st.vega_lite_chart(
            budgets(report),
            _budget_chart(report),
            alt="Success rate as a function of the budget γ; as a table further down.",
        )
        st.caption(
            "All from this one run: with a smaller budget the attack chooses the same pixels and ends earlier. At 0 "
            "are the digits that the network reads as the target before any change."
        )
    with right:
        st.header("How many pixels were changed", anchor=False, help=TERMS["distortion"])
        rows = changed_pixels(report)
        st.vega_lite_chart(
            rows,
            _changed_chart(rows),
            alt="How many attacks changed how many pixels, successful and failed apart; as a table further down.",
        )
        budget = report.attack.iterations(report.features)
        st.caption(
            f"The budget γ allows {budget} iterations, at most {2 * budget} pixels. A failed attack may end before it, "
            "when no pair is left."
        )


def _map_chart(shown: Map) -> dict:
    """Return the Vega-Lite chart of a map: a coloured cell and its number wherever there is one."""
    classes, top = list(range(len(shown.table))), 100 * shown.top

    def axis(name: str, orient: str) -> dict:
        look = {"orient": orient, "title": name, "labelAngle": 0, "ticks": False, "domain": False, "grid": False}
        return ordinal(name, scale={"domain": classes, "padding": 0.04}, axis=look)

    shades = amounts(top)
    on_strong = when(f"datum.percent > {shades.strong}", colours()["paper"], colours()["ink"])
    scale = {"domain": shades.domain, "range": shades.range}
    return {
        "height": 330,
        "encoding": {"x": axis("target", "top"), "y": axis("source", "left"), "tooltip": _tips(shown)},
        "layer": [
            {"mark": "rect", "encoding": {"color": quantitative("percent", scale=scale, legend=None)}},
            {"mark": {"type": "text", "fontSize": 11}, "encoding": {"text": nominal("label"), "color": on_strong}},
        ],
    }


def _tips(shown: Map) -> list[dict]:
    number = quantitative("percent", title=f"{shown.title}, %", format=".2f")
    return [ordinal("source", title="Source"), ordinal("target", title="Target"), number]


def _budget_chart(report: Report) -> dict:
    colour, budget = colours()[OUTCOMES["succeeded"]], {"domain": [0, 100 * report.attack.gamma], "nice": False}
    return {
        "height": 280,
        "mark": {"type": "line", "color": colour, "point": {"size": 50, "color": colour}},
        "encoding": {
            "x": quantitative("γ", title="budget γ, % of the pixels", scale=budget),
            "y": quantitative("success", title="success rate, %", scale={"domain": [0, 100]}),
            "tooltip": [
                quantitative("γ", title="γ, %", format=".2f"),
                quantitative("pixels", title="Pixels allowed, at most"),
                quantitative("success", title="Success rate, %", format=".1f"),
                nominal("all", title="Mean distortion, all"),
                nominal("successful", title="Mean distortion, successful"),
            ],
        },
    }


def _changed_chart(rows: list[dict]) -> dict:
    pixels = {"domain": [0, rows[-1]["end"]], "nice": False}
    outcomes = {"domain": list(OUTCOMES), "range": [colours()[name] for name in OUTCOMES.values()]}
    return {
        "height": 280,
        "mark": {"type": "bar", "binSpacing": 1},
        "encoding": {
            "x": quantitative("low", bin={"binned": True}, title="changed pixels", scale=pixels),
            "x2": {"field": "end"},
            "y": quantitative("attacks", title="attacks", axis={"tickMinStep": 1}),
            "color": nominal("outcome", scale=outcomes, legend={"orient": "top", "title": None}),
            "tooltip": [
                nominal("outcome", title="Outcome"),
                quantitative("low", title="Pixels, from"),
                quantitative("high", title="Pixels, to"),
                quantitative("attacks", title="Attacks"),
            ],
        },
    }


def tables(report: Report) -> None:
    """Offer the numbers of all charts as tables."""
    with st.expander("These pictures as tables"):
        for shown in maps(report):
            st.markdown(f"**{shown.title}**, %: a row a source, a column a target")
            st.table(as_table(shown), hide_index=True)
        st.markdown("**Success and mean distortion by budget γ**")
        st.table(
            {
                "γ": [percent(at.gamma, 2) for at in report.at_budgets],
                "success rate": [percent(at.success_rate) for at in report.at_budgets],
                "mean distortion, all": [percent(at.mean_distortion, 2) for at in report.at_budgets],
                "mean distortion, successful": [
                    percent(at.mean_distortion_of_successful, 2) for at in report.at_budgets
                ],
            },
            hide_index=True,
        )
        st.markdown("**How many attacks changed how many pixels**")
        rows = changed_pixels(report)
        succeeded, failed = rows[: len(rows) // 2], rows[len(rows) // 2 :]
        st.table(
            {
                "pixels": [f"{row['low']} to {row['high']}" for row in succeeded],
                "succeeded": [row["attacks"] for row in succeeded],
                "failed": [row["attacks"] for row in failed],
            },
            hide_index=True,
        )


def as_table(shown: Map) -> dict[str, list[str]]:
    """Return the columns of a map as text, blank where it has no number; the first column names the sources."""
    text = {(cell["source"], cell["target"]): cell["label"] for cell in cells(shown)}
    classes = range(len(shown.table))
    columns = {f"→ {target}": [text.get((source, target), "") for source in classes] for target in classes}
    return {"source": [str(source) for source in classes]} | columns


# --- the hardest and the easiest attacks -----------------------------------------------------------


class Case(NamedTuple):
    """One attack of an evaluation: where its digit lies, how to open it in the lab, and how it ended."""

    position: int
    choice: Choice
    changed: int
    success: bool


def case(choice: Choice, digits: Digits, positions: Tensor, report: Report, k: int) -> Case:
    """Return attack k of the report on the digits at `positions`."""
    position = int(positions[k // (report.classes - 1)])
    digit = int(digits.labels[position])
    sample = int((digits.labels[:position] == digit).sum())
    opened = replace(choice, digit=digit, sample=sample, target=int(report.targets[k]))
    return Case(position, opened, int(report.result.changed[k]), bool(report.result.success[k]))


def extremes(report: Report) -> tuple[list[int], list[int]]:
    """Return the hardest attacks, hardest first, and the successful ones with fewest changed pixels, fewest first."""
    by_pixels = report.result.changed.argsort(stable=True).tolist()
    return report.costliest_first[:SHOWN].tolist(), [k for k in by_pixels if report.result.success[k]][:SHOWN]


def ends(
    digits: Digits,
    network: Network,
    attack: Attack,
    positions: tuple[int, ...],
    targets: tuple[int, ...],
    proceed: Proceed = lambda: None,
) -> Tensor:
    """Return where the attacks on the digits at `positions` end, (N, 1, H, W): reports keep no pictures."""
    images, aims = digits.images[list(positions)], torch.tensor(targets)
    return attack.run(network.module, images, aims, progress=lambda *_: proceed()).images


def cases(choice: Choice, digits: Digits, network: Network, positions: Tensor, report: Report) -> Choice | None:
    """Show the hardest and the easiest attacks as pictures that are buttons; return the choice that was clicked."""
    hardest, easiest = ([case(choice, digits, positions, report, k) for k in some] for some in extremes(report))
    both = [*hardest, *easiest]
    where, targets = tuple(each.position for each in both), tuple(each.choice.target for each in both)
    pictures = computed(ends, digits, network, choice.attack, where, targets)
    st.header("The hardest and the easiest attacks", anchor=False)
    left, right = st.columns(2)
    with tiles.sheet() as sheet:
        with left:
            st.markdown("**Hardest:** failed attacks first, and of these the classes with the lowest success rate")
            opened = _row(sheet, "hardest", hardest, pictures[: len(hardest)], digits)
        with right:
            st.markdown("**Easiest:** succeeded with the fewest changed pixels")
            opened = _row(sheet, "easiest", easiest, pictures[len(hardest) :], digits) or opened
    st.caption("Each picture is the end of the attack, its changed pixels tinted. Click one to open it in the lab.")
    return opened


def _row(sheet: tiles.Sheet, name: str, some: list[Case], pictures: Iterable[Tensor], digits: Digits) -> Choice | None:
    opened = None
    with st.container(key=f"grid-{name}"):
        for k, (each, picture) in enumerate(zip(some, pictures, strict=True)):
            way = f"{each.choice.digit} → {each.choice.target}"
            outcome = "succeeded" if each.success else "failed"
            with st.container():
                label = f"{way}, {outcome}, {each.changed} pixels: open in the lab"
                if sheet.tile(f"{name}-{k}", label, picture, digits.images[each.position]):
                    opened = each.choice
                st.caption(f"**{way}** {'' if each.success else 'failed, '}{each.changed} px")
    if not some:
        st.caption("None yet.")
    return opened


# --- files ---------------------------------------------------------------------------------------


@st.fragment
def downloads(choice: Choice, report: Report) -> None:
    """Offer the report as files: all attacks as CSV, and everything as JSON, which `Report.load` reads again."""
    name = f"jsma-{choice.data}-{choice.model}-{len(report.targets)}-attacks"
    with st.container(horizontal=True):
        for kind, label, make in (
            ("csv", "All attacks (CSV)", report.to_csv),
            ("json", "Figures and attacks (JSON)", report.to_json),
        ):
            mime = f"text/{kind}" if kind == "csv" else "application/json"
            download(label, f"{name}.{kind}", mime, make, key=f"evaluation-{kind}")
