"""The compared attacks as tables and as a chart."""

from urllib.parse import quote

import altair as alt
import pandas as pd

from jsma.models import NETWORKS
from pages.ui.formatting import percent
from pages.ui.rules.results import Results
from pages.ui.shared.comparison.methods import DASHES, LOOKS, MEASURED, Trace


def ranking(traces: list[Trace], features: int) -> pd.DataFrame:
    """Return a line for each trace, best first: those that succeed before others, then by pixels, then iterations."""
    ordered = sorted(traces, key=lambda trace: (not trace.success, trace.end.changed, trace.end.iteration))
    return pd.DataFrame(
        {
            "Rule": trace.method.label,
            "Pixels changed": trace.end.changed,
            "Distortion": percent(trace.end.changed / features),
            "Iterations": trace.end.iteration,
            "How it ended": trace.ending,
            "Reads at the end": trace.end.reads,
            "Target's probability": percent(trace.end.probability),
        }
        for trace in ordered
    )


def every_step(traces: list[Trace]) -> pd.DataFrame:
    """Return a line for every iteration of every trace: what the pictures show, as text."""
    return pd.DataFrame(
        {
            "Rule": trace.method.label,
            "Iteration": moment.iteration,
            "Pixels changed": moment.changed,
            "Reads": moment.reads,
            "How sure": percent(moment.sure),
            "Target's probability": percent(moment.probability),
            "Target's logit": round(moment.logit, 3),
        }
        for trace in traces
        for moment in trace.moments
    )


def lines(traces: list[Trace], output: str) -> alt.LayerChart:
    """Return the target's "probability" or "logit" by changed pixels, a line for each trace; `legend` names them."""
    points = pd.DataFrame(
        {
            "Rule": trace.method.label,
            "Iteration": moment.iteration,
            "Pixels changed": moment.changed,
            "Value": getattr(moment, output),
            "marked": moment.iteration % MARK_EVERY == at % MARK_EVERY or moment is trace.end,
        }
        for at, trace in enumerate(traces)
        for moment in trace.moments
    )
    methods = [trace.method for trace in traces]

    def of_rule(looks: list) -> dict:
        return {"scale": alt.Scale(domain=[each.label for each in methods], range=looks), "legend": None}

    title = f"Target's {output}"
    form = ".1%" if output == "probability" else ".3f"
    axis = alt.Axis(format="%") if output == "probability" else alt.Axis()
    scale = alt.Scale(domain=[0, 1]) if output == "probability" else alt.Scale()
    base = alt.Chart(points).encode(
        x=alt.X("Pixels changed:Q", axis=alt.Axis(tickMinStep=1, tickCount=12)),
        y=alt.Y("Value:Q", title=title, axis=axis, scale=scale),
        color=alt.Color("Rule:N", **of_rule([LOOKS[each.name][0] for each in methods])),
        tooltip=["Rule:N", "Iteration:Q", "Pixels changed:Q", alt.Tooltip("Value:Q", title=title, format=form)],
    )
    dashes = [list(DASHES[each.direction]) or [1, 0] for each in methods]
    drawn = base.mark_line(strokeWidth=2).encode(
        order="Iteration:Q", strokeDash=alt.StrokeDash("Rule:N", **of_rule(dashes))
    )
    marks = base.mark_point(filled=True, opacity=1).encode(
        shape=alt.Shape("Rule:N", **of_rule([LOOKS[each.name][1] for each in methods])),
        size=alt.condition("datum.marked", alt.value(110), alt.value(12)),
    )
    return (drawn + marks).properties(height=360)


MARK_EVERY = 4
"""A line has a mark at every so many iterations; more marks would hide it."""


def legend(traces: list[Trace]) -> str:
    """Return HTML that names the lines of `traces`, each behind its line and mark."""
    signs = (f'<img src="data:image/svg+xml,{quote(trace.method.sign)}" alt="">' for trace in traces)
    names = "".join(f"<li>{sign} {trace.method.label}</li>" for sign, trace in zip(signs, traces, strict=True))
    look = "display: flex; flex-wrap: wrap; gap: 4px 24px; margin: 0; padding: 0; list-style: none"
    return f'<ul style="{look}">{names}</ul>'


def committed(results: Results) -> pd.DataFrame:
    """Return the measured lines as a table."""
    return pd.DataFrame(
        {
            "Network": NETWORKS[line.model].label,
            "Rule": MEASURED[line.setting],
            "Attacks": line.attacks,
            "Success": percent(line.success_rate, 2),
            "Distortion of all": percent(line.mean_distortion, 2),
            "Distortion of the successful": "none"
            if line.mean_distortion_of_successful is None
            else percent(line.mean_distortion_of_successful, 2),
            "Digits": line.digits,
        }
        for line in results.measurements
    )
