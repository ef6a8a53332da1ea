"""The compared attacks as tables and as a chart."""

from typing import Any
from urllib.parse import quote

import pandas as pd

from jsma.models import NETWORKS
from pages.ui.formatting import percent
from pages.ui.rules.results import Results
from pages.ui.shared.channels import nominal, quantitative, when
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


def lines(traces: list[Trace], output: str) -> dict[str, Any]:
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

    def of_rule(looks: list) -> dict[str, Any]:
        return nominal("Rule", scale={"domain": [each.label for each in methods], "range": looks}, legend=None)

    title, share = f"Target's {output}", output == "probability"
    form = ".1%" if share else ".3f"
    number = {"axis": {"format": "%"}, "scale": {"domain": [0, 1]}} if share else {}
    return {
        "data": points,
        "height": 360,
        "encoding": {
            "x": quantitative("Pixels changed", axis={"tickMinStep": 1, "tickCount": 12}),
            "y": quantitative("Value", title=title, **number),
            "color": of_rule([LOOKS[each.name][0] for each in methods]),
            "tooltip": [
                nominal("Rule"),
                quantitative("Iteration"),
                quantitative("Pixels changed"),
                quantitative("Value", title=title, format=form),
            ],
        },
        "layer": [
            {
                "mark": {"type": "line", "strokeWidth": 2},
                "encoding": {
                    "order": quantitative("Iteration"),
                    "strokeDash": of_rule([list(DASHES[each.direction]) or [1, 0] for each in methods]),
                },
            },
            {
                "mark": {"type": "point", "filled": True, "opacity": 1},
                "encoding": {
                    "shape": of_rule([LOOKS[each.name][1] for each in methods]),
                    "size": when("datum.marked", 110, 12),
                },
            },
        ],
    }


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
