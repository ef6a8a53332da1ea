"""Everything that is drawn is there in words, too: no picture, chart or table without them."""

import ast

from tests.helpers.paths import ROOT

DRAWN = {"image", "altair_chart", "vega_lite_chart", "line_chart", "bar_chart", "area_chart", "scatter_chart", "pyplot"}


def calls(names: set[str]) -> list[tuple[str, ast.Call]]:
    """Return the calls of the functions `names` of Streamlit in the app, each with where it stands."""
    found = []
    for path in [ROOT / "app.py", *(ROOT / "pages").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in names:
                found.append((f"{path.relative_to(ROOT)}:{node.lineno}", node))
    return found


def test_every_picture_and_chart_says_what_it_shows():
    others = ("shown", "recording")  # the one says it itself, the other's image is data
    drawn = [
        (place, call)
        for place, call in calls(DRAWN)
        if call.args and not any(other in ast.unparse(call.func.value) for other in others)
    ]
    assert len(drawn) > 15
    assert not [place for place, call in drawn if "alt" not in {keyword.arg for keyword in call.keywords}]


def test_no_table_has_a_column_without_a_name():
    tables = calls({"table", "dataframe"})
    assert len(tables) > 5
    assert not [place for place, call in tables if "hide_index" not in {keyword.arg for keyword in call.keywords}]
