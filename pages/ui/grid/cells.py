"""One digit of every class towards every other: attacked a few rows at a time, drawn as tiles that open the lab."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock
from time import monotonic

import streamlit as st
import torch
from streamlit.delta_generator import DeltaGenerator
from torch import Tensor

from jsma import Attack, Digits, Report, Result
from jsma.export import grid_png
from jsma.glossary import TERMS
from pages.ui import access, controls, navigation, resources, session, tiles
from pages.ui.cache import computed
from pages.ui.choice import Choice, data_labels
from pages.ui.download import download
from pages.ui.formatting import percent
from pages.ui.grid.transfer import Reader, transfer
from pages.ui.networks import Network, network
from pages.ui.scheduling import Proceed, held

CLASSES = 10

ENDS = (1, 3, 6, CLASSES)
"""Where groups of rows end that are made together: first one row, soon seen; then more, which takes less for each."""

UNASKED_SECONDS = 4.0
"""After so long no further group is begun unless the visitor asks for it: the cores are shared."""

STYLE = (Path(__file__).parent / "cells.css").read_text(encoding="utf-8")


@dataclass(frozen=True, eq=False)
class Row:
    """A digit, image (1, H, W), what the network reads in it, and its attacks in the order of `others(source)`."""

    source: int
    image: Tensor
    reads: int
    result: Result


@dataclass
class Work:
    """A visitor's grid: what is attacked and how, and the rows that are done, of sources 0, 1, 2 and so on.

    positions: of the ten digits, in the data. stopped: by the visitor; asked: the visitor wants it
    whole, however long that takes.
    """

    data: str
    network: Network
    positions: tuple[int, ...]
    attack: Attack
    rows: list[Row] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)
    stopped: bool = False
    asked: bool = False

    @property
    def setup(self) -> tuple:
        """What identifies this grid."""
        return self.data, self.network.key, self.positions, self.attack

    @property
    def whole(self) -> bool:
        """Whether all rows are done."""
        return len(self.rows) == CLASSES

    def fill(self, shown: int) -> Iterator[list[Row]]:
        """Make the missing rows and yield each group, beginning with what has come since `shown` were drawn.

        End early when stopped, or when it takes long unasked. A visitor's next script may begin while
        the one before is still within a group; the lock lets it wait for that.
        """
        begun, digits = monotonic(), resources.digits(self.data)
        while True:
            if len(self.rows) > shown:
                yield self.rows[shown:]
                shown = len(self.rows)
            if self.whole or self.stopped or not (self.asked or monotonic() - begun < UNASKED_SECONDS):
                return
            with held(self.lock):
                done = len(self.rows)
                if done == shown:
                    end = next(end for end in ENDS if end > done)
                    self.rows += computed(rows, digits, self.network, self.positions[done:end], self.attack)

    def report(self) -> Report:
        """Return the figures of all attacks that are done; there must be a row."""
        results = [row.result for row in self.rows]
        names = ("images", "success", "iterations", "changed")
        columns = {name: torch.cat([getattr(result, name) for result in results]) for name in names}
        result = Result(**columns, stop=[stop for each in results for stop in each.stop])
        sources = torch.arange(len(results)).repeat_interleave(CLASSES - 1)
        targets = torch.tensor([target for row in self.rows for target in others(row.source)])
        return Report(self.attack, sources, targets, result)


def others(source: int) -> list[int]:
    """Return the classes that a digit of class `source` is attacked towards, in order."""
    return [label for label in range(CLASSES) if label != source]


def rows(
    digits: Digits, network: Network, positions: tuple[int, ...], attack: Attack, proceed: Proceed = lambda: None
) -> list[Row]:
    """Attack the digits at `positions` towards the nine other classes each."""
    images, sources = digits.images[list(positions)], digits.labels[list(positions)].tolist()
    targets = torch.tensor([others(source) for source in sources]).flatten()
    result = attack.run(
        network.module, images.repeat_interleave(CLASSES - 1, dim=0), targets, progress=lambda *_: proceed()
    )
    with torch.no_grad():
        reads = network.module(images).argmax(dim=1).tolist()
    parts = [slice(k, k + CLASSES - 1) for k in range(0, len(targets), CLASSES - 1)]
    return [
        Row(source, image.clone(), read, _part(result, part))
        for source, image, read, part in zip(sources, images, reads, parts, strict=True)
    ]


def _part(result: Result, part: slice) -> Result:
    """Return some of the attacks, in memory of their own, so that a cache keeps no more than these."""
    columns = {name: getattr(result, name)[part].clone() for name in ("images", "success", "iterations", "changed")}
    return Result(**columns, stop=result.stop[part])


def work(data: str, network: Network, positions: tuple[int, ...], attack: Attack) -> Work:
    """Return this visitor's grid for what is chosen: the one in the making, or a new one."""
    chosen, now = Work(data, network, positions, attack), st.session_state.get("grid")
    if now is None or now.setup != chosen.setup:
        st.session_state.grid = now = chosen
    return now


