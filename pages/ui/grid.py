"""One digit of every class towards every other class: attacked a row at a time, drawn as tiles that open the lab."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import monotonic

import streamlit as st
import torch
from streamlit.delta_generator import DeltaGenerator
from torch import Tensor

from jsma import Attack, Digits, Report, Result, Stop
from jsma.export import ENDINGS, grid_png
from pages.ui import controls, resources, session, tiles
from pages.ui.choice import DATA, Choice
from pages.ui.glossary import TERMS
from pages.ui.networks import Network, network

CLASSES = 10

UNASKED_SECONDS = 4.0
"""After so long no further row is begun unless the visitor asks for it: the cores are shared."""

STYLE = (Path(__file__).parent / "grid.css").read_text()


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
    stopped: bool = False
    asked: bool = False

    @property
    def setup(self) -> tuple:
        """What tells this grid from others."""
        return self.data, self.network.key, self.positions, self.attack

    @property
    def whole(self) -> bool:
        """Whether all rows are done."""
        return len(self.rows) == CLASSES

    def fill(self) -> Iterator[Row]:
        """Make the missing rows and yield each; end early when stopped, or when it takes long and was not asked for."""
        begun = monotonic()
        while not (self.whole or self.stopped) and (self.asked or monotonic() - begun < UNASKED_SECONDS):
            self.rows.append(row(self.data, self.network, self.positions[len(self.rows)], self.attack))
            yield self.rows[-1]

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


@st.cache_data(max_entries=512, show_spinner=False, hash_funcs=resources.KEYED)
def row(data: str, network: Network, position: int, attack: Attack) -> Row:
    """Attack digit `position` of `data` towards the nine other classes."""
    digits = resources.digits(data)
    image, source = digits.images[position].clone(), int(digits.labels[position])
    result = attack.run(network.module, image.repeat(CLASSES - 1, 1, 1, 1), torch.tensor(others(source)))
    with torch.no_grad():
        reads = int(network.module(image[None]).argmax())
    return Row(source, image, reads, replace(result, pairs=None))


def work(data: str, network: Network, positions: tuple[int, ...], attack: Attack) -> Work:
    """Return this visitor's grid for what is chosen: the one in the making, or a new one."""
    chosen, now = Work(data, network, positions, attack), st.session_state.get("grid")
    if now is None or now.setup != chosen.setup:
        st.session_state.grid = now = chosen
    return now


# --- Which digits ---------------------------------------------------------------------------------


def choose_sample(digits: Digits) -> tuple[int, ...]:
    """Let the visitor say which sample of each class, and return the ten positions in `digits`.

    A class with fewer samples gives its last one, and that is said.
    """
    classes = [digits.of_class(label) for label in range(CLASSES)]
    sample = session.kept().sample
    if "sample" not in session.kept().hide:
        _ask_for_sample(sample, max(map(len, classes)))
    short = [f"{len(found)} of {label}" for label, found in enumerate(classes) if len(found) <= sample]
    if short:
        st.caption(f"Not every class has {sample + 1} samples: there are {', '.join(short)}. The last one stands in.")
    return tuple(int(found[min(sample, len(found) - 1)]) for found in classes)


def _ask_for_sample(sample: int, samples: int) -> None:
    def take() -> None:
        session.keep(replace(session.kept(), sample=st.session_state["which-sample"] - 1))

    st.session_state["which-sample"] = min(sample + 1, samples)
    st.number_input(
        "Sample of each class",
        1,
        samples,
        key="which-sample",
        on_change=take,
        width=180,
        help=f"Which handwritten example of every digit is attacked, from 1 to {samples}.",
    )


# --- Tiles ----------------------------------------------------------------------------------------


def head() -> None:
    """Write the targets above the columns, and bring the style of everything below."""
    st.html(f"<style>{STYLE}</style>")
    labels = "".join(f'<span class="pill target">{target}</span>' for target in range(CLASSES))
    st.html(f'<div class="targets"><span class="corner">to<br>from</span>{labels}</div>')


def draw(row: Row) -> int | None:
    """Draw a row of tiles; return the target whose tile was clicked, the digit itself on the diagonal, or None."""
    results = dict(zip(others(row.source), range(CLASSES - 1), strict=True))
    clicked, failed = None, []
    with st.container(key=f"attacks-row-{row.source}"), tiles.sheet() as sheet:
        _row_label(row.source)
        for target in range(CLASSES):
            key, k = f"attack-{row.source}-{target}", results.get(target)
            if k is None:
                label, image = f"*{row.source} itself:* **original** read as {row.reads}", row.image
            else:
                label, image = _label(row, target, k), row.result.images[k]
                failed += [] if row.result.success[k] else [f".st-key-tile-{key} button::before"]
            if sheet.tile(key, label, image, row.image):
                clicked = target
        if failed:
            sheet.rules.append(f"{', '.join(failed)} {{ border: 3px dashed; }}")
    return clicked


