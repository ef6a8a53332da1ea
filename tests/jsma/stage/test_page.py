"""A recording as one page: it holds the recording byte for byte, and asks nobody for anything."""

import json
import re
from base64 import b64decode
from html.parser import HTMLParser

import pytest

from jsma import Attack, load_model
from jsma.glossary import TERMS
from jsma.palette import COLOURS
from jsma.stage import record
from jsma.stage.page import VIEWS, skeleton


class Parsed(HTMLParser):
    """What a browser finds in HTML: tags with their attributes, and the text in each script, style and title."""

    def __init__(self, html: str):
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.texts: dict[str, str] = {}
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        tag, attributes = self.tags[-1] if self.tags else ("", {})
        name = attributes.get("id") or tag
        self.texts[name] = self.texts.get(name, "") + data

    def all(self, tag: str) -> list[dict]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def recording(uci):
    return record(load_model(), uci.images[22], 2, 3, Attack(gamma=0.015))


@pytest.fixture(scope="module")
def page(recording):
    return Parsed(recording.to_html())


def test_the_page_has_a_language_a_title_and_a_width_for_phones(page, recording):
    assert recording.to_html().startswith("<!DOCTYPE html>")
    assert page.all("html") == [{"lang": "en"}]
    assert page.texts["title"].strip() == "JSMA: 2 attacked towards 3"
    assert {"charset": "utf-8"} in page.all("meta")
    assert "width=device-width" in str(page.all("meta"))


def test_the_page_holds_the_recording_byte_for_byte(page, recording):
    assert b64decode(page.texts["recording"]) == recording.payload


def test_the_page_begins_at_the_start_and_shows_everything(page, recording):
    setting = json.loads(page.texts["setting"])
    assert setting == {
        "recording": recording.name,
        "start": 0,
        "visit": 0,
        "views": list(VIEWS),
        "predict": False,
        "level": 1,
    }


def test_nothing_in_the_page_is_fetched(page, recording):
    assert {tag for tag, _ in page.tags} & {"link", "img", "iframe", "object", "embed", "base", "a", "form"} == set()
    for _, attributes in page.tags:
        assert not set(attributes) & {"src", "href", "srcset", "action", "data", "poster"}
    assert not re.search(r"url\(|@import\s+[\"u]", page.texts["style"])
    around = recording.to_html().replace(page.texts["recording"], "")
    assert not re.search(r"https?://|\bfetch\(|XMLHttpRequest|WebSocket|EventSource|sendBeacon", around)


def test_the_page_has_three_scripts_and_one_style_that_end_where_they_should(page):
    assert [attributes["type"] for attributes in page.all("script")] == ["application/json", "text/plain", "module"]
    assert page.texts["script"].rstrip().endswith("showRecording();")
    assert page.texts["style"].count("{") == page.texts["style"].count("}")


def test_the_page_holds_the_glossary_and_every_term_of_the_skeleton_is_in_it(page):
    glossary = re.search(r"^const GLOSSARY = (.*);$", page.texts["script"], re.MULTILINE)
    assert json.loads(glossary[1]) == TERMS
    terms = [attributes["data-term"] for attributes in page.all("button") if "data-term" in attributes]
    assert len(terms) > 10
    assert set(terms) <= set(TERMS)


def test_the_page_is_light_or_dark_as_the_browser_is_in_the_colours_of_the_palette(page):
    grounds = re.findall(r"--st-background-color: (#\w+);", page.texts["style"])
    assert grounds == [COLOURS["light"]["paper"], COLOURS["dark"]["paper"]]
    assert "(prefers-color-scheme: dark)" in page.texts["style"]
    assert "var(--st-background-color" in page.texts["style"]


def test_a_page_has_no_link_to_copy_while_the_app_may_add_one(page):
    assert not [attributes for attributes in page.all("button") if attributes.get("data-testid") == "stage-copy"]
    added = '<button class="copy">Copy</button>'
    assert skeleton(actions=added) == skeleton().replace("</h1>", f"</h1>{added}")


def test_views_are_those_of_the_skeleton():
    named = [attributes["data-view"] for _, attributes in Parsed(skeleton()).tags if "data-view" in attributes]
    shown = {view for names in named for view in names.split()}  # what several views share names them all
    assert shown == {*VIEWS, "loop"}


def test_a_notebook_shows_the_page_in_a_frame_of_its_own(recording):
    frame = Parsed(recording._repr_html_())
    assert [tag for tag, _ in frame.tags] == ["iframe"]
    assert frame.tags[0][1]["srcdoc"] == recording.to_html()
    assert "width: 100%" in frame.tags[0][1]["style"]
    assert frame.tags[0][1]["title"]


def test_two_recordings_differ_in_their_data_only(recording, uci):
    other = record(load_model(), uci.images[22], 2, 5, Attack(gamma=0.01))
    pages = [Parsed(each.to_html()) for each in (recording, other)]
    assert pages[0].texts["script"] == pages[1].texts["script"]
    assert pages[0].texts["recording"] != pages[1].texts["recording"]
