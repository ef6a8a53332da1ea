"""Encoding of a recording as bytes, for the browser. jsma/stage/scripts/recording.js decodes the same format.

The payload is the length of the header as a little-endian uint32; the header, JSON padded with spaces so that
both together are a multiple of 8 bytes long; and the arrays, in this order:

    target_gradient  float32  (steps, n)
    others_gradient  float32  (steps, n)
    jacobian_codes   int16    (steps, classes, n)
    image_codes      uint16   (steps, n)
    domain           uint8    (steps, n), 1 where the pixel may be changed

The header is an object with the fields of `Recording` by name. "steps" is a list of objects with the fields of
`StepFacts`, in which "pair" is an object with the fields of `PairFacts`. In place of "attack" it has the attack's
fields; enums are stored by value, except "stop", which is the name of a `Stop`.
"""

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np

from ..attack import Attack
from ..jacobian import Output
from ..rules import Rule
from ..saliency import Direction
from ..stop import Stop
from .facts import Counts, PairFacts, Recording, StepFacts

ARRAYS = {
    "target_gradient": "<f4",
    "others_gradient": "<f4",
    "jacobian_codes": "<i2",
    "image_codes": "<u2",
    "domain": "?",
}
"""The arrays in the order of the payload, with their NumPy dtypes."""


def encode(recording: Recording) -> bytes:
    """Return the payload of a recording, as described above."""
    header = json.dumps(_header(recording), default=_plain).encode()
    header += b" " * (-(len(header) + 4) % 8)
    arrays = (getattr(recording, name).astype(kind).tobytes() for name, kind in ARRAYS.items())
    return b"".join((len(header).to_bytes(4, "little"), header, *arrays))


def decode(payload: bytes) -> Recording:
    """Return the recording of a payload. Its arrays are read-only views into `payload`."""
    start = 4 + int.from_bytes(payload[:4], "little")  # of the arrays
    facts = json.loads(payload[4:start])
    kinds = {"rule": Rule, "output": Output, "direction": Direction, "theta": float, "gamma": float}
    facts["attack"] = Attack(**{name: kind(facts.pop(name)) for name, kind in kinds.items()})
    facts["steps"] = tuple(map(_step, facts["steps"]))
    shape = len(facts["steps"]), facts["classes"], facts["height"] * facts["width"]
    return _with(payload, Recording(**facts, **_views(payload, start, *shape)))


def stored_once(recording: Recording) -> Recording:
    """Return the same as `decode` of its payload, without reading that: its arrays become views into the payload."""
    payload = encode(recording)
    start = 4 + int.from_bytes(payload[:4], "little")
    views = _views(payload, start, len(recording.steps), recording.classes, recording.pixels)
    return _with(payload, replace(recording, **views))


def _with(payload: bytes, recording: Recording) -> Recording:
    """Return `recording` with its payload, so that it is not encoded and stored a second time."""
    vars(recording)["payload"] = payload
    return recording


def _views(payload: bytes, start: int, steps: int, classes: int, pixels: int) -> dict[str, Any]:
    """Return the arrays, which begin at the byte `start`, as views into the payload."""
    arrays: dict[str, Any] = {}
    for name, kind in ARRAYS.items():
        shape = (steps, classes, pixels) if name == "jacobian_codes" else (steps, pixels)
        arrays[name] = np.frombuffer(payload, kind, math.prod(shape), start).reshape(shape)
        start += arrays[name].nbytes
    return arrays


def _header(recording: Recording) -> dict[str, Any]:
    attack = recording.attack
    return {
        "height": recording.height,
        "width": recording.width,
        "classes": recording.classes,
        "label": recording.label,
        "target": recording.target,
        "rule": attack.rule.value,
        "output": attack.output.value,
        "direction": attack.direction.value,
        "theta": attack.theta,
        "gamma": attack.gamma,
        "budget": recording.budget,
        "jacobian_limit": recording.jacobian_limit,
        "steps": recording.steps,
    }


def _plain(fact: StepFacts | PairFacts | Counts | Stop) -> dict[str, Any] | str:
    """Return `fact` as json.dumps can write it."""
    return fact.name if isinstance(fact, Stop) else vars(fact)


def _step(facts: dict[str, Any]) -> StepFacts:
    """Return the facts of a step from its JSON object."""
    pair, stop = facts["pair"], facts["stop"]
    typed: dict[str, Any] = {
        "counts": Counts(**facts["counts"]),
        "best_pairs": tuple(map(tuple, facts["best_pairs"])),
        "pair": pair and PairFacts(**_with_tuples(pair)),
        "stop": stop and Stop[stop],
    }
    return StepFacts(**_with_tuples(facts) | typed)


def _with_tuples(facts: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in facts.items()}
