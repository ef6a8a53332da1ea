"""The stage as HTML: its views, its skeleton, and a recording as a page that needs neither server nor network."""

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
    "saliency": "2 Saliency",
    "perturb": "3 Perturb",
}
"""The parts of the stage, with their headings, by the names in stage.html (data-view)."""

FRAME_HEIGHT = 920
"""Of a recording in a notebook, in CSS pixels: all of it is seen where a notebook is 900 wide or more."""


def skeleton(actions: str = "") -> str:
    """Return the stage's skeleton, every <dfn> of a term made a word that explains itself when clicked.

    actions: HTML that stands beside the title.
    """
    names = {name.lower(): name for name in TERMS}

    def button(found: re.Match[str]) -> str:
        term = names[found[1].lower()]
        return f'<button type="button" class="term" aria-expanded="false" data-term="{term}">{found[1]}</button>'

    weighing = " and ".join(f"<dfn>{rule.label}</dfn>" for rule in Rule if rule.weighs_by_probability)
    html = pieces.html(pieces.HERE, "stage").replace("<!-- actions -->", actions)
    html = html.replace("<!-- weighing rules -->", f"The rules {weighing}")
    return re.sub(r"<dfn>(.*?)</dfn>", button, html)


def page(recording: "Recording") -> str:
    """Return the whole stage with `recording` as one HTML page, which fetches nothing.

    It opens from a file. It is light or dark as the browser is.
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
<noscript>This page shows an attack step by step. It needs JavaScript, which is switched off.</noscript>
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
    """Return an <iframe> that holds the page, so that its style and that of a notebook do not meet."""
    return (
        f'<iframe title="{_title(recording)}" srcdoc="{escape(page(recording))}" '
        f'style="width: 100%; height: {FRAME_HEIGHT}px; border: 0"></iframe>'
    )


def _title(recording: "Recording") -> str:
    return f"JSMA: {recording.label} attacked towards {recording.target}"


def _theme() -> str:
    """Return the variables that a theme of Streamlit would give, from the palette."""
    light, dark = (
        f":root {{ --st-background-color: {palette.COLOURS[theme]['paper']}; }}" for theme in ("light", "dark")
    )
    return f"{light}\n@media (prefers-color-scheme: dark) {{ {dark} }}"


def _in_a_script(code: str) -> str:
    """Return the code such that nothing in it ends the <script> around it, or begins another."""
    return re.sub(r"<(?=/script|script|!--)", r"\\x3c", code, flags=re.IGNORECASE)
