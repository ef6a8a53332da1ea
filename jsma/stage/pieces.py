"""What the pieces drawn in the browser have in common: colours of meaning, buttons to step by, a slider, arrow keys.

The palette stands in palette.css alone; charts and pictures that Python draws take it from COLOURS.
"""

import re
from pathlib import Path

from .modules import join
from .texts import texts

HERE = Path(__file__).parent
SCRIPTS = HERE / "scripts"


def _colours() -> dict[str, dict[str, str]]:
    light, dark = re.findall(r"\{(.*?)\}", (HERE / "palette.css").read_text(encoding="utf-8"), re.DOTALL)
    return {
        theme: dict(re.findall(r"--([\w-]+): ([^;]+);", block)) for theme, block in (("light", light), ("dark", dark))
    }


COLOURS = _colours()
"""By theme, "light" or "dark", and by name in the palette: a colour, or several with blanks between."""


def html(folder: Path, name: str) -> str:
    """Return the skeleton of a piece, name.html in folder, with the buttons to step by where it asks for them."""
    buttons = (HERE / "buttons.html").read_text(encoding="utf-8").replace("NAME", name)
    return (folder / f"{name}.html").read_text(encoding="utf-8").replace("<!-- buttons -->", buttons)


def css(folder: Path, name: str) -> str:
    """Return the style of a piece, its root being of the class `drawn` and of its own."""
    files = (HERE / "palette.css", HERE / "controls.css", folder / f"{name}.css")
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


def script(entry: Path) -> str:
    """Return the module `entry` and all that it imports as one, with the texts that Python writes."""
    return join(entry, {SCRIPTS / "texts.js": texts()})
