"""The training loop: it learns, stops when it should and shows how far it is."""

import re

import pytest
import torch
from torch.nn import functional as F

from metalearn_lab.evaluation.adaptation_curves import adaptation_curves, adapted_loss
from metalearn_lab.learners.maml import MAML
from metalearn_lab.models.mlp import MLP
from metalearn_lab.tasks.sinusoids import Sinusoids
from metalearn_lab.training.meta_train import meta_train

FAMILY = Sinusoids()


def learner(**settings) -> MAML:
    defaults = {"inner_lr": 0.01, "inner_steps": 1}
    return MAML(MLP([1, 20, 20, 1]), F.mse_loss, **(defaults | settings))


def run(module, **settings):
    defaults = {
        "tasks": lambda i: FAMILY.batch(8 * i, 8),
        "iterations": 20,
        "optimizer": torch.optim.Adam(module.parameters(), 1e-3),
        "every": 10,
        "progress": False,
    }
    return meta_train(module, **(defaults | settings))


def test_training_lowers_the_loss_after_adaptation_on_unseen_tasks():
    test, module = Sinusoids(split="test").batch(0, 200), learner()
    before = adaptation_curves(module, test).mean_loss
    run(module, iterations=400)
    after = adaptation_curves(module, test).mean_loss
    assert (after.mean + after.half_width < before.mean - before.half_width)[-1]


def test_history_is_a_table_of_means():
    module = learner()
    done = run(module, iterations=25, validation=FAMILY.batch(900, 4))
    assert [row["iteration"] for row in done.history] == [10, 20, 25]
    assert all(set(row) == {"iteration", "meta_loss", "validation_loss"} for row in done.history)
    single = learner()
    first_row = run(single, iterations=1, every=1).history[0]["meta_loss"]
    assert first_row == pytest.approx(learner()(FAMILY.batch(0, 8)).item())


def test_the_learner_ends_with_its_best_validated_weights():
    validation = Sinusoids(split="validation").batch(0, 20)
    module = learner(inner_lr=0.005)
    done = run(
        module,
        iterations=200,
        optimizer=torch.optim.SGD(module.parameters(), 0.08),
        validation=validation,
        patience=4,
        every=5,
    )
    losses = [row["validation_loss"] for row in done.history]
    assert done.stopped_early
    assert done.iterations < 200
    assert len(losses) - 1 - losses.index(min(losses)) == 4
    assert adapted_loss(module, validation) == pytest.approx(min(losses), rel=1e-6)
    assert done.best_iteration == 5 * (losses.index(min(losses)) + 1)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"iterations": 0}, "iterations and every must be 1 or more, got iterations=0"),
        ({"every": 0}, "iterations and every must be 1 or more, got .* every=0"),
        ({"patience": 3}, "patience needs meta-validation tasks: pass validation="),
        ({"patience": 0}, "patience must be 1 or more rows"),
    ],
)
def test_settings_out_of_range_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        run(learner(), **settings)


def test_a_scheduler_that_needs_a_loss_is_refused_by_name():
    module = learner()
    optimizer = torch.optim.Adam(module.parameters())
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer)
    with pytest.raises(TypeError, match=r"ReduceLROnPlateau steps on a loss.* use StepLR"):
        run(module, optimizer=optimizer, scheduler=scheduler)


def test_progress_goes_to_stderr_with_rate_and_time_left(capsys):
    run(learner(), progress=True)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "meta-train: 100%" in captured.err
    assert re.search(r"20/20 \[\d\d:\d\d<00:00, .*it/s", captured.err), "elapsed<left, rate"
    assert "meta_loss" in captured.err


def test_a_run_shorter_than_a_row_shows_its_loss(capsys):
    run(learner(), iterations=3, progress=True)
    assert "meta_loss" in capsys.readouterr().err
