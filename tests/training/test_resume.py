"""A run that was stopped, extended or out of disk ends as if nothing had happened."""

import subprocess
import sys

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from metalearn_lab.learners.joint import JointPretraining
from metalearn_lab.learners.maml import MAML
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.sinusoids import Sinusoids
from metalearn_lab.tasks.types import Split, Task
from metalearn_lab.training.checkpoint import CheckpointError, load_checkpoint
from metalearn_lab.training.meta_train import meta_train
from tests.training.resumable_run import ITERATIONS, OUTER, train


def assert_same(found, expected) -> None:
    """Runs are (learner, TrainingRun) pairs."""
    assert found[1] == expected[1]
    assert_same_weights(found[0].state_dict(), expected[0].state_dict())


def assert_same_weights(found, expected) -> None:
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], weight) for name, weight in expected.items())


class Stopped(Exception):
    pass


def stop_at(iteration):
    def stop(i):
        if i == iteration:
            raise Stopped

    return stop


@pytest.mark.parametrize("outer", OUTER)
def test_a_stopped_run_goes_on_as_if_it_had_not_stopped(tmp_path, outer):
    with pytest.raises(Stopped):
        train(tmp_path / "run", 60, outer=outer, before=stop_at(33))
    assert_same(train(tmp_path / "run", 60, outer=outer), train(None, 60, outer=outer))


@pytest.mark.parametrize("first", [3, 25, 30])
def test_an_extended_run_is_the_longer_run(tmp_path, first):
    """The extra row where the first run ended, and its weights if they were best, are gone."""
    _, short = train(tmp_path / "run", first, every=10)
    assert short.history[-1]["iteration"] == first
    assert_same(train(tmp_path / "run", 55, every=10), train(None, 55, every=10))


def test_a_finished_run_is_given_again(tmp_path):
    done = train(tmp_path / "run", 25, every=10)
    assert_same(train(tmp_path / "run", 25, every=10, before=stop_at(0)), done)


def test_patience_counts_on_after_a_stop(tmp_path):
    settings = {"patience": 3, "every": 2}
    expected = train(None, **settings)
    assert expected[1].stopped_early
    end = expected[1].iterations
    with pytest.raises(Stopped):
        train(tmp_path / "run", **settings, before=stop_at(end - 3))
    assert_same(train(tmp_path / "run", **settings), expected)
    assert_same(train(tmp_path / "run", **settings, before=stop_at(end)), expected)


def test_fewer_iterations_than_were_done_is_an_error(tmp_path):
    train(tmp_path / "run", 25)
    with pytest.raises(CheckpointError, match=r"already holds 25 iterations, and 20 were asked"):
        train(tmp_path / "run", 20)


def test_a_run_whose_disk_fills_goes_on_from_the_last_good_checkpoint(tmp_path):
    command = [sys.executable, "-m", "tests.training.resumable_run", str(tmp_path / "run")]
    full = subprocess.run(command, capture_output=True, text=True, check=False)
    assert full.returncode == 1
    assert f"could not write {tmp_path / 'run'}" in full.stderr
    assert "free some space" in full.stderr
    assert [entry.name for entry in tmp_path.iterdir()] == ["run"]
    assert load_checkpoint(tmp_path / "run").state["run"]["iterations"] == ITERATIONS // 2
    assert_same(train(tmp_path / "run"), train(None))


def test_a_path_that_cannot_be_written_is_found_before_any_training(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(CheckpointError, match=r"could not write .*file/run"):
        train(tmp_path / "file" / "run", before=stop_at(0))


class Tied(nn.Module):
    """Two layers with one weight."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(1, 1), nn.Linear(1, 1)
        self.second.weight = self.first.weight
        for parameter in self.parameters():
            nn.init.constant_(parameter, 0.5)

    def forward(self, x):
        return self.second(torch.tanh(self.first(x)))


def test_tied_weights_are_kept_and_stay_tied(tmp_path):
    def trained(iterations, path):
        learner = MAML(Tied(), F.mse_loss, inner_lr=0.01, inner_steps=1)
        optimizer = torch.optim.Adam(learner.parameters(), 1e-2)
        tasks = Sinusoids()
        run = meta_train(
            learner,
            lambda i: tasks.batch(4 * i, 4),
            iterations=iterations,
            optimizer=optimizer,
            checkpoint=path,
            every=2,
            progress=False,
        )
        return learner, run

    trained(4, tmp_path / "run")
    found = trained(10, tmp_path / "run")
    assert_same(found, trained(10, None))
    assert found[0].model.first.weight is found[0].model.second.weight


def test_a_fused_step_goes_on_right_where_weights_lie_channels_last(tmp_path):
    """A file keeps rows one after the other; weights and moments must lie alike again."""

    def trained(iterations, path):
        model = nn.Conv2d(3, 4, 2).to(memory_format=torch.channels_last)
        nn.init.constant_(model.weight, 0.1)
        nn.init.zeros_(model.bias)
        learner = JointPretraining(model, F.mse_loss, inner_lr=0.1, inner_steps=1)
        run = meta_train(
            learner,
            images,
            iterations=iterations,
            optimizer=torch.optim.Adam(learner.parameters(), 1e-2, fused=True),
            checkpoint=path,
            progress=False,
        )
        return learner, run

    trained(3, tmp_path / "run")
    assert_same(trained(9, tmp_path / "run"), trained(9, None))


def images(iteration):
    """Two tasks of three random images."""
    numbers = generator("images", iteration)
    split = Split(
        torch.randn(2, 3, 3, 4, 4, generator=numbers), torch.randn(2, 3, 4, 3, 3, generator=numbers)
    )
    return Task(split, split)


class HalvingSGD(torch.optim.SGD):
    """Its state is a plain number for each parameter, not a tensor."""

    def step(self, closure=None):
        for group in self.param_groups:
            for parameter in group["params"]:
                rate = self.state[parameter].get("rate", 0.1)
                parameter.data -= rate * parameter.grad
                self.state[parameter]["rate"] = rate * 0.9


def test_numbers_in_the_state_of_an_optimizer_are_kept_exactly(tmp_path, monkeypatch):
    monkeypatch.setitem(OUTER, "halving", lambda m: (HalvingSGD(m.parameters(), 0.1), None))
    train(tmp_path / "run", 10, outer="halving")
    assert_same(train(tmp_path / "run", 20, outer="halving"), train(None, 20, outer="halving"))
