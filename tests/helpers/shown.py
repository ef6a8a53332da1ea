"""What a page shows of plain text that is written as Markdown (see pages/ui/outside.py)."""

import re


def shown(markdown: str) -> str:
    """Return the text as a visitor reads it."""
    return re.sub(r":color\[\\(.)\]|\\([!-/:-@\[-`{-~])", r"\1\2", markdown)
