"""Where the project lies."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
APP = str(ROOT / "app.py")
NOWHERE = str(ROOT / "no-such-folder")
