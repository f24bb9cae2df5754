"""Adaptation curves and the interval that goes with them."""

import pytest
import torch
from torch.nn import functional as F

from metalearn_lab.evaluation.adaptation_curves import (
    TASKS_AT_ONCE,
    adaptation_curves,
    adapted_loss,
)
from metalearn_lab.evaluation.intervals import interval_over_tasks
from metalearn_lab.learners.maml import MAML
from metalearn_lab.tasks.quadratics import Weight, half_squared_error, quadratic_tasks
from metalearn_lab.tasks.types import Split, Task
from tests.learners.builders import sinusoid_learner, sinusoids, text_learner, text_tasks


def test_curves_equal_the_closed_form_on_quadratics():
    """The distance to c shrinks by 1 − αa each step, so the loss by its square."""
    tasks = quadratic_tasks([1.0, 4.0], [2.0, -1.0])
    learner = MAML(Weight(0.5), half_squared_error, inner_lr=0.1, inner_steps=3)
    a, c = torch.tensor([1.0, 4.0]), torch.tensor([2.0, -1.0])
    shrink = (1 - 0.1 * a)[:, None] ** (2 * torch.arange(4))
    expected = (a / 2 * (0.5 - c) ** 2)[:, None] * shrink
    curves = adaptation_curves(learner, tasks)
    assert torch.allclose(curves.loss, expected, atol=1e-6)
    assert curves.accuracy is None
    assert adapted_loss(learner, tasks) == pytest.approx(expected[:, -1].mean().item(), rel=1e-6)


def test_curves_do_not_depend_on_how_tasks_are_chunked():
    learner, tasks = text_learner(MAML), text_tasks(TASKS_AT_ONCE + 3)
    whole = adaptation_curves(learner, tasks, 4)
    last = Task(*(Split(s.x[-2:], s.y[-2:]) for s in tasks))
    assert whole.loss.shape == whole.accuracy.shape == (TASKS_AT_ONCE + 3, 5)
    assert (whole.tasks, whole.steps) == (TASKS_AT_ONCE + 3, 4)
    assert torch.allclose(whole.loss[-2:], adaptation_curves(learner, last, 4).loss)


def test_step_zero_is_the_model_before_adaptation():
    learner, tasks = sinusoid_learner(MAML), sinusoids()
    before = F.mse_loss(learner.model(tasks.query.x), tasks.query.y)
    assert adaptation_curves(learner, tasks, 0).loss.mean().item() == pytest.approx(before.item())


def test_the_interval_covers_the_truth_as_often_as_it_says():
    """95 % of intervals over 12 tasks hold the true mean; Student's t, not 1.96, does it."""
    numbers = torch.Generator().manual_seed(0)
    values = torch.randn(12, 20_000, generator=numbers)
    found = interval_over_tasks(values)
    covered = (found.mean.abs() < found.half_width).double().mean().item()
    assert covered == pytest.approx(0.95, abs=0.005)
    assert found.tasks == 12


def test_regression_has_no_accuracy():
    with pytest.raises(ValueError, match="no accuracy: use mean_loss"):
        _ = adaptation_curves(sinusoid_learner(MAML), sinusoids()).mean_accuracy


def test_one_task_gives_no_interval():
    with pytest.raises(ValueError, match="needs 2 tasks or more, got 1"):
        interval_over_tasks(torch.zeros(1, 3))


def test_no_tasks_is_an_error():
    empty = Task(*(Split(s.x[:0], s.y[:0]) for s in sinusoids()))
    with pytest.raises(ValueError, match=r"support\.x holds no tasks"):
        adaptation_curves(sinusoid_learner(MAML), empty)


def test_nan_in_the_tasks_is_an_error_and_not_an_accuracy():
    tasks = sinusoids()
    tasks.support.x[1, 2] = float("nan")
    with pytest.raises(ValueError, match=r"cannot evaluate: support\.x of task 1 .* NaN or inf"):
        adaptation_curves(sinusoid_learner(MAML), tasks)


def test_scores_that_are_no_numbers_are_no_right_answer():
    """An adaptation that diverges to NaN is wrong everywhere, though argmax of NaN is class 0."""
    learner = text_learner(MAML, inner_lr=1e300)
    curves = adaptation_curves(learner, text_tasks(4), 3)
    assert not curves.loss[:, -1].isfinite().any()
    assert curves.accuracy[:, -1].eq(0).all()


def test_negative_steps_are_an_error():
    with pytest.raises(ValueError, match=r"must be 0, 1, 2, …, got -1"):
        adaptation_curves(sinusoid_learner(MAML), sinusoids(), -1)
