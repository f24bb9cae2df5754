"""The training loop: it learns, resumes exactly, stops when it should and says why."""

import signal
import subprocess
import sys
import time

import pytest
import torch
from safetensors.torch import load_file
from torch.nn import functional as F

from metalearn_lab.evaluation.adaptation_curves import adaptation_curves, adapted_loss
from metalearn_lab.learners.maml import MAML
from metalearn_lab.learners.reptile import Reptile
from metalearn_lab.models.mlp import MLP
from metalearn_lab.tasks.sinusoids import Sinusoids
from metalearn_lab.training.checkpoint import CheckpointError
from metalearn_lab.training.meta_train import meta_train
from metalearn_lab.training.non_finite import NonFiniteLossError
from tests.training.resumable_run import train

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


def test_a_stopped_run_goes_on_as_if_it_had_not_stopped(tmp_path):
    whole, expected = train(None, 60)
    train(tmp_path / "run", 25)
    halves, found = train(tmp_path / "run", 60)
    assert found.history == expected.history
    for name, weight in whole.state_dict().items():
        assert torch.equal(weight, halves.state_dict()[name])


@pytest.mark.parametrize("wait", [0.15, 0.3, 0.6])
def test_a_killed_run_ends_with_the_same_weights_bit_for_bit(tmp_path, wait):
    checkpoint, result = tmp_path / "run", tmp_path / "weights"
    command = [sys.executable, "-m", "tests.training.resumable_run", str(checkpoint), str(result)]
    process = subprocess.Popen(command)
    while not checkpoint.exists():
        assert process.poll() is None, "the run ended before its first checkpoint"
        time.sleep(0.005)
    time.sleep(wait)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "the run ended before it was killed"
    assert not result.exists()
    subprocess.run(command, check=True)
    torch.set_num_threads(1)
    expected, _ = train(None)
    found = load_file(result)
    assert all(torch.equal(weight, found[n]) for n, weight in expected.state_dict().items())


def test_nan_in_the_data_is_named():
    batch = FAMILY.batch(0, 4)
    batch.query.y[2, 3] = float("nan")
    with pytest.raises(NonFiniteLossError, match=r"iteration 0: query\.y of task 2 .* NaN or inf"):
        run(learner(), tasks=lambda i: batch)


def test_a_diverging_inner_loop_is_named_with_its_step():
    module = learner(inner_lr=1e4, inner_steps=8)
    with pytest.raises(NonFiniteLossError, match=r"diverges at step \d of 8 with inner_lr = 10000"):
        run(module)


def test_weights_that_blew_up_are_named_and_never_stepped_on():
    module = learner()
    with torch.no_grad():
        module.model.head.bias.fill_(float("inf"))
    with pytest.raises(NonFiniteLossError, match=r"model\.head\.bias are no longer finite: lower"):
        run(module)


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


def test_a_checkpoint_of_another_model_names_the_difference(tmp_path):
    run(learner(), checkpoint=tmp_path / "run")
    other = MAML(MLP([1, 30, 20, 1]), F.mse_loss, inner_lr=0.01, inner_steps=1)
    with pytest.raises(CheckpointError, match=r"another run \(weights: .*\[20, 1\].*\[30, 1\]"):
        run(other, checkpoint=tmp_path / "run")


def test_a_checkpoint_of_another_learner_names_the_difference(tmp_path):
    run(learner(), checkpoint=tmp_path / "run")
    other = Reptile(MLP([1, 20, 20, 1]), F.mse_loss, inner_lr=0.02, inner_steps=1)
    with pytest.raises(
        CheckpointError, match=r"inner_lr: 0\.01 there, 0\.02 here; learner: 'MAML'"
    ):
        run(other, checkpoint=tmp_path / "run")


def test_progress_goes_to_stderr_with_rate_and_time_left(capsys):
    run(learner(), progress=True)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "meta-train: 100%" in captured.err
    assert "it/s" in captured.err
    assert "meta_loss" in captured.err
