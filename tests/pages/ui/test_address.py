"""Addresses that are written out: they end with a slash before the query, whatever the server stands behind."""

import pytest

from pages.ui import address

LAB = [
    ("http://localhost:8501", "", "http://localhost:8501/"),
    ("http://localhost:8501/", "", "http://localhost:8501/"),
    ("https://school.example/jsma", "jsma", "https://school.example/jsma/"),
    ("https://school.example/jsma/", "/jsma/", "https://school.example/jsma/"),
    ("https://school.example/apps/jsma", "apps/jsma", "https://school.example/apps/jsma/"),
    ("https://school.example/jsma", "", "https://school.example/jsma/"),  # a proxy that takes the path away
    ("https://school.example/apps/jsma", "jsma", "https://school.example/apps/jsma/"),  # and one that takes a part
    ("http://[::1]:8501", "", "http://[::1]:8501/"),
]


@pytest.mark.parametrize(("url", "base", "app"), LAB)
def test_a_link_leads_to_the_app_without_another_redirect(url, base, app):
    assert address.split(url, base) == (app, "")


@pytest.mark.parametrize("page", sorted(address.PAGES))
@pytest.mark.parametrize(("url", "base", "app"), LAB)
def test_from_every_page_the_same_link(url, base, app, page):
    for end in ("", "/"):
        assert address.split(f"{url.rstrip('/')}/{page}{end}", base) == (app, page)


@pytest.mark.parametrize("base", ["Model", "my-Model", "apps/Grid"])
def test_a_path_that_ends_like_a_page_is_no_page(base):
    shortened = base.removesuffix("Model").removesuffix("Grid")  # so Streamlit's st.context.url gives it for the lab
    for url in (f"https://school.example/{base}", f"https://school.example/{shortened}".removesuffix("/")):
        assert address.split(url, base) == (f"https://school.example/{base}/", "")
    assert address.split(f"https://school.example/{base}/Rules", base) == (f"https://school.example/{base}/", "Rules")


def test_a_query_follows_the_slash():
    assert address.with_query("https://a/b/", {"views": "picture,reading", "data": "x&y"}) == (
        "https://a/b/?views=picture,reading&data=x%26y"
    )


def test_whatever_the_path_is_it_stays_within_a_link():
    app, _ = address.split("https://school.example/x)[Log in](//a.bc)%20y")
    assert app == "https://school.example/x%29%5BLog%20in%5D%28/a.bc%29%20y/"


def test_without_a_browser_links_are_relative():
    assert address.split(None) == ("", "")
