"""States come back from JSON as they were, keys and all; what cannot is named."""

import json
from collections import Counter

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from metalearn_lab.training.json_state import NotJsonError, from_json, to_json

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
STATES = st.recursive(
    SCALARS, lambda part: st.lists(part) | st.dictionaries(SCALARS, part), max_leaves=10
)


@given(STATES)
def test_a_state_is_the_same_after_json(state):
    assert from_json(json.loads(json.dumps(to_json(state, "state")))) == state


def test_milestones_stay_a_counter_of_steps():
    found = from_json(json.loads(json.dumps(to_json({"milestones": Counter([5, 5, 9])}, "state"))))
    assert isinstance(found["milestones"], Counter)
    assert sorted(found["milestones"].elements()) == [5, 5, 9]


def test_a_key_that_looks_like_the_mark_is_kept():
    state = {"__pairs__": [1]}
    assert from_json(to_json(state, "state")) == state


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"lr": torch.zeros(1)}, "state groups 1 lr is a Tensor: numbers"),
        (len, "state groups 1 is a builtin_function_or_method"),
        ({(1, 2): 3}, "state groups 1 is a dict"),
    ],
)
def test_what_json_cannot_hold_is_named(value, message):
    with pytest.raises(NotJsonError, match=message):
        to_json({"groups": [0, value]}, "state")
