"""What comes from outside, made up and damaged by the thousand: python -m benchmarks.fuzz

Files for `open_picture` (whole ones of every kind, then with bytes changed, cut, doubled, swapped), addresses for
`from_url` and for widgets that are bound to one, and what a browser may send as the stage's value. Each input must
give a result that is in order, or a Refused with a sentence; anything else is printed and counted, and the exit code is
then 1. What is said of an address must be plain text, though the address holds Markdown.
"""

import argparse
import io
import json
import random
import re
import sys
from collections import Counter
from collections.abc import Iterator
from types import SimpleNamespace

import numpy as np
from PIL import Image

from jsma.handwriting import SIDE_LIMIT
from pages.ui.choice import CONTROLS, GAMMAS, THETAS, VIEWS, Choice, all_data_labels, from_url, model_names
from pages.ui.evaluation.evaluating import problem_with_images
from pages.ui.outside import plain
from pages.ui.shared.comparison.methods import AT_FIRST, METHODS, problem_with_rules
from pages.ui.stage import settled
from pages.ui.your_digit.opening import Refused, open_picture

MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr", "I;16", "I", "F")
NAMES = [
    "data",
    "model",
    "digit",
    "sample",
    "target",
    "rule",
    "output",
    "direction",
    "theta",
    "gamma",
    "step",
    "hide",
    "views",
    "predict",
]
NAMES += ["images", "rules", "own", "__class__", "<b>", ""]
WORDS = [
    "0",
    "7",
    "9",
    "-1",
    "1e9",
    "nan",
    "inf",
    "-inf",
    "0.5",
    "٣",
    "𝟟",
    "0x7",
    "1_0",
    "%00",
    "a,b",
    ",,,",
    "{}",
    "None",
    "true",
    "../../etc/passwd",
    "<script>",
]
WORDS += ["uci", "mnist", "own", "lenet", "tutorial", "jsma", "both", "increase", "logits", "picture,reading"]
WORDS += ["", "7 ", "\0", "1" * 5000, "'; drop table", "20", "200", *list(METHODS)[:3]]

MARKDOWN = [
    "[Log in again](//a.bc)",
    "![](//a.bc/x)",
    "[x]: //a.bc",
    "<//a.bc>",
    "http://a.bc/x",
    "HTTPS://a.bc",
    "www.a.bc",
    "WWW.a.bc",
    "joe@a.bc",
    "mailto:joe@a.bc",
    "<b>bold</b>",
    "<img src=//a.bc/x>",
    "<!-- x -->",
    "&lt;b&gt; &#58;",
    "# Heading",
    "- item",
    "1. item",
    "+ item",
    "> quote",
    "---",
    "=",
    "| a | b |",
    "**bold** __bold__",
    "*italic* _italic_",
    "~~gone~~ ~gone~",
    "`code` ``co`de``",
    "```mermaid",
    "$x^2$ $$x$$",
    "\\$x$ \\[x](y)",
    "[^1] [ ] [x]",
    ":red[red] :red-background[red]",
    ":small[x]{.y} :help[z]",
    ":color[x]{background=red}",
    "::x[y] :::x",
    ":material/home: :material_home:",
    ":streamlit: :smile: :+1:",
    "-> <- <-> -- >= <= ~=",
    "a -- b -> c",
]
"""What is Markdown, HTML, or another thing that Streamlit makes something of."""


def main() -> None:
    """Try the inputs and print what became of them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", type=int, default=100_000, help="of which three quarters are files")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    dice = random.Random(options.seed)
    files = options.inputs * 3 // 4
    outcomes = Counter(try_file(data) for data in damaged_files(dice, files))
    outcomes.update(try_address(address) for address in addresses(dice, (options.inputs - files) // 2))
    outcomes.update(try_browser(value) for value in browser_values(dice, (options.inputs - files) // 2))
    for outcome, count in outcomes.most_common():
        print(f"{count:9,}  {outcome}")
    sys.exit(any(outcome.startswith("FAULT") for outcome in outcomes))


def try_file(data: bytes) -> str:
    """Return what became of a file."""
    try:
        opened = open_picture(data)
    except Refused as refusal:
        return f"file refused: {str(refusal)[:36]}…"
    except BaseException as fault:  # whatever it is, it is what we look for
        return f"FAULT in a file: {fault!r}"[:120]
    grey = opened.grey
    if grey.ndim != 2 or max(grey.shape) > SIDE_LIMIT or not (grey.min() >= 0 and grey.max() <= 1):
        return "FAULT in a file: a picture out of order"
    return "file opened"


def try_address(address: dict[str, str]) -> str:
    """Return what became of an address."""
    try:
        choice, notices = from_url(address)
        again, _ = from_url(choice.to_url())
        asked = list(address.values())
        notices += [problem_with_images(asked[:2], 10), problem_with_rules(asked, AT_FIRST)]
        for notice in notices:
            shown(plain(notice))
    except BaseException as fault:
        return f"FAULT in an address: {fault!r}"[:120]
    in_order = (
        choice.data in all_data_labels()
        and choice.model in model_names()
        and choice.digit in range(10)
        and choice.target in range(10)
        and choice.digit != choice.target
        and THETAS[0] <= choice.theta <= THETAS[1]
        and GAMMAS[0] <= choice.gamma <= GAMMAS[1]
        and set(choice.hide) <= set(CONTROLS)
        and set(choice.views) <= set(VIEWS)
        and again == choice
        and choice.attack is not None
    )
    if not in_order:
        return f"FAULT in an address: {choice}"[:120]
    return (
        "address taken, with remarks" if notices else "address taken" if choice != Choice() else "address says nothing"
    )


def shown(markdown: str) -> str:
    """Return what Streamlit shows of Markdown that is one line of plain text; ValueError where it is more than that.

    Such a line has backslashes before what would be Markdown, and in spans of their own single characters of what is
    looked for later, when the backslashes are gone.
    """
    text = ""
    for piece in re.split(r"(:color\[\\.\])", markdown):
        if piece.startswith(":color["):
            text += piece[8:-1]
            continue
        if re.search(r"[\\`*_\[\]<>$|&#~]", re.sub(r"\\[!-/:-@\[-`{-~]", "", piece)):
            raise ValueError(f"There is Markdown left: {piece!r}")
        piece = re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", piece)
        if re.search(r"(?i):\S|www\.|@|(^|\s)(<->|->|<-|--|>=|<=|~=)(\s|$)", piece):
            raise ValueError(f"Streamlit will make something of {piece!r}")
        text += piece
    if re.match(r"\s*([-+]|\d+[.)])(\s|$)|\s*=", markdown) or "  " in markdown or not markdown.isprintable():
        raise ValueError(f"It is more than a line of text: {markdown!r}")
    return text


def try_browser(value: object) -> str:
    """Return what became of what a browser may send as the stage's value."""
    recording = SimpleNamespace(name="a", iterations=5)
    try:
        where = settled(value, recording, 1)
    except BaseException as fault:
        return f"FAULT in a browser's value: {fault!r}"[:120]
    if where is not None and not (where.step in range(6) and type(where.hidden) is bool):
        return f"FAULT in a browser's value: {where}"[:120]
    return "browser's value taken" if where else "browser's value says nothing"


