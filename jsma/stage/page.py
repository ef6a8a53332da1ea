"""The stage as HTML: its views and its skeleton."""

import re

from ..glossary import TERMS
from ..rules import Rule
from . import pieces

VIEWS = {
    "picture": "The picture",
    "reading": "The network's reading",
    "jacobian": "1 Jacobian",
    "saliency": "2 Saliency",
    "perturb": "3 Perturb",
}
"""The parts of the stage, with their headings, by the names in stage.html (data-view)."""


def skeleton(actions: str = "") -> str:
    """Return the stage's skeleton, every <dfn> of a term made a word that explains itself when clicked.

    actions: HTML that stands beside the title.
    """
    names = {name.lower(): name for name in TERMS}

    def button(found: re.Match) -> str:
        term = names[found[1].lower()]
        return f'<button type="button" class="term" aria-expanded="false" data-term="{term}">{found[1]}</button>'

    weighing = " and ".join(f"<dfn>{rule.label}</dfn>" for rule in Rule if rule.weighs_by_probability)
    html = pieces.html(pieces.HERE, "stage").replace("<!-- actions -->", actions)
    html = html.replace("<!-- weighing rules -->", f"The rules {weighing}")
    return re.sub(r"<dfn>(.*?)</dfn>", button, html)
