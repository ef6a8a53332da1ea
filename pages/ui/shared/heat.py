"""Numbers as colours of a scale of the palette."""

import numpy as np

from jsma.palette import rgb, shades


def coloured(values: np.ndarray, theme: str, scale: str, low: float, high: float) -> np.ndarray:
    """Return the colours of values (...) as uint8 (..., 3): the first colour of the scale at `low`, the last at `high`.

    theme: "light" or "dark"; scale: "diverging" or "amount" (see `jsma.palette.shades`).
    """
    stops = np.array([rgb(stop) for stop in shades(theme, scale)], float)
    places = (values - low) / max(high - low, 1e-12) * (len(stops) - 1)
    channels = [np.interp(places, range(len(stops)), stops[:, channel]) for channel in range(3)]
    return np.stack(channels, axis=-1).round().astype(np.uint8)
