"""Words from outside, of an address, a file or a browser, as plain text within Markdown.

Streamlit's Markdown cannot be turned off in a warning or a label, and backslashes are not enough: icons
(:material_home:), Streamlit's logo, emoji, arrows and links from bare addresses are looked for after the backslashes
are gone, wherever their characters stand in one piece of text. Such a character gets a piece of its own: `:color[…]`
without a colour is a bare span.
"""

import re

_SPECIAL = re.compile(
    r"""(?P<alone>:(?!\s)|[@<>~]|(?<=www)\.|-(?=-))  # begins of directives, addresses, arrows and dashes
    |[\\`*_\[\]$|&\#]                                # code, emphasis, links, formulas, tables, entities, headings
    |\A\s?(?:=|[-+](?=\s|\Z)|\d+[.)](?=\s|\Z))       # a list or an underline, where a paragraph begins""",
    re.VERBOSE | re.IGNORECASE,
)


def cut(text: object, most: int = 24) -> str:
    """Return the first `most` characters of `text`, with … where there are more."""
    text = str(text)
    return text if len(text) <= most else f"{text[:most]}…"


def plain(text: object) -> str:
    """Return Markdown that shows `text` as it is, in one line.

    Any white space becomes one blank; what cannot be seen, or would turn the direction of writing, becomes �.
    """
    line = re.sub(r"\s+", " ", str(text))
    return _SPECIAL.sub(_harmless, "".join(each if each.isprintable() else "�" for each in line))


def _harmless(found: re.Match) -> str:
    return f":color[\\{found[0]}]" if found["alone"] else f"{found[0][:-1]}\\{found[0][-1]}"
