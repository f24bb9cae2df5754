"""Six steps on bowls, where each way's start is known exactly."""

import pytest
import torch
from torch.nn import functional as F

from metalearn_lab.experiments.six_steps import NEAREST, RANDOM, SCRATCH, WARM, WORST, six_steps
from metalearn_lab.experiments.task_graph import trained_apart
from metalearn_lab.experiments.task_worlds import sinusoid_tasks
from metalearn_lab.learners.maml import MAML
from metalearn_lab.models.mlp import MLP
from metalearn_lab.tasks.types import Split, Task

RATES = (0.0, 0.001)


def run(steps, rates=RATES, count=4):
    stream, _ = sinusoid_tasks(count, 8, 5, apart=3.14, split="stream", seed=0)
    learner = MAML(MLP([1, 8, 1], seed=0), F.mse_loss, inner_lr=0.01, inner_steps=2)
    ran = six_steps(learner, stream, shots=4, rates=rates, steps=steps, lr=0.01)
    return learner, stream, ran


def test_without_training_every_way_is_from_scratch():
    learner, stream, ran = run(0)
    for losses in ran.losses.values():
        assert torch.allclose(losses, ran.losses[SCRATCH], atol=1e-6)
    untouched = torch.stack(
        [learner.loss_at(learner.weights(), q) for q in map(type(stream.query), *stream.query)]
    )
    assert torch.allclose(ran.losses[SCRATCH][0], untouched, atol=1e-6)
    assert learner.inner_lr == 0.01


def test_ways_part_after_the_first_task_and_the_part_moved_is_the_similarity():
    _, _, ran = run(20)
    first = torch.stack([losses[:, 0] for losses in ran.losses.values()])
    assert torch.allclose(first, first[:1].expand_as(first))
    assert not torch.allclose(ran.losses["as written"][:, 2], ran.losses["half for all"][:, 2])
    for way in WARM:
        assert not torch.allclose(ran.losses[way][:, 1], ran.losses[SCRATCH][:, 1])
        assert torch.allclose(ran.losses[way][:, 1], ran.losses[RANDOM][:, 1])  # one past task
    assert ran.similarity[0] == 1
    assert ((ran.similarity >= 0) & (ran.similarity <= 1)).all()
    # the first task moves both models all the way, so they agree on the second
    assert torch.allclose(
        ran.losses["as written"][:, 1], ran.losses["all the way"][:, 1], rtol=1e-3
    )


def test_a_task_that_comes_again_starts_from_its_own_weights():
    """Its gradient is that of the past task, so the cosine is 1, and the start is trained on it."""
    stream, _ = sinusoid_tasks(3, 8, 5, apart=3.14, split="stream", seed=0)
    again = Task(*(Split(*(v[[0, 1, 2, 1]] for v in split)) for split in stream))
    learner = MAML(MLP([1, 8, 1], seed=0), F.mse_loss, inner_lr=0.01, inner_steps=0)
    ran = six_steps(learner, again, shots=8, rates=(0.0,), steps=200, lr=0.01)
    first, second = again.support
    stored = trained_apart(learner, Split(first[:3], second[:3]), steps=200, lr=0.01)
    own = {name: weight[1] for name, weight in stored.items()}
    query = Split(again.query.x[3], again.query.y[3])
    expected = learner.loss_at(own, query).item()
    for way in NEAREST.values():
        assert ran.losses[way][0, 3].item() == pytest.approx(expected, rel=1e-3)


def test_the_rate_is_chosen_on_the_first_tasks_alone():
    _, _, ran = run(2, rates=(0.001, 1e6))
    assert ran.losses[SCRATCH].max() == WORST
    assert ran.judged(SCRATCH, 2).tolist() == ran.losses[SCRATCH][0, 2:].tolist()
    assert ran.judged(SCRATCH, 2).max() == pytest.approx(ran.losses[SCRATCH][0, 2:].max().item())
