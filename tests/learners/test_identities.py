"""Identities between algorithms, and invariances every learner must have."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from metalearn_lab.learners.first_order_maml import FirstOrderMAML
from metalearn_lab.learners.joint import JointPretraining
from metalearn_lab.learners.maml import MAML
from metalearn_lab.learners.reptile import Reptile
from metalearn_lab.tasks.quadratics import Weight
from metalearn_lab.tasks.types import Split, Task, merge_splits
from tests.learners.builders import (
    LEARNERS,
    gradients,
    merged_for,
    sinusoid_learner,
    sinusoids,
    text_learner,
    text_tasks,
)


def largest_difference(a: dict, b: dict, scale: float = 1.0) -> float:
    return max((a[name] * scale - b[name]).abs().max().item() for name in a)


def test_maml_with_no_inner_step_size_is_joint_training():
    tasks = sinusoids()
    maml = gradients(sinusoid_learner(MAML, inner_lr=0.0), tasks)
    assert largest_difference(maml, gradients(sinusoid_learner(JointPretraining), tasks)) < 1e-15


def test_maml_with_no_inner_step_is_joint_training():
    tasks = sinusoids()
    maml = gradients(sinusoid_learner(MAML, inner_steps=0), tasks)
    assert largest_difference(maml, gradients(sinusoid_learner(JointPretraining), tasks)) < 1e-15


def test_reptile_with_one_step_is_joint_training_times_alpha():
    tasks = merge_splits(sinusoids())
    joint = gradients(sinusoid_learner(JointPretraining), tasks)
    reptile = gradients(sinusoid_learner(Reptile, inner_steps=1), tasks)
    assert largest_difference(joint, reptile, scale=0.05) < 1e-15


def test_reptile_with_two_steps_is_not_joint_training():
    tasks = merge_splits(sinusoids())
    joint = gradients(sinusoid_learner(JointPretraining), tasks)
    reptile = gradients(sinusoid_learner(Reptile, inner_steps=2), tasks)
    assert largest_difference(joint, reptile, scale=0.1) > 1e-4


def test_first_order_is_exact_where_curvature_is_zero():
    """A support loss linear in the weights has no Hessian, so nothing is dropped."""
    x = torch.randn(4, 6, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    tasks = Task(Split(x, torch.zeros(4, 6, 1)), Split(x.flip(1), torch.zeros(4, 6, 1)))

    def linear_loss(output, target):
        return (output - target).mean()

    def gradient(kind):
        model = nn.Linear(3, 1, dtype=torch.float64)
        with torch.no_grad():
            model.weight.copy_(torch.tensor([[0.3, -0.2, 0.5]]))
            model.bias.zero_()
        return gradients(kind(model, linear_loss, inner_lr=0.4, inner_steps=3), tasks)

    assert largest_difference(gradient(MAML), gradient(FirstOrderMAML)) == 0


def test_first_order_differs_where_there_is_curvature():
    exact, shortcut = (gradients(sinusoid_learner(k), sinusoids()) for k in (MAML, FirstOrderMAML))
    assert largest_difference(exact, shortcut) > 1e-3


@pytest.mark.parametrize("kind", LEARNERS)
def test_a_duplicated_meta_batch_changes_nothing(kind):
    """Catches a missing 1/n, which scales the outer step with the meta-batch."""
    tasks = merged_for(kind, sinusoids())
    twice = Task(*(Split(torch.cat([s.x, s.x]), torch.cat([s.y, s.y])) for s in tasks))
    once, doubled = (gradients(sinusoid_learner(kind), batch) for batch in (tasks, twice))
    assert largest_difference(once, doubled) < 1e-14


@pytest.mark.parametrize(
    ("make", "batch"), [(sinusoid_learner, sinusoids), (text_learner, text_tasks)]
)
@pytest.mark.parametrize("kind", LEARNERS)
def test_vectorised_equals_looped_and_chunked(kind, make, batch):
    tasks = merged_for(kind, batch(5))
    whole = gradients(make(kind, mapping="vmap"), tasks)
    assert largest_difference(whole, gradients(make(kind, mapping="loop"), tasks)) < 1e-14
    assert largest_difference(whole, gradients(make(kind, chunk_size=2), tasks)) < 1e-14


@pytest.mark.parametrize("kind", LEARNERS)
def test_adaptation_is_the_same_vectorised_and_looped(kind):
    support = text_tasks(4).support
    whole, single = (text_learner(kind, mapping=m).adapt(support, 4) for m in ("vmap", "loop"))
    assert len(whole) == len(single) == 5
    for fast, slow in zip(whole, single, strict=True):
        assert all(fast[n].shape == slow[n].shape for n in fast)
        assert largest_difference(fast, slow) < 1e-14


def test_serial_reptile_is_interpolation():
    """One task and an outer SGD step of ε: φ ← φ + ε(φ̃ − φ)."""
    tasks, learner = merge_splits(sinusoids(1)), sinusoid_learner(Reptile)
    start = {n: p.detach().clone() for n, p in learner.model.named_parameters()}
    adapted = learner.adapt(tasks.support)[-1]
    learner(tasks).backward()
    torch.optim.SGD(learner.parameters(), lr=0.25).step()
    for name, parameter in learner.model.named_parameters():
        expected = start[name] + 0.25 * (adapted[name][0] - start[name])
        assert torch.allclose(parameter, expected, atol=1e-15, rtol=0)


def test_batched_reptile_with_a_whole_step_is_the_mean_of_the_adapted_weights():
    tasks, learner = merge_splits(sinusoids(3)), sinusoid_learner(Reptile)
    adapted = learner.adapt(tasks.support)[-1]
    learner(tasks).backward()
    torch.optim.SGD(learner.parameters(), lr=1.0).step()
    for name, parameter in learner.model.named_parameters():
        assert torch.allclose(parameter, adapted[name].mean(0), atol=1e-15, rtol=0)


def test_reptile_minibatches_take_turns_and_start_over():
    learner = Reptile(Weight(), F.mse_loss, inner_lr=0.1, inner_steps=3, inner_batch=2)
    data = Split(torch.arange(5.0)[:, None], torch.arange(5.0)[:, None])
    seen = [learner.minibatch(data, step).x.flatten().tolist() for step in range(3)]
    assert seen == [[0, 1], [2, 3], [4, 0]]


@pytest.mark.parametrize("adapts", ["*", "head.*", "body.*"])
def test_only_the_named_half_adapts(adapts):
    learner = text_learner(MAML, adapts=adapts)
    theta, *_, last = learner.adapt(text_tasks().support)
    moved = {name for name in theta if not torch.equal(theta[name], last[name])}
    assert moved == set(learner.adapted_names) != set()


@pytest.mark.parametrize("kind", LEARNERS)
def test_predictions_do_not_depend_on_who_else_is_asked(kind):
    """Permuting or re-batching the query items leaves every prediction as it was."""
    learner, tasks = text_learner(kind), text_tasks(2)
    adapted = learner.adapt(tasks.support)[-1]
    whole = learner.predict(adapted, tasks.query.x)
    order = torch.tensor([3, 0, 5, 1, 4, 2])
    assert torch.allclose(learner.predict(adapted, tasks.query.x[:, order]), whole[:, order])
    singles = [learner.predict(adapted, tasks.query.x[:, [i]]) for i in range(6)]
    assert torch.allclose(torch.cat(singles, 1), whole, atol=1e-14)


def test_transductive_predictions_do_depend_on_who_else_is_asked():
    norm = nn.BatchNorm1d(8, track_running_stats=False)
    model = nn.Sequential(nn.Linear(1, 8), norm, nn.Tanh(), nn.Linear(8, 1)).double()
    learner = FirstOrderMAML(model, F.mse_loss, inner_lr=0.05, inner_steps=2, transductive=True)
    tasks = sinusoids(2)
    adapted = learner.adapt(tasks.support)[-1]
    whole, part = (learner.predict(adapted, tasks.query.x[:, :n]) for n in (7, 3))
    assert (whole[:, :3] - part).abs().max() > 1e-3
