"""A run is compiled where it was asked for or pays, and goes on the way it was begun."""

import sys
import types
import warnings

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from metalearn_lab.compiled import NotCompilable
from metalearn_lab.learners.maml import MAML
from metalearn_lab.models.mlp import MLP
from metalearn_lab.models.text_encoder import TextClassifier
from metalearn_lab.tasks.sinusoids import Sinusoids
from metalearn_lab.training import compiling
from metalearn_lab.training.checkpoint import CheckpointError, load_checkpoint, save_checkpoint
from metalearn_lab.training.compiling import is_worth_compiling
from metalearn_lab.training.meta_train import meta_train


class Compiler(types.ModuleType):
    """In the place of ``metalearn_lab.compiled``: says what was compiled, and how often it ran."""

    def __init__(self):
        super().__init__("metalearn_lab.compiled")
        self.NotCompilable = NotCompilable
        self.examples, self.calls, self.reason = [], 0, None

    def compiled_meta_loss(self, learner, example):
        if self.reason:
            raise NotCompilable(self.reason)
        self.examples.append(example)

        def meta_loss(tasks):
            self.calls += 1
            return learner(tasks)

        meta_loss.snapshot = types.SimpleNamespace(doubtful_names=[])
        return meta_loss


@pytest.fixture
def compiler(monkeypatch):
    stand_in = Compiler()
    monkeypatch.setitem(sys.modules, "metalearn_lab.compiled", stand_in)
    monkeypatch.setattr(compiling, "_FEWEST_ITERATIONS", 10)
    return stand_in


def learner(model=None):
    return MAML(model or MLP([1, 4, 1]), F.mse_loss, inner_lr=0.01, inner_steps=1)


def train(iterations, compiled=None, checkpoint=None):
    module = learner()
    return meta_train(
        module,
        lambda i: Sinusoids().batch(2 * i, 2),
        iterations=iterations,
        optimizer=torch.optim.Adam(module.parameters(), 1e-2),
        every=2,
        checkpoint=checkpoint,
        progress=False,
        compiled=compiled,
    )


def convolution():
    return nn.Sequential(nn.Conv1d(1, 2, 1), nn.Flatten(), nn.Linear(2, 1))


@pytest.mark.parametrize(
    ("model", "iterations", "worth"),
    [
        (MLP([1, 40, 40, 1]), 2_000, True),
        (MLP([1, 40, 40, 1]), 1_999, False),
        (MLP([384, 256, 5]), 70_000, False),
        (convolution(), 70_000, False),
        (TextClassifier(30, 3, dim=4, hidden=5), 70_000, False),
        (MLP([1, 4, 1]).to("meta"), 70_000, False),
    ],
    ids=["small", "short", "large", "convolution", "embeddings", "on no device"],
)
def test_long_runs_of_small_dense_networks_are_worth_it(model, iterations, worth):
    assert is_worth_compiling(learner(model), iterations) is worth


@pytest.mark.parametrize(
    ("compiled", "iterations", "expected"),
    [(None, 10, True), (None, 9, False), (True, 1, True), (False, 10, False)],
)
def test_the_rule_holds_unless_it_is_told(compiler, compiled, iterations, expected):
    run = train(iterations, compiled)
    assert compiler.calls == (iterations if expected else 0)
    assert run == train(iterations, compiled=False)


def test_compiling_is_for_batches_as_they_come(compiler):
    train(10)
    (example,) = compiler.examples
    assert torch.equal(example.support.x, Sinusoids().batch(0, 2).support.x)


def test_where_the_rule_is_for_it_but_it_cannot_be_done_a_warning_says_why_once(compiler):
    compiler.reason = "no C compiler was found"
    with pytest.warns(UserWarning, match="not compiled, .* no C compiler was found") as said:
        run = train(10)
    assert len(said) == 1
    assert said[0].filename == __file__, "it points at the caller"
    assert run == train(10, compiled=False)


def test_where_it_was_asked_for_the_reason_is_an_error(compiler, tmp_path):
    compiler.reason = "the operation cumsum is not known"
    with pytest.raises(NotCompilable, match="cumsum"):
        train(1, compiled=True, checkpoint=tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(("begun", "iterations"), [(False, 12), (True, 4), (None, 4)])
def test_a_run_goes_on_the_way_it_was_begun(compiler, tmp_path, begun, iterations):
    """Whatever the rule says of its new length."""
    train(2, begun, tmp_path / "run")
    compiler.calls = 0
    train(iterations, checkpoint=tmp_path / "run")
    assert compiler.calls == (iterations - 2 if begun else 0)
    train(iterations + 2, begun, tmp_path / "run")


@pytest.mark.parametrize("begun", [True, False])
def test_going_on_in_the_other_way_is_refused(compiler, tmp_path, begun):
    train(2, begun, tmp_path / "run")
    with pytest.raises(CheckpointError, match=f"compiled: {begun} there, {not begun} here"):
        train(4, not begun, tmp_path / "run")


def test_a_compiled_run_does_not_go_on_uncompiled_without_a_word(compiler, tmp_path):
    train(2, True, tmp_path / "run")
    compiler.reason = "no C compiler was found"
    with pytest.raises(NotCompilable, match="no C compiler"):
        train(4, checkpoint=tmp_path / "run")


def test_a_finished_run_is_not_compiled_again(compiler, tmp_path):
    first = train(10, checkpoint=tmp_path / "run")
    compiler.reason = "no C compiler was found"
    assert train(10, checkpoint=tmp_path / "run") == first


def test_a_fallback_goes_on_as_it_began(compiler, tmp_path):
    compiler.reason = "no C compiler was found"
    with pytest.warns(UserWarning, match="no C compiler"):
        train(10, checkpoint=tmp_path / "run")
    compiler.reason = None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        train(20, checkpoint=tmp_path / "run")
    assert compiler.calls == 0


def test_a_run_kept_before_there_was_a_choice_goes_on_uncompiled(compiler, tmp_path):
    train(2, False, tmp_path / "run")
    kept = load_checkpoint(tmp_path / "run")
    del kept.description["compiled"]
    save_checkpoint(tmp_path / "run", kept)
    train(12, checkpoint=tmp_path / "run")
    assert compiler.calls == 0
