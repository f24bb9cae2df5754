"""Chunks bound the memory of training, by request or where it is short, and change no gradient."""

import weakref
from itertools import pairwise

import pytest
import torch

from metalearn_lab.learners.learner import Learner
from metalearn_lab.learners.maml import MAML
from metalearn_lab.learners.reptile import Reptile
from metalearn_lab.running import chunks
from metalearn_lab.tasks.types import Task
from tests.learners.builders import LEARNERS, gradients, merged_for, sinusoid_learner, sinusoids


@pytest.mark.parametrize("size", [1, 2, 3, 5, 9])
@pytest.mark.parametrize("kind", [MAML, Reptile])
def test_any_chunk_gives_the_same_gradient(kind: type, size: int) -> None:
    tasks = merged_for(kind, sinusoids(5))
    expected = gradients(sinusoid_learner(kind), tasks)
    for name, found in gradients(sinusoid_learner(kind, chunk_size=size), tasks).items():
        torch.testing.assert_close(found, expected[name], rtol=1e-11, atol=1e-14)


def test_the_graph_of_a_chunk_is_freed_before_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    graphs: list[weakref.ref[object]] = []
    losses = chunks.losses_of_chunk

    def watched(learner: Learner, tasks: Task) -> torch.Tensor:
        assert all(graph() is None for graph in graphs)
        found = losses(learner, tasks)
        graphs.append(weakref.ref(found))
        return found

    learner = sinusoid_learner(MAML, chunk_size=2)
    learner(sinusoids(6))  # what PyTorch loads at its first call leaves cycles behind
    monkeypatch.setattr(chunks, "losses_of_chunk", watched)
    learner(sinusoids(6)).backward()
    assert len(graphs) == 3


def test_a_graph_of_more_steps_holds_more() -> None:
    sizes = [
        chunks.graph_bytes(sinusoid_learner(MAML, inner_steps=steps), sinusoids(1))
        for steps in (1, 5, 10)
    ]
    more = [after - before for before, after in pairwise(sizes)]
    assert more[1] == pytest.approx(more[0] * 5 / 4, rel=0.1)


@pytest.mark.parametrize("kind", LEARNERS)
@pytest.mark.parametrize("fitting", [1, 3, 100])
def test_the_rule_runs_as_many_as_half_of_the_free_memory_holds(
    fitting: int, kind: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    learner, tasks = sinusoid_learner(kind), merged_for(kind, sinusoids(10))
    expected = gradients(learner, tasks)
    one = chunks.graph_bytes(learner, tasks)
    monkeypatch.setattr(chunks, "free_bytes", lambda device: 2 * one * fitting)
    assert chunks.tasks_at_once(learner, tasks) == min(fitting, 10)
    for name, found in gradients(learner, tasks).items():
        torch.testing.assert_close(found, expected[name], rtol=1e-11, atol=1e-14)
    with torch.no_grad():
        assert chunks.tasks_at_once(learner, tasks) == 10


def test_a_graph_holds_at_least_what_autograd_saves() -> None:
    learner, tasks, saved = sinusoid_learner(MAML), sinusoids(1), {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        saved[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    one = Task(*(type(split)(split.x[0], split.y[0]) for split in tasks))
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        loss = learner.meta_loss(one)
    assert loss.requires_grad
    own = sum(p.nbytes for p in learner.parameters())
    assert sum(saved.values()) - own <= chunks.graph_bytes(learner, tasks) < 4 * sum(saved.values())


def test_what_fits_is_never_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "graph_bytes", lambda learner, tasks: pytest.fail("measured"))
    monkeypatch.setattr(chunks, "free_bytes", lambda device: 10**9)
    assert chunks.tasks_at_once(sinusoid_learner(MAML), sinusoids(10)) == 10
    monkeypatch.setattr(chunks, "free_bytes", lambda device: None)
    assert chunks.tasks_at_once(sinusoid_learner(MAML), sinusoids(10)) == 10
    monkeypatch.setattr(chunks, "free_bytes", lambda device: 0)
    assert chunks.tasks_at_once(sinusoid_learner(MAML, chunk_size=4), sinusoids(10)) == 4


def test_this_machine_says_how_much_is_free() -> None:
    assert (chunks.free_bytes(torch.device("cpu")) or 0) > 0