def draw_waiting(source: int) -> None:
    """Draw the row of a digit that was not attacked yet."""
    with st.container(key=f"attacks-waiting-{source}"):
        _row_label(source)


def _row_label(source: int) -> None:
    st.html(f'<span class="pill source">{source}</span>')


def _label(row: Row, target: int, k: int) -> str:
    """Say how an attack ended; what is in *italics* is only for screen readers, in **bold** has a line of its own."""
    changed, iterations = int(row.result.changed[k]), int(row.result.iterations[k])
    ending = "✓ at once" if row.result.success[k] and not iterations else ENDINGS[row.result.stop[k]]
    return f"*{row.source} to {target}:* **{ending}** {changed} px, {iterations} it."


def open_in_lab(source: int, target: int, positions: tuple[int, ...], digits: Digits) -> None:
    """Leave for the lab with exactly this attack; from the diagonal, with the digit."""
    choice = session.kept()
    if target == source:
        target = choice.with_digit(source).target
    sample = digits.of_class(source).tolist().index(positions[source])
    session.keep(replace(choice, digit=source, sample=sample, target=target))
    st.switch_page("app.py")


# --- What goes around the tiles -------------------------------------------------------------------


@contextmanager
def in_progress(place: DeltaGenerator, work: Work) -> Iterator[Callable[[], None]]:
    """While a grid is filled, show in `place` how far it is and a button to stop; after that, if need be, one to go on.

    Gives a function to be called when there is another row.
    """
    if work.whole:
        yield lambda: None
        return
    with place.container(horizontal=True, vertical_alignment="center"):
        bar, button = st.empty(), st.empty()

    def moved() -> None:
        bar.progress(len(work.rows) / CLASSES, f"{len(work.rows)} of {CLASSES} rows", width=320)

    moved()
    if not work.stopped:
        button.button("Stop", key="stop", icon=":material/stop:", on_click=_stop, args=(work,))
    yield moved
    if work.whole:
        place.empty()
    else:
        button.button("Fill the rest", key="fill", icon=":material/play_arrow:", on_click=_go_on, args=(work,))


def _stop(work: Work) -> None:
    work.stopped, work.asked = True, False


def _go_on(work: Work) -> None:
    work.stopped, work.asked = False, True


def draw_figures(place: DeltaGenerator, work: Work) -> None:
    """Write in `place` the headline figures, each with what it divides by, and how the attacks ended."""
    if not work.rows:
        place.caption("No attack is done yet.")
        return
    report = work.report()
    attacks, successes = len(report.targets), int(report.result.success.sum())
    cost = TERMS["distortion"]
    with place.container():
        with st.container(horizontal=True, gap="large"):
            st.metric("Successes", f"{successes} of {attacks}", help=TERMS["success"], width="content")
            for name, share in (
                (f"Mean distortion of all {attacks}", report.mean_distortion),
                (f"Mean distortion of the {successes} successful", report.mean_distortion_of_successful),
            ):
                st.metric(name, _percent(share), help=cost, width="content")
        st.caption(_endings(report))


def _endings(report: Report) -> str:
    words = {
        Stop.REACHED_TARGET: "reached the target",
        Stop.BUDGET_SPENT: "spent the budget before",
        Stop.NO_ADMISSIBLE_PAIR: "found no admissible pair any more",
        Stop.DOMAIN_EMPTY: "ran out of pixels to change",
    }
    stops = [f"{count} {words[stop]}" for stop, count in report.stops.items() if count]
    at_once = int((report.result.success & (report.result.iterations == 0)).sum())
    aside = f" ({at_once} at once: the untouched digit is read as the target)" if at_once else ""
    return f"Of {len(report.targets)} attacks, {', '.join(stops)}{aside}."


def _percent(share: float) -> str:
    return f"{share:.2%}".replace("%", " %") if share == share else "–"


def offer_download(work: Work, choice: Choice) -> None:
    """Offer the whole grid as a picture, which is made when asked for."""
    settings = (
        f"{controls.RULES[choice.rule]} on {controls.OUTPUTS[choice.output].lower()}",
        controls.DIRECTIONS[choice.direction].lower(),
        f"θ = {choice.theta:g}",
        f"γ = {choice.gamma:.1%}".replace("%", " %"),
        network(choice.model).label,
        DATA[choice.data],
    )

    def png() -> bytes:
        originals, results = torch.stack([row.image for row in work.rows]), [row.result for row in work.rows]
        return grid_png(originals, results, " · ".join(settings))

    file, kind = f"jsma-grid-{choice.data}-{choice.model}.png", "image/png"
    st.download_button(
        "The grid (PNG)", png, file, kind, icon=":material/download:", on_click="ignore", key="download-grid"
    )
