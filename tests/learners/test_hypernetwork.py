"""Generated weights: by hand, by identities, with a right meta-gradient, however they are run."""

import pytest
import torch
from torch import nn
from torch.func import functional_call
from torch.nn import functional as F

from metalearn_lab.compiled.meta_loss import compiled_meta_loss
from metalearn_lab.evaluation.meta_gradient_check import check_meta_gradient
from metalearn_lab.learners.hypernetwork import Hypernetwork
from metalearn_lab.learners.maml import MAML
from metalearn_lab.learners.ridge_head import ridge
from metalearn_lab.models.lora import with_lora
from metalearn_lab.models.mlp import MLP
from metalearn_lab.models.set_encoder import SetEncoder
from metalearn_lab.models.weight_generators import (
    FullWeights,
    LowRankWeights,
    ScaleAndShift,
)
from metalearn_lab.tasks.types import Split, Task
from tests.learners.builders import gradients, sinusoid_learner, sinusoids

GENERATORS = {
    "full": FullWeights,
    "low rank": lambda *given: LowRankWeights(*given, rank=2),
    "scale and shift": ScaleAndShift,
}


def hypernetwork(kind="full", **settings):
    base = MLP([1, 6, 6, 1], activation="tanh")
    encoder = SetEncoder([2, 5, 3])
    made = GENERATORS[kind](base, [3, 4])
    nn.init.normal_(made.network.head.weight, std=0.3, generator=torch.Generator().manual_seed(1))
    learner = Hypernetwork(base, F.mse_loss, encoder=encoder, generator=made, **settings)
    return learner.double()


class NoWeights(nn.Module):
    """θ as it is, whatever the embedding."""

    def forward(self, theta, z):
        return theta


class Code(nn.Module):
    """A pooled code of (1, x) and y."""

    def __init__(self, code, pool):
        super().__init__()
        self.code, self.pool = code, pool

    def forward(self, x, y):
        return self.pool(self.code(x, y), 0)


class LineOf(nn.Module):
    """The weights of a dense layer from what a function makes of z."""

    def __init__(self, solve):
        super().__init__()
        self.solve = solve

    def forward(self, theta, z):
        return {"weight": self.solve(z)[None], "bias": 0 * theta["bias"]}


def line_learner(code, pool, solve):
    base = nn.Linear(2, 1).double()
    encoder = Code(code, pool)
    return Hypernetwork(base, F.mse_loss, encoder=encoder, generator=LineOf(solve))


def line_task():
    numbers = torch.Generator().manual_seed(3)
    x, y = (torch.randn(1, 5, n, generator=numbers, dtype=torch.float64) for n in (2, 1))
    return Task(Split(x, y), Split(x.flip(1), y.flip(1)))


def test_with_the_identity_for_a_generator_it_is_one_gradient_step():
    learner = line_learner(lambda x, y: 0.3 * y * x, torch.mean, lambda z: z)
    task = line_task()
    theta = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    (((task.support.x[0] @ theta - task.support.y[0, :, 0]) ** 2).mean() / 2).backward()
    [adapted] = learner.adapt(task.support, 0)
    torch.testing.assert_close(adapted["weight"][0, 0], -0.3 * theta.grad, rtol=0, atol=1e-14)


def second_moments(x, y):
    return torch.cat([(x[:, :, None] * x[:, None]).flatten(1), x * y], 1)


def ridge_of(z):
    return torch.linalg.solve(z[:4].view(2, 2) + 0.5 * torch.eye(2).double(), z[4:])


def test_with_second_moments_and_a_solve_it_is_ridge():
    learner = line_learner(second_moments, torch.sum, ridge_of)
    task = line_task()
    [adapted] = learner.adapt(task.support, 0)
    expected = ridge(task.support.x[0], task.support.y[0], torch.tensor(0.5).double())[:, 0]
    torch.testing.assert_close(adapted["weight"][0, 0], expected, rtol=1e-12, atol=1e-12)
    twice = Split(*(torch.cat([part, part], 1) for part in task.support))
    [again] = learner.adapt(twice, 0)
    assert (again["weight"] - adapted["weight"]).abs().max() > 1e-3, "a sum can count"


