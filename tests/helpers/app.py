"""The app's pages in Streamlit's own test harness: opening them, and reading what they say."""

from streamlit.testing.v1 import AppTest

from tests.helpers import charts
from tests.helpers.paths import APP
from tests.helpers.waiting import LONG

TEXTS = ("title", "header", "subheader", "markdown", "caption", "info", "success", "warning", "error", "latex")
TEXTS += ("dataframe", "table")


def visitor(page: str = "app.py", **link: object) -> AppTest:
    """Return a visitor who is about to open `page`, by a link with the parameters `link`."""
    app = AppTest.from_file(APP, default_timeout=LONG)
    for name, value in link.items():
        app.query_params[name] = value if isinstance(value, list) else str(value)
    return app if page == "app.py" else app.switch_page(page)


def opened(page: str = "app.py", **link: object) -> AppTest:
    """Return a visitor who has opened `page`."""
    return checked(visitor(page, **link).run())


def checked(app: AppTest) -> AppTest:
    """Return `app`, which must have run without an exception, and drawn no chart that a browser cannot draw."""
    assert not app.exception
    for chart in app.get("vega_lite_chart"):
        charts.check(chart.proto)
    return app


def words(app: AppTest, *kinds: str) -> str:
    """Return what a page says in elements of `kinds`, or of every kind, an element a line, with plain spaces."""
    said = [str(element.value) for kind in kinds or TEXTS for element in app.get(kind)]
    return "\n".join(said).replace("\N{NO-BREAK SPACE}", " ")


def parameter(app: AppTest, name: str) -> str:
    """Return what the address says of `name`."""
    value = app.query_params[name]
    return value if isinstance(value, str) else value[0]


def lock_in(app: AppTest) -> None:
    """Lock in the only prediction of a chapter that is made and not locked in."""
    (button,) = [each for each in app.button if each.label == "Lock in and see" and not each.disabled]
    checked(button.click().run())
