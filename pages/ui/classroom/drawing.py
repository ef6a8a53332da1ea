"""What a class has answered, drawn: picks as a heat map on the picture, counts as bars, the way in as a QR code."""

from collections.abc import Mapping, Sequence
from html import escape

import numpy as np

from jsma.export import picture
from jsma.palette import coloured
from jsma.stage.recording import Recording
from pages.ui.classroom.picks import Pair, heat
from pages.ui.shared.classroom.once import once_for_all
from pages.ui.tiles import data_url


@once_for_all(8)
def pictures_to_pick_on(recording: Recording, step: int, theme: str) -> dict[str, str]:
    """Return the picture at `step` and the maps of a and b as data URLs, by their names."""
    shape = (recording.height, recording.width)
    urls = {"The picture": data_url(picture(recording.image(step), recording.image(0)))}
    for name, values in (
        (f"a: orange raises the {recording.target}", recording.target_gradient[step]),
        ("b: blue lowers the others", recording.others_gradient[step]),
    ):
        limit = float(np.quantile(np.abs(values), 0.99)) or 1.0
        urls[name] = data_url(coloured(values.reshape(shape), theme, "diverging", -limit, limit))
    return urls


def picks(recording: Recording, step: int, pairs: Sequence[Pair]) -> str:
    """Return the picture at `step` with all picks as a heat map on it, as a data URL; dark, as digits are."""
    counts = heat(pairs, recording.height, recording.width)
    grey = picture(recording.image(step), recording.image(0))
    colours = np.where((counts > 0)[..., None], coloured(counts, "dark", "partner", 0, max(1, counts.max())), grey)
    return data_url(colours.astype(np.uint8))


def board(url: str, size: tuple[int, int], marked: Mapping[str, Pair], words: str) -> str:
    """Return HTML that shows a picture (height, width) with frames around `marked` pairs, by their CSS class."""
    height, width = size
    side = f"width:{100 / width:.3f}%;height:{100 / height:.3f}%"
    frames = "".join(
        f'<i class="{name}" style="left:{100 * column / width:.3f}%;top:{100 * row / height:.3f}%;{side}"></i>'
        for name, pair in marked.items()
        for row, column in (divmod(pixel, width) for pixel in pair)
    )
    return f'<div class="class-board" role="img" aria-label="{escape(words)}"><img src="{url}" alt="">{frames}</div>'


def bars(counts: Mapping[str, int], right: str | None = None, own: str | None = None) -> str:
    """Return counts as horizontal bars, HTML; right: the one that is right, if shown; own: the one marked as yours."""
    most = max(1, *counts.values())
    rows = "".join(
        f'<div class="label">{"✓ " if name == right else ""}{escape(name)}{" (you)" if name == own else ""}</div>'
        f'<div class="track"><div class="bar{" right" if name == right else ""}" '
        f'style="width:{100 * count / most:.1f}%"></div></div><div class="count">{count}</div>'
        for name, count in counts.items()
    )
    return f'<div class="class-bars">{rows}</div>'


def qr_code(link: str) -> str:
    """Return a QR code of `link` as a picture in a data URL, dark on white in every theme."""
    import segno  # here: only a teacher needs it

    return segno.make(link, micro=False).png_data_uri(scale=8, border=3)