def test_with_class_means_its_head_is_protonets():
    numbers = torch.Generator().manual_seed(0)
    x, y = torch.randn(6, 3, generator=numbers).double(), torch.arange(6) % 3

    class Means(nn.Module):
        def forward(self, x, y):
            return torch.stack([x[y == c].mean(0) for c in range(3)])

    class Head(nn.Module):
        def forward(self, theta, p):
            return {"weight": 2 * p, "bias": -(p**2).sum(1)}

    learner = Hypernetwork(
        nn.Linear(3, 3).double(),
        F.cross_entropy,
        encoder=Means(),
        generator=Head(),
        mapping="loop",
    )
    [adapted] = learner.adapt(Split(x[None], y[None]), 0)
    scores = learner.predict(adapted, x[None])[0]
    means = torch.stack([x[y == c].mean(0) for c in range(3)])
    expected = (-(torch.cdist(x, means) ** 2)).softmax(1)
    torch.testing.assert_close(scores.softmax(1), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("kind", GENERATORS)
def test_order_and_copies_of_the_support_change_nothing(kind):
    learner, task = hypernetwork(kind), sinusoids(2)
    [adapted] = learner.adapt(task.support, 0)
    for other in (
        Split(*(part.flip(1) for part in task.support)),
        Split(*(torch.cat([part, part], 1) for part in task.support)),
    ):
        [again] = learner.adapt(other, 0)
        torch.testing.assert_close(again, adapted, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("kind", GENERATORS)
@pytest.mark.parametrize("settings", [{}, {"inner_steps": 2, "inner_lr": 0.05}])
def test_its_meta_gradient_is_right(kind, settings):
    report = check_meta_gradient(hypernetwork(kind, **settings), sinusoids(2))
    assert report.passed, report
    names = {each.name.partition(".")[0] for each in report.parameters}
    assert names == {"model", "encoder", "generator"}


@pytest.mark.parametrize("steps", [0, 2])
def test_run_at_once_or_one_by_one_it_is_the_same(steps):
    settings = {"inner_steps": steps, "inner_lr": 0.05}
    tasks = sinusoids()
    at_once, by_one = (
        gradients(hypernetwork(mapping=m, **settings), tasks) for m in ("vmap", "loop")
    )
    for name, gradient in at_once.items():
        torch.testing.assert_close(gradient, by_one[name], rtol=1e-10, atol=1e-12)


def test_inner_steps_from_theta_itself_are_mamls():
    maml, tasks = sinusoid_learner(MAML), sinusoids()
    learner = Hypernetwork(
        maml.model,
        F.mse_loss,
        encoder=SetEncoder([2, 3]).double(),
        generator=NoWeights(),
        inner_lr=0.05,
        inner_steps=3,
    )
    torch.testing.assert_close(learner(tasks), maml(tasks), rtol=1e-12, atol=1e-12)
    for one, other in zip(learner.adapt(tasks.support), maml.adapt(tasks.support), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-12)


def test_of_all_weights_it_is_theta_and_the_numbers_in_their_order():
    learner, tasks = hypernetwork(), sinusoids(1)
    theta = dict(learner.model.named_parameters())
    with torch.no_grad():
        z = learner.encoder(tasks.support.x[0], tasks.support.y[0])
        numbers = learner.generator.network(z)
        flat = torch.cat([weight.flatten() for weight in theta.values()]) + numbers
    [adapted] = learner.adapt(tasks.support, 0)
    found = torch.cat([adapted[name][0].flatten() for name in theta])
    torch.testing.assert_close(found, flat, rtol=1e-12, atol=1e-12)
    assert learner.generator.emitted == sum(weight.numel() for weight in theta.values())


def test_a_low_rank_change_has_that_rank():
    learner, tasks = hypernetwork("low rank"), sinusoids(1)
    [adapted] = learner.adapt(tasks.support, 0)
    theta = dict(learner.model.named_parameters())
    change = (adapted["body.2.weight"][0] - theta["body.2.weight"]).detach()
    assert torch.linalg.matrix_rank(change) == 2
    # 6x1, 6, U and V of 6x6, 6, 1x6, 1
    assert learner.generator.emitted == 6 + 6 + 2 * 12 + 6 + 6 + 1


def test_scale_and_shift_is_that_of_the_hidden_units():
    learner, tasks = hypernetwork("scale and shift"), sinusoids(1)
    x, y = tasks.support.x[0], tasks.support.y[0]
    with torch.no_grad():
        numbers = learner.generator.network(learner.encoder(x, y))
        gains, shifts = numbers.view(2, 2, 6).unbind(1)
        first, activation, second, _ = learner.model.body
        hidden = activation((1 + gains[0]) * first(x) + shifts[0])
        hidden = activation((1 + gains[1]) * second(hidden) + shifts[1])
        expected = learner.model.head(hidden)
    [adapted] = learner.adapt(tasks.support, 0)
    outputs = functional_call(learner.model, {n: w[0] for n, w in adapted.items()}, (x,))
    torch.testing.assert_close(outputs, expected, rtol=1e-12, atol=1e-12)


def test_a_linear_generator_gives_no_more_directions_than_the_embedding_has():
    base = MLP([1, 6, 1]).double()
    made = FullWeights(base, [2]).double()
    theta = dict(base.named_parameters())
    points = torch.randn(20, 2, generator=torch.Generator().manual_seed(0)).double()
    with torch.no_grad():
        all_weights = [torch.cat([w.flatten() for w in made(theta, z).values()]) for z in points]
        own = torch.cat([w.flatten() for w in theta.values()])
    assert torch.linalg.matrix_rank(torch.stack(all_weights) - own) == 2


def test_an_empty_support_is_embedded_as_zero():
    z = SetEncoder([2, 4, 3])(torch.zeros(0, 1), torch.zeros(0, 1))
    assert z.tolist() == [0, 0, 0]


def test_a_rank_below_one_is_refused():
    with pytest.raises(ValueError, match="rank must be 1 or more, got 0"):
        LowRankWeights(MLP([1, 4, 1]), [2], rank=0)


@pytest.mark.parametrize("kind", GENERATORS)
def test_compiled_it_is_the_same(kind):
    learner, tasks = hypernetwork(kind), sinusoids()
    expected = gradients(learner, tasks)
    learner.zero_grad()
    compiled_meta_loss(learner, tasks)(tasks).backward()
    for name, parameter in learner.named_parameters():
        torch.testing.assert_close(parameter.grad, expected[name], rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("kind", GENERATORS)
def test_without_vmap_the_losses_are_the_same(kind):
    learner, tasks = hypernetwork(kind), sinusoids()
    expected = torch.func.vmap(lambda *given: learner.meta_loss(Task(*given)))(*tasks)
    torch.testing.assert_close(learner.losses_at_once(tasks), expected, rtol=1e-12, atol=1e-12)


def test_a_part_that_is_not_known_is_run_by_vmap():
    adapted = with_lora(MLP([1, 6, 6, 1]), ["body.2"], rank=1, lora_alpha=1)
    made = FullWeights(adapted, [3, 4])
    learner = Hypernetwork(adapted, F.mse_loss, encoder=SetEncoder([2, 3]), generator=made)
    assert learner.losses_at_once(sinusoids()) is None
    hooked = hypernetwork()
    handle = hooked.model.head.register_forward_hook(lambda *_: None)
    assert hooked.losses_at_once(sinusoids()) is None
    handle.remove()
    assert hooked.losses_at_once(sinusoids()) is not None
