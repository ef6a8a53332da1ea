"""One page of what a reader has done: their digit, predictions, first answers and figures, to print or to keep."""

from html import escape

import streamlit as st

from jsma.palette import COLOURS
from pages.ui.download import download
from pages.ui.formatting import an
from pages.ui.tiles import data_url
from pages.ui.walkthrough import shown, tasks
from pages.ui.walkthrough.lesson import Lesson

STYLE = """body { font: 15px/1.5 system-ui, sans-serif; max-width: 46em; margin: 2em auto; color: #1a1f26; }
svg { max-width: 100%; height: auto; }
img { width: 140px; image-rendering: pixelated; margin-right: 12px; }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; padding: 3px 8px; border-bottom: 1px solid #ccc; }
@media print { body { margin: 0; font-size: 11px; } }"""


def first_right(names: tuple[str, ...]) -> tuple[int, int]:
    """Return how many of the tasks `names` were right at the first answer, and how many have one."""
    given = [first for name, first in tasks.first_answers().items() if name in names]
    return sum(first.right for first in given), len(given)


def show(lesson: Lesson, chapters: dict[str, tuple[str, ...]]) -> None:
    """Count the first answers by chapter, and offer the page. chapters: the tasks of each, by title."""
    st.subheader("Your summary", anchor=False)
    rows = [(title, *first_right(names)) for title, names in chapters.items()]
    st.markdown(
        "| Part | first answers right | given |\n| --- | ---: | ---: |\n"
        + "\n".join(f"| {title} | {right} | {given} |" for title, right, given in rows)
        + "\n\nPredictions are counted, too. A wrong prediction is useful: it shows you what you did not expect."
    )
    st.button("Forget my answers", key="course-forget", on_click=tasks.forget_all, type="tertiary")
    firsts = dict(tasks.first_answers())  # a later click must not change the page that is being made

    @st.fragment
    def draw() -> None:
        download(
            "One page to print or keep",
            "jsma-course.html",
            "text/html",
            lambda: page(lesson, chapters, firsts),
            key="walkthrough-summary",
        )

    draw()


def page(lesson: Lesson, chapters: dict[str, tuple[str, ...]], firsts: dict[str, tasks.First]) -> str:
    """Return the summary as a self-contained HTML page."""
    recording, choice = lesson.recording(), lesson.choice
    pictures = [shown.grey(recording.image(step)) for step in (0, recording.iterations)]
    images = "".join(
        f'<img src="{data_url(picture)}" alt="{name}">'
        for picture, name in zip(pictures, ("Before", "After"), strict=True)
    )
    parts = [
        f"<h1>JSMA, step by step: what I did</h1><p>{images}</p>",
        f"<p>A {choice.digit} to be read as {an(choice.target)}. Network: {escape(lesson.network.label)}. "
        f"Result: {escape(shown.end(recording))}.</p>".replace("<p>A 8", "<p>An 8"),
    ]
    answers = {title: [firsts[name] for name in names if name in firsts] for title, names in chapters.items()}
    results = [(title, sum(first.right for first in rows), len(rows)) for title, rows in answers.items() if rows]
    if results:
        parts.append(f"<h2>First answers</h2><p>Violet: right. Grey: not right.</p>{chart(results)}")
    for title, right, given in results:
        parts.append(f"<h2>{escape(title)}: {right} of {given} first answers right</h2>{_table(answers[title])}")
    body = "\n".join(parts)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>JSMA, step by step</title>'
        f"<style>{STYLE}</style><body>{body}</body></html>"
    )


def chart(results: list[tuple[str, int, int]]) -> str:
    """Return a bar chart as SVG: for each (part, right, given) a grey bar of the given answers, a violet one on it."""
    ours, line, unit = COLOURS["light"], 26, 320 / max(given for _, _, given in results)
    told = "; ".join(f"{title}: {right} of {given} right" for title, right, given in results)
    bars = "".join(
        f'<text x="0" y="{line * place + 17}">{escape(title)}</text>'
        f'<rect x="230" y="{line * place + 5}" width="{given * unit}" height="16" fill="{ours["bar"]}"/>'
        f'<rect x="230" y="{line * place + 5}" width="{right * unit}" height="16" fill="{ours["target"]}"/>'
        f'<text x="{238 + given * unit}" y="{line * place + 17}">{right} of {given}</text>'
        for place, (title, right, given) in enumerate(results)
    )
    size = f'viewBox="0 0 620 {line * len(results)}" width="620"'
    return f'<svg {size} role="img" aria-label="{escape(told)}" font-size="14">{bars}</svg>'


def _table(rows: list[tasks.First]) -> str:
    lines = "".join(
        f"<tr><td>{'✓' if row.right else '✕'}</td><td>{escape(row.said)}</td><td>{escape(row.true)}</td></tr>"
        for row in rows
    )
    return f"<table><tr><th>Right</th><th>My first answer</th><th>True</th></tr>{lines}</table>"
