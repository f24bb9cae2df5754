"""Each number of steps takes the α that was best for it on other tasks."""

import pytest
import torch

from metalearn_lab.evaluation.adaptation_curves import adaptation_curves
from metalearn_lab.evaluation.best_inner_lr import curves_at_best_inner_lr
from metalearn_lab.evaluation.few_shot_score import with_rate
from metalearn_lab.learners.maml import MAML
from tests.learners.builders import sinusoid_learner, sinusoids

INNER_LRS = (0.001, 0.02, 0.1, 1e200)


def test_it_chooses_on_validation_tasks_and_reports_on_test_tasks():
    learner, validation, test = sinusoid_learner(MAML), sinusoids(4, 10), sinusoids(4)
    before = learner.inner_lr
    curves, chosen = curves_at_best_inner_lr(learner, validation, test, INNER_LRS, 5)
    for step, inner_lr in enumerate(chosen):
        tried = {
            each: adaptation_curves(with_rate(learner, each), validation, 5).loss[:, step].mean()
            for each in INNER_LRS
        }
        assert all(not loss < tried[inner_lr] for loss in tried.values())
        reported = adaptation_curves(with_rate(learner, inner_lr), test, 5).loss[:, step]
        torch.testing.assert_close(curves.loss[:, step], reported)
    assert learner.inner_lr == before
    assert 1e200 not in chosen, "it ends in NaN"
    assert chosen != curves_at_best_inner_lr(learner, test, test, INNER_LRS, 5)[1]


def test_nothing_to_try_is_refused():
    with pytest.raises(ValueError, match="no inner step sizes"):
        curves_at_best_inner_lr(sinusoid_learner(MAML), sinusoids(2), sinusoids(2), (), 1)
