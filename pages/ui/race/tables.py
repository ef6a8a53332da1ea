"""The race in tables and lines."""

import altair as alt
import pandas as pd

from pages.ui.networks import SHIPPED
from pages.ui.race.contenders import COLOURS, WAYS, Trace
from pages.ui.race.results import SETTINGS, Results
from pages.ui.words import percent


def ranking(traces: list[Trace], features: int) -> pd.DataFrame:
    """Return a line for each trace, best first: those that succeed before others, then by pixels, then iterations."""
    ordered = sorted(traces, key=lambda trace: (not trace.success, trace.end.changed, trace.end.iteration))
    return pd.DataFrame(
        {
            "Rule": trace.contender.label,
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
            "Rule": trace.contender.label,
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


def lines(traces: list[Trace], output: str) -> alt.Chart:
    """Return the target's "probability" or "logit" by changed pixels, a line for each trace."""
    points = pd.DataFrame(
        {
            "Rule": trace.contender.label,
            "Iteration": moment.iteration,
            "Pixels changed": moment.changed,
            "Value": getattr(moment, output),
        }
        for trace in traces
        for moment in trace.moments
    )
    labels = [trace.contender.label for trace in traces]
    dashes = dict(zip(WAYS, [[1, 0], [6, 3], [2, 2]], strict=True))
    legend = alt.Legend(title=None, orient="bottom", columns=1, labelLimit=240, symbolType="stroke", symbolSize=500)
    title = f"Target's {output}"
    form = ".1%" if output == "probability" else ".3f"
    axis = alt.Axis(format="%") if output == "probability" else alt.Axis()
    scale = alt.Scale(domain=[0, 1]) if output == "probability" else alt.Scale()
    return (
        alt.Chart(points)
        .mark_line(point={"size": 28}, strokeWidth=2)
        .encode(
            x=alt.X("Pixels changed:Q", axis=alt.Axis(tickMinStep=1, tickCount=12)),
            y=alt.Y("Value:Q", title=title, axis=axis, scale=scale),
            order="Iteration:Q",
            color=alt.Color(
                "Rule:N",
                legend=legend,
                scale=alt.Scale(domain=labels, range=[COLOURS[trace.contender.name] for trace in traces]),
            ),
            strokeDash=alt.StrokeDash(
                "Rule:N",
                legend=legend,
                scale=alt.Scale(domain=labels, range=[dashes[trace.contender.direction] for trace in traces]),
            ),
            tooltip=["Rule:N", "Iteration:Q", "Pixels changed:Q", alt.Tooltip("Value:Q", title=title, format=form)],
        )
        .properties(height=360 + 20 * len(traces))  # the legend takes its room from this, a line a rule
    )


def committed(results: Results) -> pd.DataFrame:
    """Return the measured lines as a table."""
    return pd.DataFrame(
        {
            "Network": SHIPPED[line.model],
            "Rule": SETTINGS[line.setting],
            "Attacks": line.attacks,
            "Success": percent(line.success_rate, 2),
            "Distortion of all": percent(line.mean_distortion, 2),
            "Distortion of the successful": "none"
            if line.mean_distortion_of_successful is None
            else percent(line.mean_distortion_of_successful, 2),
            "Digits": line.digits,
        }
        for line in results.lines
    )
