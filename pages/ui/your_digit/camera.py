"""Where browsers open the camera."""

from urllib.parse import urlsplit


def opens_at(address: str | None) -> bool:
    """Return whether a browser opens the camera for a page at this address; where it is not known, assume so."""
    if address is None:
        return True
    where = urlsplit(address)
    name = where.hostname or ""
    same_machine = name in ("localhost", "::1") or name.endswith(".localhost") or name.startswith("127.")
    return where.scheme == "https" or same_machine
