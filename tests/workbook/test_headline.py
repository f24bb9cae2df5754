import json

import pytest
import torch

from metalearn_lab.evaluation.adaptation_curves import AdaptationCurves
from metalearn_lab.evaluation.intervals import Interval, interval_over_tasks
from metalearn_lab.workbook.headline import (
    HEADLINE_MIME,
    collect_headlines,
    headline,
    headline_bundle,
)

LOSSES = torch.tensor([[4.0, 2.0], [2.0, 0.0]])


def kept(*args, **kwargs):
    """What a program finds, after the way through the notebook's file."""
    bundle = headline_bundle(*args, **kwargs)
    return json.loads(json.dumps(bundle, allow_nan=False))[HEADLINE_MIME]


def test_it_shows_a_line_and_leaves_the_same_for_machines():
    bundle = headline_bundle("MAML 0.8 > probe", {"maml": 0.8, "episodes": 600})
    assert bundle["text/plain"] == "MAML 0.8 > probe"
    assert bundle["text/html"] == "<p><strong>MAML 0.8 &gt; probe</strong></p>"
    assert kept("MAML 0.8 > probe", {"maml": 0.8, "episodes": 600}) == {
        "text": "MAML 0.8 > probe",
        "values": {"maml": 0.8, "episodes": 600},
        "curves": {},
    }


def test_it_is_displayed(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda bundle, raw: shown.append((bundle, raw)))
    curves = {"maml": AdaptationCurves(LOSSES, None)}
    headline("done", curves, seconds=1)
    assert shown == [(headline_bundle("done", {"seconds": 1}, curves), True)]


def test_an_interval_is_kept_as_its_mean_and_half_width():
    interval = interval_over_tasks(torch.tensor([1.0, 2.0, 3.0]))
    assert kept("x", {"loss": interval, "tasks": 3})["values"] == {
        "loss": interval.mean.item(),
        "loss_half_width": interval.half_width.item(),
        "tasks": 3,
    }


def test_an_interval_of_one_entry_in_a_row_is_a_single_number():
    interval = Interval(torch.tensor([1.5]), torch.tensor([0.5]), 9)
    assert kept("x", {"loss": interval})["values"] == {"loss": 1.5, "loss_half_width": 0.5}


@pytest.mark.parametrize("name", [float("nan"), float("inf"), -float("inf")])
def test_a_number_without_a_form_in_json_is_kept_by_its_name(name):
    losses = torch.tensor([[name, 1.0], [2.0, 1.0]])
    found = kept("x", {"loss": name}, {"maml": AdaptationCurves(losses, None)})
    assert found["values"] == {"loss": str(name)}
    assert found["curves"]["maml"]["mean"] == [str(name), 1.0]


def test_curves_of_a_regression_are_kept_as_losses():
    mean, half, _ = interval_over_tasks(LOSSES)
    assert kept("x", {}, {"maml": AdaptationCurves(LOSSES, None)})["curves"] == {
        "maml": {
            "kind": "loss",
            "mean": mean.tolist(),
            "half_width": half.tolist(),
            "tasks": 2,
        }
    }


def test_curves_of_a_classification_are_kept_as_accuracies():
    accuracy = torch.tensor([[0.2, 0.6], [0.4, 0.8]])
    [found] = kept("x", {}, {"maml": AdaptationCurves(LOSSES, accuracy)})["curves"].values()
    assert found["kind"] == "accuracy"
    assert found["mean"] == pytest.approx([0.3, 0.7])


def test_a_tensor_is_refused_with_advice():
    with pytest.raises(TypeError, match=r"'loss' is a Tensor; give a plain number.*item\(\)"):
        headline_bundle("x", {"loss": torch.ones(())})


def test_an_interval_of_several_numbers_is_refused():
    with pytest.raises(TypeError, match=r"'loss' is an Interval of shape \(2,\); give"):
        headline_bundle("x", {"loss": interval_over_tasks(LOSSES)})


def test_two_values_of_one_name_are_refused():
    interval = interval_over_tasks(LOSSES[:, 0])
    for values in (
        {"loss": interval, "loss_half_width": 1.0},
        {"loss_half_width": 1.0, "loss": interval},
    ):
        with pytest.raises(ValueError, match="two headline values are called 'loss_half_width'"):
            headline_bundle("x", values)


def test_what_is_no_curve_is_refused():
    with pytest.raises(TypeError, match="curves of 'maml' are a Tensor; give what adaptation_curv"):
        headline_bundle("x", {}, {"maml": LOSSES})


def test_headlines_are_collected_in_order():
    notebook = {
        "cells": [
            {"cell_type": "markdown", "source": "no outputs here"},
            {"outputs": [{"output_type": "stream", "name": "stdout", "text": "x"}]},
            {"outputs": [{"data": headline_bundle("one", {})}, {"data": {"text/plain": "x"}}]},
            {"outputs": [{"data": headline_bundle("two", {"k": 2})}]},
        ]
    }
    assert collect_headlines(notebook) == [
        {"text": "one", "values": {}, "curves": {}},
        {"text": "two", "values": {"k": 2}, "curves": {}},
    ]
