"""The charts of a page, held against Vega-Lite's schema, which Altair has, and against the columns of their data."""

import json
from collections.abc import Iterator
from functools import cache

import pyarrow
from streamlit.proto.VegaLiteChart_pb2 import VegaLiteChart


def check(chart: VegaLiteChart) -> None:
    """Assert that a chart is one of Vega-Lite's, and that its data have the columns which it shows."""
    spec = json.loads(chart.spec)
    _follow_the_schema(json.dumps(_shape(spec)))
    columns = {"": _columns(chart.data.data), **{each.name: _columns(each.data.data) for each in chart.datasets}}
    for layer in spec.get("layer", [spec]):
        data, shown = layer.get("data", {}), set(_fields([spec.get("encoding"), layer]))
        here = set(data["values"][0]) if "values" in data else columns[data.get("name", "")]
        assert shown <= here, f"{shown - here} is not in the data, which have {here}"


def _shape(part):
    """Return a part of a chart with one number for every number: charts that differ in these only are alike."""
    if isinstance(part, dict):
        return {name: [] if name == "values" else _shape(inside) for name, inside in part.items()}
    if isinstance(part, list):
        return [_shape(each) for each in part]
    return 1 if isinstance(part, float) or type(part) is int else part


@cache
def _follow_the_schema(shape: str) -> None:
    import altair  # takes half a second

    altair.Chart.from_dict({"data": {"name": "rows"}} | json.loads(shape))  # raises SchemaValidationError


def _columns(data: bytes) -> set[str]:
    return set(pyarrow.ipc.open_stream(data).schema.names) if data else set()


def _fields(part) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("field"), str):
            yield part["field"]
        part = list(part.values())
    if isinstance(part, list):
        for each in part:
            yield from _fields(each)
