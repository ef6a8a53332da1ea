"""Addresses that the app writes out: every link to share, or to another choice, is made here."""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

import streamlit as st

PAGES = {path.stem.partition("_")[2] for path in Path(__file__).parents[1].glob("*.py")}
"""The pages below the lab, as addresses call them."""


def to_lab(parameters: Mapping[str, str]) -> str:
    """Return the address of the lab with query `parameters`, as this visitor's browser reaches it."""
    return with_query(split(st.context.url, st.get_option("server.baseUrlPath"))[0], parameters)


def to_this_page(parameters: Mapping[str, str]) -> str:
    """Return the address of the page that is shown, with query `parameters`."""
    return with_query("".join(split(st.context.url, st.get_option("server.baseUrlPath"))), parameters)


def to_page(title: str, parameters: Mapping[str, str]) -> str:
    """Return the address of the page below the lab, or of the server's own path, that is called `title`."""
    return with_query(split(st.context.url, st.get_option("server.baseUrlPath"))[0] + title, parameters)


def with_query(address: str, parameters: Mapping[str, str]) -> str:
    """Return `address` with query `parameters`."""
    return f"{address}?{urlencode(parameters, safe=',')}"


def split(url: str | None, base: str = "") -> tuple[str, str]:
    """Return the app's address, which ends with a slash, and the name of the page in PAGES, empty for the lab.

    url: what st.context.url says, which has no slash at its end. Without the slash a server below a path sends the
    browser on, and behind a proxy that speaks HTTPS in its place it does so to an address without HTTPS. None, where
    there is no browser, gives relative addresses. base: server.baseUrlPath, on which one can rely: where it ends like
    the name of a page, st.context.url has lost that end.
    """
    if not url:
        return "", ""
    scheme, host, path, _, _ = urlsplit(url)
    parts, within = ([part for part in each.split("/") if part] for each in (path, base))
    page = parts.pop() if parts and parts[-1] in PAGES and parts != within else ""
    if within and parts[-len(within) :] != within:
        parts = within
    return urlunsplit((scheme, host, quote("/".join(["", *parts, ""]), safe="/%"), "", "")), page
