"""The sidebar: which digit is attacked, towards what, on which network, by which settings."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from threading import Lock

import streamlit as st
import torch
from torch import Tensor, nn

from jsma import DataUnavailable, Digits, Direction, Output, Rule
from jsma.data import DATA_SETS
from jsma.glossary import TERMS
from jsma.models import NETWORKS
from pages.ui import access, networks, resources, session, tiles
from pages.ui.choice import CONTROLS, GAMMAS, OWN, THETAS, Choice, all_data_labels, data_labels, from_url
from pages.ui.formatting import an
from pages.ui.outside import plain
from pages.ui.scheduling import while_waiting
from pages.ui.shared import own_digits

THUMBNAILS = 6
"""How many samples of a class are offered at a time."""

_ONE_DOWNLOAD = Lock()
"""Held while a data set is downloaded, so that only one download runs."""

BUILT_IN, FIRST = next(iter(DATA_SETS)), next(iter(NETWORKS))
"""The data set and the network that are always available."""

OUTPUTS = {Output.LOGITS: "Logits", Output.PROBABILITIES: "Probabilities"}
DIRECTIONS = {Direction.INCREASE: "Brighten", Direction.DECREASE: "Darken", Direction.BOTH: "Both"}
HELP = {
    "data": "Where the digit comes from. "
    + " ".join(entry.about for entry in DATA_SETS.values())
    + " Draw or send digits of your own on the page Your digit.",
    "digit": TERMS["source class"],
    "sample": "Which handwritten example of this digit is attacked. → 4 on a picture: the network misreads it as a 4, "
    "before any attack.",
    "target": TERMS["target class"],
    "model": "The network under attack. The shipped ones were trained on MNIST. "
    + " ".join(f"**{entry.label}**: {entry.origin}" for entry in NETWORKS.values() if entry.origin)
    + " Train one of your own on the page Model.",
    "theta": TERMS["θ"],
    "gamma": TERMS["γ"],
    "output": f"What is differentiated. **Logit**: {TERMS['logit']} **Probability**: {TERMS['probability']}",
    "rule": "How the derivatives are weighed before pairs are compared. "
    + " ".join(f"**{rule.label}**: {TERMS[rule.label]}" for rule in Rule),
    "direction": f"{TERMS['brighten']} Both: at each iteration the better of the best pair to brighten and "
    "the best pair to darken.",
}


def choose(requested: Choice, names: Iterable[str], own: bool) -> tuple[Choice, Digits]:
    """Draw the controls `names` in the sidebar and return the effective choice with its digits.

    It is the requested one but for what is not here: MNIST before it was downloaded, a sample beyond
    the last one, or somebody else's network. What `requested.hide` names is left out.
    own: whether the page can do with the few digits that the visitor has brought.
    """
    choice = _with_digits(requested, own)
    names = [name for name in names if name not in choice.hide]
    with st.sidebar:
        if "data" in names:
            _select("data", all_data_labels() if own and own_digits.digits() else data_labels(), choice.data)
        try:
            digits = resources.digits(choice.data)
        except DataUnavailable as problem:
            _offer_download(choice.data, problem)
            choice = replace(choice, data=BUILT_IN)
            digits = resources.digits(BUILT_IN)
        choice = _within(_with_reader(_with_network(choice)), len(digits.of_class(choice.digit)))
        controls = {
            "digit": lambda: _digit_grid("digit", choice.digit, choice.with_digit, _missing(choice.data)),
            "sample": lambda: _samples(choice, digits),
            "target": lambda: _digit_grid(
                "target", choice.target, lambda to: replace(choice, target=to), {choice.digit}
            ),
            "model": lambda: _select("model", networks.names(), choice.model),
            "theta": lambda: _slider("theta", *THETAS, 0.05, "%.2f"),
            "gamma": lambda: _slider("gamma", *GAMMAS, 0.005, "percent"),
            "rule": lambda: _segmented("rule", {rule: rule.label for rule in Rule}),
            "output": lambda: _segmented("output", OUTPUTS),
            "direction": lambda: _segmented("direction", DIRECTIONS),
        }
        for name, draw in controls.items():
            if name in names:
                draw()
    return choice, digits


def _with_digits(choice: Choice, own: bool) -> Choice:
    """Return the choice with a data set that is available, and with a digit that exists in it."""
    brought = own_digits.digits()
    if choice.data != OWN:
        return choice
    if brought is None:
        session.notify(
            "The link asks for a digit that someone drew or sent, and only the browser they used has it. Showing the "
            f"{DATA_SETS[BUILT_IN].digits}."
        )
        choice = replace(choice, data=BUILT_IN)
        session.correct(choice)
    elif not own:
        st.sidebar.caption(
            "Your own digits are for the lab and the pages Rules and Saliency maps. Here you see the "
            f"{DATA_SETS[BUILT_IN].digits}."
        )
        return replace(choice, data=BUILT_IN)
    elif not len(brought.of_class(choice.digit)):
        choice = choice.with_digit(int(brought.labels[-1]))
        session.correct(choice)
    return choice


def _missing(data: str) -> set[int]:
    own = own_digits.digits() if data == OWN else None
    return set() if own is None else set(range(10)) - set(own.labels.tolist())


def _with_network(choice: Choice) -> Choice:
    if choice.model in networks.names():
        return choice
    session.notify(
        "The link asks for a network of somebody's own, which stays in the browser where it was trained; there "
        f"is none in this one. Showing {NETWORKS[FIRST].label} instead."
    )
    choice = replace(choice, model=FIRST)
    session.correct(choice)
    return choice


def _with_reader(choice: Choice) -> Choice:
    """Return the choice with a reader that is here and is not the network under attack, or with none."""
    if choice.reader in ("", *networks.names()) and choice.reader != choice.model:
        return choice
    session.notify("The link asks to show the attacks to a network that is not in this browser. Showing them to none.")
    choice = replace(choice, reader="")
    session.correct(choice)
    return choice


def _within(choice: Choice, samples: int) -> Choice:
    if choice.sample < samples:
        return choice
    session.notify(f"There are {samples} samples of {choice.digit} here, numbered from 0. Showing the last one.")
    return replace(choice, sample=samples - 1)


# Each widget shows what the choice says and, when used, changes the choice: the choice is the one
# place where it is kept, so that links, pages and widgets cannot disagree.


def _take(name: str) -> None:
    taken = replace(session.requested(), **{name: st.session_state[f"widget-{name}"]})
    session.request(from_url(taken.to_url())[0])  # the browser may send what no widget offers


def _bound(name: str, value: object = None) -> dict:
    st.session_state[f"widget-{name}"] = getattr(session.requested(), name) if value is None else value
    return {"key": f"widget-{name}", "on_change": _take, "args": (name,), "help": HELP[name]}


def _select(name: str, options: dict[str, str], value: str) -> None:
    st.selectbox(CONTROLS[name], options, format_func=options.__getitem__, **_bound(name, value))


def _segmented(name: str, options: dict) -> None:
    label = CONTROLS[name]
    st.segmented_control(
        label, options, format_func=options.__getitem__, required=True, width="stretch", **_bound(name)
    )


def _slider(name: str, lowest: float, highest: float, step: float, form: str) -> None:
    st.slider(CONTROLS[name], lowest, highest, step=step, format=form, **_bound(name))


def _digit_grid(name: str, chosen: int, choice_for: Callable[[int], Choice], never: Iterable[int] = ()) -> None:
    st.markdown(CONTROLS[name], help=HELP[name])
    with st.container(key=f"grid-{name}"):
        for digit in range(10):
            st.button(
                str(digit),
                key=f"{name}-{digit}",
                disabled=digit in never,
                on_click=lambda digit=digit: session.request(choice_for(digit)),
            )
        access.group(f"grid-{name}", CONTROLS[name], pressed=chosen)


def _samples(choice: Choice, digits: Digits) -> None:
    """Offer the samples of the chosen digit as pictures, six at a time."""
    positions = digits.of_class(choice.digit)
    first = choice.sample // THUMBNAILS * THUMBNAILS
    shown = range(first, min(first + THUMBNAILS, len(positions)))
    readings = _readings(choice, digits, tuple(positions[first : first + THUMBNAILS].tolist()))
    misread = {sample: reads for sample, reads in zip(shown, readings, strict=False) if reads != choice.digit}
    with st.container(key="grid-sample"), tiles.sheet() as sheet:
        for sample in shown:
            sheet.tile(
                f"sample-{sample - first}",
                f"Sample {sample + 1}" + (f", misread as {an(misread[sample])}" if sample in misread else ""),
                digits.images[positions[sample]],
                mark=f"→ {misread[sample]}" if sample in misread else "",
                on_click=lambda sample=sample: session.request(replace(choice, sample=sample)),
            )
        access.group("grid-sample", CONTROLS["sample"], pressed=choice.sample - first)
    with st.container(
        key="sample-pages", horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
    ):
        turns, last = (first - THUMBNAILS, first + THUMBNAILS), len(positions) - 1
        _turn_page("‹", "Earlier samples", choice, max(turns[0], 0))
        st.caption(f"Sample {choice.sample + 1} of {len(positions)}", help=HELP["sample"])
        _turn_page("›", "Later samples", choice, min(turns[1], last))
        nowhere = [at for at, sample in enumerate(turns) if not 0 <= sample <= last]
        access.group("sample-pages", "Pages of samples", unavailable=nowhere)


def _readings(choice: Choice, digits: Digits, positions: tuple[int, ...]) -> tuple[int, ...]:
    """Return what the chosen network reads at `positions`; nothing where it cannot be loaded."""
    network = networks.loaded(choice.model)
    if network is None:
        return ()
    images = digits.images[list(positions)]
    if network.own or choice.data == OWN:
        return _read(network.module, images)
    return _read_and_kept(network.key, choice.data, positions, network.module, images)


@st.cache_data(max_entries=500, show_spinner=False)
def _read_and_kept(
    network: str, data: str, positions: tuple[int, ...], _module: nn.Module, _images: Tensor
) -> tuple[int, ...]:
    return _read(_module, _images)


@torch.no_grad()
def _read(module: nn.Module, images: Tensor) -> tuple[int, ...]:
    return tuple(module(images).argmax(dim=1).tolist())


def _turn_page(label: str, meaning: str, choice: Choice, sample: int) -> None:
    st.button(
        label,
        key=f"page-{meaning}",
        help=meaning,
        type="tertiary",
        on_click=lambda: session.request(replace(choice, sample=sample)),
    )


def _offer_download(data: str, problem: DataUnavailable) -> None:
    """Say why the data set is not available and offer to download it, with progress; a failure changes nothing."""
    wanted = DATA_SETS[data]
    st.caption(f"{plain(problem)} Until then you see the {DATA_SETS[BUILT_IN].digits}.")
    if wanted.download is None:
        return
    if not st.button(f"Download {wanted.label.split(',')[0]} ({wanted.megabytes} MB)", key="download", width="stretch"):
        return
    if not _ONE_DOWNLOAD.acquire(blocking=False):
        st.info("Another visitor is downloading it already. It will be ready soon.", icon=":material/info:")
        return
    try:
        bar = st.progress(0.0, "Asking for the first file …")
        with while_waiting():
            wanted.download(lambda share: bar.progress(share, f"Downloading: {share:.0%}"))
    except DataUnavailable as failure:
        bar.empty()
        st.error(plain(failure), icon=":material/cloud_off:")
    else:
        st.rerun()
    finally:
        _ONE_DOWNLOAD.release()
