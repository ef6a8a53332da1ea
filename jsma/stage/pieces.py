"""HTML, CSS and script of the browser components (the stage and others): common palette, buttons and slider."""

from pathlib import Path

from .. import palette
from .modules import join
from .texts import texts

HERE = Path(__file__).parent
SCRIPTS = HERE / "scripts"


def html(folder: Path, name: str) -> str:
    """Return the HTML of a component, name.html in folder; step buttons replace its comment <!-- buttons -->."""
    buttons = (HERE / "buttons.html").read_text(encoding="utf-8").replace("NAME", name)
    return (folder / f"{name}.html").read_text(encoding="utf-8").replace("<!-- buttons -->", buttons)


def css(folder: Path, name: str) -> str:
    """Return the CSS of a component: the palette, the common controls, and name.css in folder."""
    files = (palette.FILE, HERE / "controls.css", folder / f"{name}.css")
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


def script(entry: Path) -> str:
    """Return the module `entry` and all its imports as one module, with the texts from Python's tables."""
    return join(entry, {SCRIPTS / "texts.js": texts()})