# --- Which digits ---------------------------------------------------------------------------------


def ask_for_sample(digits: Digits) -> None:
    """Let the visitor say which sample of each class is attacked, unless the link leaves that out."""

    def take() -> None:
        session.request(replace(session.requested(), sample=st.session_state["which-sample"] - 1))

    choice, samples = session.requested(), max(map(len, _by_class(digits)))
    if "sample" in choice.hide:
        return
    st.session_state["which-sample"] = min(choice.sample + 1, samples)
    words = f"Which handwritten example of every digit is attacked, from 1 to {samples}."
    st.number_input("Sample of each class", 1, samples, key="which-sample", on_change=take, width=180, help=words)


def positions(digits: Digits) -> tuple[int, ...]:
    """Return where in `digits` the chosen sample of each class is; one with fewer gives its last, and says so."""
    sample, classes = session.requested().sample, _by_class(digits)
    short = [f"{len(found)} of {label}" for label, found in enumerate(classes) if len(found) <= sample]
    if short:
        st.caption(
            f"Not every class has {sample + 1} samples: there are {', '.join(short)}. For these the last one is shown."
        )
    return tuple(int(found[min(sample, len(found) - 1)]) for found in classes)


def _by_class(digits: Digits) -> list[Tensor]:
    return [digits.of_class(label) for label in range(CLASSES)]


# --- Tiles ----------------------------------------------------------------------------------------


def head() -> None:
    """Write the targets above the columns, and bring the style of everything below."""
    st.html(f"<style>{STYLE}</style>")
    labels = "".join(f'<span class="pill target">{target}</span>' for target in range(CLASSES))
    st.html(f'<div class="targets"><span class="corner">to<br>from</span>{labels}</div>')


def draw(row: Row, reader: Reader | None = None) -> int | None:
    """Draw a row of tiles; return the target whose tile was clicked, the digit itself on the diagonal, or None.

    reader: another network; what it reads stands in the place of the cost.
    """
    places = {target: k for k, target in enumerate(others(row.source))}
    reads = reader.reads(row) if reader else None
    clicked, failed, transferred = None, [], []
    with st.container(key=f"attacks-row-{row.source}"), tiles.sheet() as sheet:
        _row_label(row.source)
        for target in range(CLASSES):
            key, k = f"attack-{row.source}-{target}", places.get(target)
            if k is None:
                label, image = f"*{row.source} itself:* **original** read as {row.reads}", row.image
                if reader and reads:
                    label = f"*{row.source} itself:* **original** *{reader.label}* reads {reads[target]}"
                sheet.rules.append(f"{_frame(key)} {{ border: 2px solid var(--jsma-ink3); }}")
            else:
                label, image = _label(row, target, k), row.result.images[k]
                failed += [] if row.result.success[k] else [_frame(key)]
                if reader and reads:
                    fools_both = bool(row.result.success[k]) and reads[target] == target
                    label = _shown(label, reader, reads[target], fools_both)
                    transferred += [_frame(key)] if fools_both else []
            if sheet.tile(key, label, image, row.image):
                clicked = target
        if failed:
            sheet.rules.append(f"{', '.join(failed)} {{ border: 3px dashed var(--jsma-dot); }}")
        if transferred:
            sheet.rules.append(f"{', '.join(transferred)} {{ border: 4px solid var(--jsma-target); }}")
    return clicked


def _frame(key: str) -> str:
    return f".st-key-attacks .st-key-tile-{key} button::before"


def draw_waiting(source: int) -> None:
    """Draw the row of a digit that was not attacked yet."""
    with st.container(key=f"attacks-waiting-{source}"):
        _row_label(source)


def _row_label(source: int) -> None:
    st.html(f'<span class="pill source">{source}</span>')


def _label(row: Row, target: int, k: int) -> str:
    """Say how an attack ended; what is in *italics* is only for screen readers, in **bold** has a line of its own."""
    changed, iterations = int(row.result.changed[k]), int(row.result.iterations[k])
    stop = row.result.stop[k]
    ending = "" if stop is None else stop.brief
    return f"*{row.source} to {target}:* **{ending}** {changed} px, {iterations} it."


def _shown(label: str, reader: Reader, reads: int, fools_both: bool) -> str:
    """Return the `label` of an attack that says what another network reads in it; the cost is for screen readers."""
    start, cost = label.rsplit("** ", 1)
    return f"{start}** *{cost} {reader.label}* reads {reads}{' ✓*, the target*' if fools_both else ''}"


