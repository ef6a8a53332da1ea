"""A recording as bytes: laid out as the docstring of the codec says, and nothing is lost on the way."""

import dataclasses
import json
import math
import pickle

import numpy as np
import pytest

from jsma import Attack, Direction, Output, Rule, Stop, load_model
from jsma.stage.codec import decode, encode
from jsma.stage.recording import Recording, record

ATTACKS = {
    "succeeds": (3, Attack()),
    "spends its budget": (3, Attack(Rule.TJSMA, direction=Direction.BOTH, theta=0.4, gamma=0.015)),
    "ends at once": (2, Attack(output=Output.PROBABILITIES, direction=Direction.DECREASE)),
}
"""Targets and attacks of a digit that reads 2."""


@pytest.fixture(scope="module", params=ATTACKS)
def recording(request, uci) -> Recording:
    return record(load_model("tutorial"), uci.images[22], 2, *ATTACKS[request.param])


def unpacked(payload: bytes) -> tuple[dict, dict]:
    """Return the header and the arrays, read by the layout that the docstring of jsma/stage/codec.py gives."""
    length = int.from_bytes(payload[:4], "little")
    facts = json.loads(payload[4 : 4 + length])
    steps, n = len(facts["steps"]), facts["height"] * facts["width"]
    layout = (
        ("target_gradient", "<f4", (steps, n)),
        ("others_gradient", "<f4", (steps, n)),
        ("jacobian", "<i2", (steps, facts["classes"], n)),
        ("image", "<u2", (steps, n)),
        ("domain", "u1", (steps, n)),
    )
    arrays, place = {}, 4 + length
    for name, kind, shape in layout:
        arrays[name] = np.frombuffer(payload, kind, math.prod(shape), place).reshape(shape)
        place += arrays[name].nbytes
    assert place == len(payload)
    return facts, arrays


def assert_the_same(one: Recording, other: Recording) -> None:
    for field in dataclasses.fields(Recording):
        mine, theirs = getattr(one, field.name), getattr(other, field.name)
        if isinstance(mine, np.ndarray):
            assert (mine.dtype, mine.shape) == (theirs.dtype, theirs.shape)
            assert np.array_equal(mine, theirs)
        else:
            assert mine == theirs
            assert type(mine) is type(theirs)


def test_what_is_encoded_is_decoded(recording):
    assert_the_same(decode(encode(recording)), recording)


def test_what_is_pickled_is_unpickled(recording):
    assert_the_same(pickle.loads(pickle.dumps(recording)), recording)


def test_the_payload_is_what_is_encoded(recording):
    assert recording.payload == encode(recording)
    other = dataclasses.replace(recording, label=7)
    assert decode(other.payload).label == 7
    assert other.name != recording.name == decode(recording.payload).name


def test_the_header_holds_the_facts_by_their_names(recording):
    facts, _ = unpacked(recording.payload)
    attack = recording.attack
    assert [facts[name] for name in ("height", "width", "classes", "label")] == [28, 28, 10, 2]
    assert facts["target"] == recording.target
    assert (facts["rule"], facts["output"], facts["direction"]) == tuple(
        choice.value for choice in (attack.rule, attack.output, attack.direction)
    )
    assert (facts["theta"], facts["gamma"]) == (attack.theta, attack.gamma)
    assert (facts["budget"], facts["jacobian_limit"]) == (recording.budget, recording.jacobian_limit)
    assert len(facts["steps"]) == len(recording.steps)
    for told, step in zip(facts["steps"], recording.steps, strict=True):
        expected = dataclasses.asdict(step)
        expected["stop"] = None if step.stop is None else step.stop.name
        assert told == json.loads(json.dumps(expected))
        assert told["stop"] in {None, *Stop.__members__}


def test_the_arrays_are_laid_out_as_the_docstring_says(recording):
    _, arrays = unpacked(recording.payload)
    assert np.array_equal(arrays["target_gradient"], recording.target_gradient)
    assert np.array_equal(arrays["others_gradient"], recording.others_gradient)
    assert np.array_equal(arrays["jacobian"], recording.jacobian_codes)
    assert np.array_equal(arrays["image"], recording.image_codes)
    assert np.array_equal(arrays["domain"], recording.domain.astype(int))


def test_the_arrays_begin_where_the_browser_can_read_them_in_place(recording):
    assert (4 + int.from_bytes(recording.payload[:4], "little")) % 8 == 0


def test_the_header_is_json_that_a_browser_reads(recording):
    def refuse(name: str):
        raise AssertionError(f"{name} is no JSON")

    length = int.from_bytes(recording.payload[:4], "little")
    json.loads(recording.payload[4 : 4 + length], parse_constant=refuse)
