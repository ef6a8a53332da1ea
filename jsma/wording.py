"""How numbers are written: a digit with its article, derivatives and scores, shares."""

import math


def an(digit: int, mark: str = "") -> str:
    """Return a whole number behind the article it is read aloud with: a 3, an 8, an 18; mark: "**" for bold."""
    article = "an" if str(digit).startswith("8") or digit in (11, 18) else "a"
    return f"{article} {mark}{digit}{mark}"


def number(value: float, sign: bool = False) -> str:
    """Return three decimals, a power of ten where those would read as zero, none from 1,000; with a true minus sign."""
    plus = "+" if sign else ""
    if abs(value) >= 1000:
        return f"{value:{plus},.0f}".replace("-", "−")
    if abs(value) >= 0.0005 or value == 0:
        return f"{value:{plus}.3f}".replace("-", "−")
    mantissa, exponent = f"{value:{plus}.1e}".split("e")
    return f"{mantissa.replace('-', '−')}·10{str(int(exponent)).translate(SUPERSCRIPTS)}"


SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def percent(share: float, decimals: int = 1) -> str:
    """Return a share from 0 to 1 in per cent, its sign on the same line; NaN, a share of nothing, is a dash.

    Shares close to 0 and 1 are written with < and >, since "0 %" would be read as never, "100 %" as certain.
    """
    if math.isnan(share):
        return "–"
    least = 10.0**-decimals
    if 0 < 100 * share < least / 2:
        return f"<{SPACE}{least:.{decimals}f}{SPACE}%"
    if 0 < 100 * (1 - share) < least / 2:
        return f">{SPACE}{100 - least:.{decimals}f}{SPACE}%"
    return f"100{SPACE}%" if share == 1 else f"{100 * share:.{decimals}f}{SPACE}%"


SPACE = "\N{NO-BREAK SPACE}"
