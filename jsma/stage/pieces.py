"""What the pieces drawn in the browser have in common: colours of meaning, buttons to step by, a slider, arrow keys."""

from pathlib import Path

from .. import palette
from .modules import join
from .texts import texts

HERE = Path(__file__).parent
SCRIPTS = HERE / "scripts"


def html(folder: Path, name: str) -> str:
    """Return the skeleton of a piece, name.html in folder, with the buttons to step by where it asks for them."""
    buttons = (HERE / "buttons.html").read_text(encoding="utf-8").replace("NAME", name)
    return (folder / f"{name}.html").read_text(encoding="utf-8").replace("<!-- buttons -->", buttons)


def css(folder: Path, name: str) -> str:
    """Return the style of a piece, its root being of the class `drawn` and of its own."""
    files = (palette.FILE, HERE / "controls.css", folder / f"{name}.css")
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


def script(entry: Path) -> str:
    """Return the module `entry` and all that it imports as one, with the texts that Python writes."""
    return join(entry, {SCRIPTS / "texts.js": texts()})
