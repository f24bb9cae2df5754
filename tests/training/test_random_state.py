"""Dropout in a run that was stopped draws what it would have drawn."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from metalearn_lab.learners.joint import JointPretraining
from metalearn_lab.tasks.sinusoids import Sinusoids
from metalearn_lab.training.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from metalearn_lab.training.meta_train import meta_train
from tests.training.rank_processes import results, start


class Stopped(Exception):
    pass


def train(path, stop=None, seed=0):
    torch.manual_seed(3 + seed)
    model = nn.Sequential(nn.Linear(1, 8), nn.Dropout(0.5), nn.Linear(8, 1))
    for weight in model.parameters():
        nn.init.constant_(weight, 0.3)
    learner = JointPretraining(model, F.mse_loss, inner_lr=0.01, inner_steps=1)

    def batch(i):
        if i == stop:
            raise Stopped
        return Sinusoids().batch(4 * i, 4)

    run = meta_train(
        learner,
        batch,
        iterations=9,
        optimizer=torch.optim.Adam(learner.parameters(), 1e-2),
        checkpoint=path,
        every=3,
        progress=False,
    )
    return learner.state_dict(), run


def assert_same(found, expected):
    assert found[1] == expected[1]
    assert all(torch.equal(found[0][name], weight) for name, weight in expected[0].items())


def test_a_stopped_run_with_dropout_goes_on_bit_for_bit(tmp_path):
    expected = train(None)
    drawn = torch.rand(3)
    with pytest.raises(Stopped):
        train(tmp_path / "run", stop=7)
    assert_same(train(tmp_path / "run"), expected)
    assert torch.equal(torch.rand(3), drawn), "what comes after the run, too"


def test_a_checkpoint_of_before_there_were_random_numbers_in_it_still_goes_on(tmp_path):
    with pytest.raises(Stopped):
        train(tmp_path / "run", stop=7)
    kept = load_checkpoint(tmp_path / "run")
    tensors = {name: t for name, t in kept.tensors.items() if not name.startswith("random")}
    assert len(tensors) == len(kept.tensors) - 1
    save_checkpoint(tmp_path / "run", Checkpoint(kept.description, kept.state, tensors))
    assert train(tmp_path / "run")[1].iterations == 9


def whole_and_stopped(path):
    rank = torch.distributed.get_rank()
    weights, run = train(None, seed=rank)
    with pytest.raises(Stopped):
        train(path, stop=7, seed=rank)
    return {"weights": dict(weights), "history": run.history}


def the_rest(path):
    weights, run = train(path, seed=10)
    return {"weights": dict(weights), "history": run.history}


def test_each_rank_draws_its_own_numbers_again(tmp_path):
    begun, gone_on = (
        results(tmp_path / name, start(tmp_path / name, part, tmp_path / "run"))
        for name, part in (("begun", whole_and_stopped), ("gone on", the_rest))
    )
    for found, expected in zip(gone_on, begun, strict=True):
        assert found["history"] == expected["history"]
        for name, weight in expected["weights"].items():
            assert torch.equal(found["weights"][name], weight), name
