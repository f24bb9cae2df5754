"""The best rate of one step, in closed form, by simulation and as it is learned."""

import pytest
import torch

from metalearn_lab.experiments.one_step_rate import (
    best_step,
    half_errors,
    rate_matrix,
    train_linear_attention,
)
from metalearn_lab.models.linear_attention import gradient_step_layers
from metalearn_lab.tasks.linear_tasks import LinearTasks


def test_the_published_setting_and_the_normal_one():
    uniform = best_step(10, 10, 1 / 12, 1 / 80)  # x uniform in ±½
    assert uniform.inner_lr == pytest.approx(6.0606, abs=1e-4)
    assert uniform.loss == pytest.approx(0.20623, abs=1e-5)
    assert uniform.nothing == pytest.approx(0.41667, abs=1e-5)
    assert best_step(3, 10) == pytest.approx((5 / 7, 3 / 7, 1.5))


def test_the_formula_is_that_of_drawn_tasks():
    tasks = LinearTasks(10, 1, 3, split="test").batch(0, 100_000)
    rate = best_step(3, 10).inner_lr
    loss = {r: half_errors(gradient_step_layers(3, 1, r), tasks).mean().item() for r in (0.6, 0.83)}
    best = half_errors(gradient_step_layers(3, 1, rate), tasks).mean().item()
    assert best == pytest.approx(3 / 7, rel=0.01)
    assert best < min(loss.values())


def test_a_layer_learns_towards_the_step():
    tasks = LinearTasks(10, 1, 2)
    model = train_linear_attention(tasks, 150, outer_lr=0.03)
    rate = best_step(2, 10).inner_lr
    assert torch.allclose(rate_matrix(model), rate * torch.eye(2), atol=0.12)
