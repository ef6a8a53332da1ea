"""What style sheets say is understood by every browser that shows the app."""

import re

from tests.helpers.paths import ROOT


def test_lines_under_words_are_given_one_property_at_a_time_since_webkit_ignores_them_otherwise():
    sheets = [*ROOT.glob("jsma/**/*.css"), *ROOT.glob("pages/**/*.css")]
    assert sheets
    for sheet in sheets:
        told = re.findall(r"text-decoration:\s*([^;}]+)", sheet.read_text(encoding="utf-8"))
        assert [line for line in told if len(line.replace("!important", "").split()) > 1] == [], sheet