def open_in_lab(source: int, target: int, position: int, digits: Digits) -> None:
    """Open in the lab the attack on digit `position` of class `source`; from the diagonal, with that digit."""
    choice = session.requested()
    if target == source:
        target = choice.with_digit(source).target
    sample = digits.of_class(source).tolist().index(position)
    navigation.open_in_lab(replace(choice, digit=source, sample=sample, target=target))


# --- What goes around the tiles -------------------------------------------------------------------


@contextmanager
def in_progress(place: DeltaGenerator, work: Work, reader: Reader | None = None) -> Iterator[Callable[[], None]]:
    """While a grid is filled, show in `place` how far it is and a button to stop; after that, how its attacks ended.

    With a `reader`, it also says what that network reads in them. A grid that is not whole after that gets a button to
    go on. Gives a function to be called when there are more rows.
    """
    if work.whole:
        place.caption(_outcome(work, reader))
        yield lambda: None
        return
    with place.container(horizontal=True, vertical_alignment="center"):
        bar, button = st.empty(), st.empty()

    def moved() -> None:
        bar.progress(len(work.rows) / CLASSES, f"{len(work.rows)} of {CLASSES} rows", width=260)

    moved()
    if not work.stopped:
        button.button("Stop", key="stop", icon=":material/stop:", on_click=_stop, args=(work,))
    yield moved
    if work.whole:
        place.caption(_outcome(work, reader))
    else:
        button.button("Fill the rest", key="fill", icon=":material/play_arrow:", on_click=_go_on, args=(work,))


def _stop(work: Work) -> None:
    work.stopped, work.asked = True, False
    access.focus_on("fill", "button")


def _go_on(work: Work) -> None:
    work.stopped, work.asked = False, True
    access.focus_on("stop", "button")


def draw_figures(place: DeltaGenerator, work: Work, reader: Reader | None = None) -> None:
    """Write in `place` the headline figures, each with what it divides by; with a `reader`, how many transfer to it."""
    if not work.rows:
        place.caption("No attack is done yet.")
        return
    report = work.report()
    attacks, successes = len(report.targets), int(report.result.success.sum())
    figures = [
        ("Successes", f"{successes} of {attacks}", "success"),
        (f"Mean distortion, all {attacks}", percent(report.mean_distortion, 2), "distortion"),
        (f"Mean distortion, {successes} successful", percent(report.mean_distortion_of_successful, 2), "distortion"),
    ]
    if reader:
        counts = transfer(reader, work.rows)
        figures[1:] = [("Transfer, of the successful", f"{counts.as_target} of {counts.fooled}", "transfer")]
    with place.container(horizontal=True, gap="large"):
        for name, value, term in figures:
            st.metric(name, value, help=TERMS[term], width="content")


def _outcome(work: Work, reader: Reader | None) -> str:
    return f"{_endings(work.report())} {transfer(reader, work.rows).sentence(reader.label) if reader else ''}"


def _endings(report: Report) -> str:
    at_once = int((report.result.success & (report.result.iterations == 0)).sum())
    aside = f" ({at_once} at once: the untouched digit is read as the target)" if at_once else ""
    stops = [f"{stop.value} {count}{aside if stop.success else ''}" for stop, count in report.stops.items() if count]
    return f"Why the {len(report.targets)} attacks ended: {' · '.join(stops)}."


@st.fragment
def offer_download(work: Work, choice: Choice, reader: Reader | None = None) -> None:
    """Offer the whole grid as a picture, which is made when asked for."""
    settings = [
        f"{choice.rule.label} on {controls.OUTPUTS[choice.output].lower()}",
        controls.DIRECTIONS[choice.direction].lower(),
        f"θ = {choice.theta:g}",
        f"γ = {percent(choice.gamma)}",
        network(choice.model).label,
        data_labels()[choice.data],
        f"sample {session.requested().sample + 1} of each class",
    ]
    title, name = " · ".join(settings), f"jsma-grid-{choice.data}-{choice.model}"
    if reader:
        counts = transfer(reader, work.rows)
        share = f"{counts.as_target} of the {counts.fooled} successful"
        title += f"\nshown to: {reader.label}, which reads {share} as the target"
        name += f"-shown-to-{choice.reader}"

    def png() -> bytes:
        originals, results = torch.stack([row.image for row in work.rows]), [row.result for row in work.rows]
        reads = [reader.reads(row) for row in work.rows] if reader else None
        return grid_png(originals, results, title, reads=reads)

    download("The grid (PNG)", f"{name}.png", "image/png", png, key="download-grid")
