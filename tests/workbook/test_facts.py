"""Facts: what holds, by how much, and what nobody can write by mistake."""

from __future__ import annotations

import json
import math
from unittest.mock import ANY

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from metalearn_lab.evaluation.intervals import Interval, interval_over_tasks
from metalearn_lab.workbook.facts import FACT_MIME, collect_facts, fact_bundle


def fact(value, kind="finding", **bounds):
    """The fact as it is read from an executed notebook."""
    bundle = fact_bundle(kind, "a claim", value, **bounds)
    output = json.loads(json.dumps(bundle._asdict()))  # as a notebook keeps it
    [found] = collect_facts({"cells": [{}, {"outputs": [{"data": {}}, output]}]})
    return found


@pytest.mark.parametrize(
    ("value", "bounds", "holds", "margin", "shown"),
    [
        (0.25, {"above": 0}, True, 0.25, "0.25 > 0"),
        (0, {"above": 0}, False, 0.0, "0 > 0"),
        (-0.25, {"above": 0}, False, -0.25, "-0.25 > 0"),
        (3, {"above": 1, "below": 4}, True, 1.0, "1 < 3 < 4"),
        ([0.5, 2.0], {"below": 1}, False, -1.0, "0.5 to 2 < 1"),
        ({"a": [1, 2], "b": (3,)}, {"above": 0.5}, True, 0.5, "1 to 3 > 0.5"),
        (torch.tensor([1.0, 2.0]), {"above": 0.5}, True, 0.5, "1 to 2 > 0.5"),
        (np.float32(1.5), {"above": 1}, True, 0.5, "1.5 > 1"),
        (pd.Series([1, 2]), {"below": 3}, True, 1.0, "1 to 2 < 3"),
        (Interval(torch.tensor(1.0), torch.tensor(0.5), 9), {"above": 0}, True, 0.5, "1 ± 0.5 > 0"),
        (
            Interval(torch.tensor(1.0), torch.tensor(1.5), 9),
            {"above": 0},
            False,
            -0.5,
            "1 ± 1.5 > 0",
        ),
        (Interval(torch.tensor(1.0), torch.tensor(-1.5), 9), {"above": 0}, False, -0.5, ANY),
        (3.0, {"above": np.float64(2)}, True, 1.0, "3 > 2"),
        (0.9999999, {"below": 1.0}, True, ANY, "0.9999999 < 1"),
        (float(torch.tensor(0.1)), {"below": 0.1}, False, ANY, "0.10000000149011612 < 0.1"),
        ([1.0, math.nan], {"above": 0}, False, "nan", "NaN in 1 of 2 > 0"),
        (True, {}, True, None, ""),
        ([True, np.bool_(False)], {}, False, None, ""),
        (torch.tensor(True), {}, True, None, ""),
    ],
)
def test_what_holds_and_by_how_much_follows_from_the_number(value, bounds, holds, margin, shown):
    found = fact(value, **bounds)
    assert (found["holds"], found["margin"], found["shown"]) == (holds, margin, shown)


@pytest.mark.parametrize("value", [math.nan, [1.0, math.nan], torch.tensor([math.nan, 1.0])])
@pytest.mark.parametrize("bounds", [{"above": 0}, {"below": 2}, {"above": 0, "below": 2}])
def test_nan_never_holds(value, bounds):
    found = fact(value, **bounds)
    assert (found["holds"], found["margin"]) == (False, "nan")


@given(st.lists(st.floats(allow_nan=False), min_size=1), st.floats(-10, 10), st.floats(1e-3, 10))
def test_a_fact_holds_if_and_only_if_each_number_lies_between(values, above, width):
    below = above + width
    found = fact(values, above=above, below=below)
    assert found["holds"] == all(above < value < below for value in values)


def test_an_interval_of_many_holds_if_each_does():
    values = torch.randn(20, 3, generator=torch.Generator().manual_seed(0)) + 2
    interval = interval_over_tasks(values)
    lowest = (interval.mean - interval.half_width).min().item()
    assert fact(interval, above=0)["margin"] == pytest.approx(lowest)
    assert len(fact(interval, above=0)["numbers"]) == 6


@pytest.mark.parametrize(
    ("value", "bounds", "error"),
    [
        (1.0, {}, "has a number: give `above`, `below` or both"),
        (True, {"above": 0}, "is True or False: it takes no bound"),
        ([], {"above": 0}, "has no value"),
        ("1", {"above": 0}, "a number or a truth value, not a str"),
        (None, {}, "a number or a truth value, not a NoneType"),
        ({"converged": False, "error": 0.1}, {"below": 1}, "mixes numbers and truth values"),
        (1.0, {"above": 5, "below": 1}, "no number lies in the bounds 5 and 1"),
        (1.0, {"above": math.nan}, "no number lies in the bounds nan"),
        (1.0, {"above": 0, "share": 4}, "the share of a fact is a text, not 4"),
    ],
)
def test_what_is_no_fact_is_refused(value, bounds, error):
    with pytest.raises((TypeError, ValueError), match=error):
        fact_bundle("finding", "a claim", value, **bounds)


def test_only_the_claim_and_its_truth_are_compared_between_machines():
    """A notebook's metadata is not; the text's number is taken away before."""
    one, other = (fact_bundle("proof", "x < 1", value, below=1) for value in (0.5, 0.25))
    assert one.data[FACT_MIME] == other.data[FACT_MIME]
    assert one.metadata != other.metadata
    assert one.data["text/plain"] == "x < 1: True [0.5 < 1]"
    assert "<p" in one.data["text/html"]
    assert "x &lt; 1: <strong>True</strong> [0.5 &lt; 1]</p>" in one.data["text/html"]


def test_a_share_stands_in_the_sentence():
    bundle = fact_bundle("finding", "MAML is ahead", 1, above=0, share="4 of 5 seeds")
    assert bundle.data["text/plain"] == "MAML is ahead (in 4 of 5 seeds): True [1 > 0]"


@pytest.mark.parametrize("key", ["claim", "kind", "holds", "margin", "numbers"])
def test_facts_of_another_form_are_refused(key):
    bundle = fact_bundle("proof", "x", 1, above=0)
    output = {"data": {FACT_MIME: {**bundle.data[FACT_MIME], key: {}}}, "metadata": bundle.metadata}
    with pytest.raises(ValueError, match="not a fact with a claim"):
        collect_facts({"cells": [{"outputs": [output, {"data": {FACT_MIME: {key: 1}}}]}]})


def test_a_claim_stands_once():
    outputs = [fact_bundle("finding", "x", value, above=0)._asdict() for value in (1, 2)]
    with pytest.raises(ValueError, match="the claim 'x' stands twice"):
        collect_facts({"cells": [{"outputs": outputs}]})


def test_of_many_numbers_the_sum_tells_them_apart():
    one, other = (fact([1.0] * 200 + [last], above=0)["numbers"] for last in (1.0, 2.0))
    assert len(one) == 100
    assert one != other
