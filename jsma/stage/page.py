"""The stage as HTML: its views, its static HTML, and a recording as a self-contained page."""

import json
import re
from base64 import b64encode
from html import escape
from typing import TYPE_CHECKING

from .. import palette
from ..glossary import TERMS
from ..rules import Rule
from . import pieces

if TYPE_CHECKING:
    from .facts import Recording

VIEWS = {
    "picture": "The picture",
    "reading": "The network's reading",
    "jacobian": "1 Jacobian",
    "map": "2 Saliency: the map",
    "saliency": "2 Saliency: the pair plane",
    "perturb": "3 Perturb",
}
"""The table of the stage's views: their headings, by the names in stage.html (data-view). Two share step 2."""

FRAME_HEIGHT = 920
"""The height of a recording in a notebook, in CSS pixels: enough for notebooks at least 900 wide."""


def skeleton(actions: str = "", guide: str = "") -> str:
    """Return the stage's static HTML, in which every <dfn> is replaced by a button that explains the term.

    actions, guide: HTML to insert beside the title, and beside the line in plain words below it.
    """
    names = {name.lower(): name for name in TERMS}

    def button(found: re.Match[str]) -> str:
        word, mark = found.groups()
        term = names[word.lower()]
        button = f'<button type="button" class="term" aria-expanded="false" data-term="{term}">{word}</button>'
        return f'<span class="unbroken">{button}{mark}</span>' if mark else button

    weighted_rules = " and ".join(f"<dfn>{rule.label}</dfn>" for rule in Rule if rule.weighs_by_probability)
    html = pieces.html(pieces.HERE, "stage").replace("<!-- actions -->", actions).replace("<!-- guide -->", guide)
    html = html.replace("<!-- weighing rules -->", f"The rules {weighted_rules}")
    return re.sub(r"<dfn>(.*?)</dfn>([.,:;)]*)", button, html)


def page(recording: "Recording") -> str:
    """Return the stage with `recording` as a self-contained HTML page, which needs no server and no network.

    It can be opened from a file. Its theme, light or dark, is that of the browser.
    """
    setting = {
        "recording": recording.name,
        "start": 0,
        "visit": 0,
        "views": list(VIEWS),
        "predict": False,
        "level": 1,
    }
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{_title(recording)}</title>
<style>
{_theme()}
{(pieces.HERE / "page.css").read_text(encoding="utf-8")}
{pieces.css(pieces.HERE, "stage")}
</style>
</head>
<body>
<noscript>This page shows an attack step by step. It needs JavaScript, which is disabled.</noscript>
<main>
{skeleton()}
</main>
<script type="application/json" id="setting">{json.dumps(setting)}</script>
<script type="text/plain" id="recording">{b64encode(recording.payload).decode("ascii")}</script>
<script type="module">
{_in_a_script(pieces.script(pieces.SCRIPTS / "page.js"))}
</script>
</body>
</html>
"""


def frame(recording: "Recording") -> str:
    """Return the page in an <iframe>, which isolates its styles from those of the notebook."""
    return (
        f'<iframe title="{_title(recording)}" srcdoc="{escape(page(recording))}" '
        f'style="width: 100%; height: {FRAME_HEIGHT}px; border: 0"></iframe>'
    )


def _title(recording: "Recording") -> str:
    return f"JSMA: {recording.label} attacked towards {recording.target}"


def _theme() -> str:
    """Return CSS that defines the variables of a Streamlit theme, from the palette."""
    light, dark = (
        f":root {{ --st-background-color: {palette.COLOURS[theme]['paper']}; }}" for theme in ("light", "dark")
    )
    return f"{light}\n@media (prefers-color-scheme: dark) {{ {dark} }}"


def _in_a_script(code: str) -> str:
    """Return the code with escapes, so that it cannot end the <script> element around it or begin another."""
    return re.sub(r"<(?=/script|script|!--)", r"\\x3c", code, flags=re.IGNORECASE)
