"""The frame every page stands in: title, look and notices."""

from pathlib import Path

import streamlit as st

from pages.ui import session
from pages.ui.choice import Choice

HERE = Path(__file__).parent
STYLE = (HERE / "frame.css").read_text()


def begin(title: str) -> Choice:
    """Set up the page called `title`, show its notices, and return the choice in force."""
    st.set_page_config(f"{title} · JSMA", page_icon=str(HERE / "favicon.png"), layout="wide", initial_sidebar_state=300)
    st.html(f"<style>{STYLE}</style>")
    choice = session.current()
    st.sidebar.markdown("### Saliency map attack")
    return choice