def browser_values(dice: random.Random, count: int) -> Iterator[object]:
    """Yield values of every wrong kind, with right ones among them, as JSON brings them."""
    names = ["recording", "visit", "step", "hidden", "drawing", "raw", "data", "objects", "backgroundFit", "scaleX"]
    leaves = [None, True, False, 0, 1, -1, 5, 2.0, 1e400, float("nan"), "", "a", [], {}, *WORDS, *MARKDOWN]
    leaves += ["data:image/png;base64,", "data:image/png;base64,iVBORw0KGgo=", "x;base64,%%%", ";base64,AAA"]

    def made(depth: int) -> object:
        if depth and dice.random() < 0.8:
            if dice.random() < 0.2:
                return [made(depth - 1) for _ in range(dice.randrange(3))]
            return {name: made(depth - 1) for name in dice.sample(names, dice.randrange(len(names)))}
        return dice.choice(leaves)

    right = {"recording": "a", "visit": 1, "step": 3, "hidden": False}
    for _ in range(count):
        value = made(3)
        if dice.random() < 0.3 and isinstance(value, dict):
            value = right | {name: value[name] for name in value if dice.random() < 0.3}
        yield json.loads(json.dumps(value))


def whole_files(seed: int = 0) -> list[bytes]:
    """Return small whole files of every format and mode, with and without what may come along."""
    dice, files = np.random.default_rng(seed), []
    grey = Image.fromarray(dice.integers(0, 256, (24, 30), dtype=np.uint8))
    for mode in MODES:
        picture = Image.fromarray(np.asarray(grey, dtype=np.uint16) * 257) if mode == "I;16" else grey.convert(mode)
        for kind in ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"):
            file = io.BytesIO()
            try:
                picture.save(file, kind)
            except (OSError, ValueError):  # not every format knows every mode
                continue
            files.append(file.getvalue())
    for turn in range(1, 9):
        exif, file = Image.Exif(), io.BytesIO()
        exif[0x0112] = turn
        grey.save(file, "JPEG", exif=exif)
        files.append(file.getvalue())
    for kind in ("PNG", "WEBP"):
        file = io.BytesIO()
        grey.save(file, kind, save_all=True, append_images=[grey.rotate(90), grey.rotate(180)])
        files.append(file.getvalue())
    return [
        *files,
        b"",
        b"\x89PNG\r\n\x1a\n",
        b"RIFF\0\0\0\0WEBP",
        b"\xff\xd8\xff",
        b"<svg onload=alert(1)>",
        b"%PDF-1.4",
    ]


def damaged_files(dice: random.Random, count: int) -> Iterator[bytes]:
    """Yield whole files first, then damaged ones."""
    whole = whole_files()
    yield from whole[:count]
    for _ in range(count - len(whole)):
        data = bytearray(dice.choice(whole))
        for _ in range(dice.choice((1, 1, 2, 5, 20))):
            if not data:
                break
            at, how = dice.randrange(len(data)), dice.randrange(6)
            if how == 0:
                data[at] = dice.randrange(256)
            elif how == 1:
                data[at] ^= 1 << dice.randrange(8)
            elif how == 2:
                del data[at:]
            elif how == 3:
                data[at:at] = data[at : at + dice.randrange(64)]
            elif how == 4:
                data[at : at + 4] = dice.choice((b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff", b"\0\0\0\1"))
            else:
                other = dice.choice(whole)
                data[at:] = other[min(at, len(other)) :]
        yield bytes(data)


def addresses(dice: random.Random, count: int) -> Iterator[dict[str, str]]:
    """Yield query parameters of every wrong kind, with right ones among them."""
    for _ in range(count):
        names = dice.sample(NAMES, dice.randrange(1, 7))
        yield {name: dice.choice(dice.choice((WORDS, WORDS, MARKDOWN, [_noise(dice)]))) for name in names}


def _noise(dice: random.Random) -> str:
    return "".join(
        chr(dice.choice((dice.randrange(32, 127), dice.randrange(0xD800)))) for _ in range(dice.randrange(12))
    )


if __name__ == "__main__":
    main()
