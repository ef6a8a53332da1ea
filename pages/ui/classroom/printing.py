"""What a teacher prints: a plan, and a worksheet with its key, made from the digit at hand. Pages of plain HTML."""

from collections.abc import Callable, Sequence
from html import escape

from jsma.export import picture
from jsma.stage.recording import Recording, StepFacts
from pages.ui.classroom.plans import Part
from pages.ui.formatting import an, number, percent
from pages.ui.shared.classroom.subject import Subject
from pages.ui.tiles import data_url

STYLE = """body { font: 15px/1.5 system-ui, sans-serif; max-width: 50em; margin: 2em auto; color: #1a1f26; }
img { width: 220px; image-rendering: pixelated; }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; vertical-align: top; padding: 4px 8px; border: 1px solid #ccc; }
.key { break-before: page; } .blank { display: inline-block; min-width: 5em; border-bottom: 1px solid #1a1f26; }
@media print { body { margin: 0; font-size: 12px; } }"""

BLANK = '<span class="blank">&nbsp;</span>'


def plan(minutes: int, parts: Sequence[Part], link: Callable[[Part], str]) -> str:
    """Return a plan as an HTML page; link: returns the address at which the teacher opens a part."""
    rows = "".join(
        f'<tr><td>{part.minutes} min</td><td><b>{escape(part.title)}</b><br><a href="{escape(link(part))}">'
        f"{escape(part.activity.label)}</a></td><td>{escape(part.ask)}</td><td>{escape(part.expect)}</td>"
        f"<td>{escape(part.believed)}</td></tr>"
        for part in parts
    )
    head = "<tr><th>Time</th><th>Part, and what to choose on the page Class</th><th>Ask</th><th>Expect</th>"
    body = f"<h1>An attack, step by step: {minutes} minutes</h1><table>{head}<th>Often believed</th></tr>{rows}</table>"
    return _page(f"A lesson of {minutes} minutes", body)


def worksheet(subject: Subject) -> str:
    """Return a worksheet on the attack and the step of `subject` as an HTML page, and its key on a page of its own."""
    title = f"Worksheet: {an(subject.recording.label)} that is to be read as {an(subject.recording.target)}"
    tasks = _tasks(subject)
    blank = "".join(f"<li>{task.format(*[BLANK] * len(values))}</li>" for task, *values in tasks)
    filled = "".join(f"<li>{task.format(*(f'<b>{value}</b>' for value in values))}</li>" for task, *values in tasks)
    image = data_url(picture(subject.recording.image(subject.step), subject.recording.image(0)))
    body = f'<h1>{title}</h1><img src="{image}" alt="The picture at step {subject.step}"><ol>{blank}</ol>'
    return _page(title, f'{body}<div class="key"><h1>Key</h1><ol>{filled}</ol></div>')


Task = tuple[str, ...]
"""A text with a field {} for every blank, and what belongs into each."""


def _tasks(subject: Subject) -> list[Task]:
    """Return the tasks, all from the recording."""
    recording = subject.recording
    end = f"{recording.stop.value}, {recording.end.changed} pixels changed"
    return [
        *_reading(recording, recording.steps[subject.step]),
        *_scores(recording, subject.step),
        *_what_comes_next(recording, subject.step),
        ("Step on to the end in the lab. The attack ends so: {}.", end),
    ]


def _reading(recording: Recording, step: StepFacts) -> list[Task]:
    shares = ", ".join(f"{digit}: {percent(share)}" for digit, share in enumerate(step.probabilities))
    gamma = percent(recording.attack.gamma)
    return [
        (
            f"The probabilities of the ten classes are {shares}. The network reads {{}}, {{}} sure.",
            str(step.reads),
            percent(step.probabilities[step.reads]),
        ),
        (
            f"The picture has {recording.pixels} pixels. With γ = {gamma} and two pixels an iteration the attack has "
            "at most {} iterations.",
            str(recording.attack.iterations(recording.pixels)),
        ),
    ]


def _scores(recording: Recording, step: int) -> list[Task]:
    """Ask for the scores of three good pairs, of which B is the best."""
    a, b = (values[step].tolist() for values in (recording.target_gradient, recording.others_gradient))
    best = recording.steps[step].best_pairs[:3]
    tasks = []
    for name, (first, second, score) in zip("BAC", best, strict=False):
        pixels = ", ".join(
            "row {}, column {}".format(*divmod(pixel, recording.width))
            + f" with a = {number(a[pixel])} and b = {number(b[pixel])}"
            for pixel in (first, second)
        )
        values = number(a[first] + a[second]), number(b[first] + b[second]), number(score)
        tasks.append((f"Pair {name}: {pixels}. α = {{}}, β = {{}}, score −α × β = {{}}.", *values))
    return sorted(tasks)


def _what_comes_next(recording: Recording, step: int) -> list[Task]:
    """Ask which pair is changed and what comes of it; nothing on the last step."""
    pair, target = recording.steps[step].pair, recording.target
    if pair is None:
        return []
    before, after = (recording.steps[at].probabilities[target] for at in (step, step + 1))
    verb = "brighter" if recording.steps[step].sign > 0 else "darker"
    forecast, happened = number(pair.forecast, sign=True), number(pair.happened, sign=True)
    return [
        (f"Pair {{}} is made {verb}, since its score is the largest of all.", "B"),
        (
            f"The first-order forecast for the target's output is {forecast}. It changes by {happened}. The forecast "
            "is off by {}.",
            number(abs(pair.happened - pair.forecast)),
        ),
        (f"After it the probability of the {target} is {{}} (it was {percent(before)}).", percent(after)),
    ]


def _page(title: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{STYLE}</style><body>{body}</body></html>"
    )
