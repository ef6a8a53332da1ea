"""Channels of Vega-Lite charts: which column of the data is shown, as what kind of value, and how it looks.

Charts are plain specifications, which `st.vega_lite_chart` takes: Altair's objects check each chart against the schema
of Vega-Lite whenever it is drawn, and every visitor would wait for that at every click. The tests check it instead.
"""

from typing import Any


def quantitative(column: str, **look: Any) -> dict[str, Any]:
    """Return the channel of a column of numbers."""
    return {"field": column, "type": "quantitative", **look}


def ordinal(column: str, **look: Any) -> dict[str, Any]:
    """Return the channel of a column of values with an order."""
    return {"field": column, "type": "ordinal", **look}


def nominal(column: str, **look: Any) -> dict[str, Any]:
    """Return the channel of a column of names."""
    return {"field": column, "type": "nominal", **look}


def when(test: str, then: Any, otherwise: Any) -> dict[str, Any]:
    """Return the channel that is the value `then` for rows that pass a test, in Vega's language, else the other."""
    return {"condition": {"test": test, "value": then}, "value": otherwise}
