"""Update rules: those written by hand are PyTorch's; the learned ones keep their symmetries."""

import math

import pytest
import torch
from torch.nn import functional as F

from metalearn_lab.experiments.train_update_rule import run_rule
from metalearn_lab.learners.learned_optimizer import LearnedOptimizer
from metalearn_lab.learners.update_rules import Adam, LSTMRule, MLPRule, Momentum, log_and_sign
from metalearn_lab.models.mlp import MLP
from metalearn_lab.tasks.optimizees import random_quadratics
from metalearn_lab.tasks.sinusoids import Sinusoids

LEARNED = [LSTMRule, MLPRule]


def not_zero(rule):
    """The rule with weights that do something."""
    with torch.no_grad():
        for i, weight in enumerate(rule.parameters()):
            weight.add_(0.1 * torch.sin(torch.arange(weight.numel()) + i).view_as(weight))
    return rule


def weights_after(make, steps=6):
    """A network's weights after some steps on a sinusoid."""
    network = MLP([1, 8, 1], activation="tanh")
    optimizer = make(network.parameters())
    support, _ = Sinusoids(10, 10).batch(0, 1)
    for _ in range(steps):
        optimizer.zero_grad()
        F.mse_loss(network(support.x), support.y).backward()
        optimizer.step()
    return torch.nn.utils.parameters_to_vector(network.parameters())


@pytest.mark.parametrize(
    ("rule", "theirs"),
    [
        (Momentum(0.05), lambda p: torch.optim.SGD(p, 0.05)),
        (Momentum(0.02, 0.9), lambda p: torch.optim.SGD(p, 0.02, momentum=0.9)),
        (Adam(0.01, 0.8, 0.95), lambda p: torch.optim.Adam(p, 0.01, betas=(0.8, 0.95))),
        (MLPRule(scale=0.01), lambda p: torch.optim.Adam(p, 0.01, betas=(0.9, 0.99))),
    ],
)
def test_in_a_training_loop_it_is_the_optimiser_of_pytorch(rule, theirs):
    """The untrained MLP rule is Adam, for its last layer is zero."""
    own = weights_after(lambda parameters: LearnedOptimizer(parameters, rule))
    torch.testing.assert_close(own, weights_after(theirs), rtol=1e-5, atol=1e-6)


def test_a_rule_that_gives_minus_alpha_g_is_gradient_descent_bit_for_bit():
    rule = LSTMRule(scale=1.0)
    rule.forward = lambda gradient, state: (-0.03 * gradient, state)
    problems = random_quadratics("a", 4)
    theta, losses = problems.start, []
    for _ in range(10):
        loss, gradient = problems.value_and_gradient(theta)
        theta = theta - 0.03 * gradient
        losses.append(loss)
    assert torch.equal(run_rule(rule, problems, 10)[:-1], torch.stack(losses))
    assert torch.equal(run_rule(Momentum(0.03), problems, 10), run_rule(rule, problems, 10))


@pytest.mark.parametrize("kind", LEARNED)
def test_permuted_coordinates_get_the_permuted_update(kind):
    rule, order = not_zero(kind()), torch.randperm(12, generator=torch.Generator().manual_seed(1))
    gradients = torch.randn(3, 5, 12, generator=torch.Generator().manual_seed(2))
    state, permuted_state = rule.start(gradients[0]), rule.start(gradients[0])
    for gradient in gradients:
        update, state = rule(gradient, state)
        permuted, permuted_state = rule(gradient[:, order], permuted_state)
        torch.testing.assert_close(update[:, order], permuted)
        assert update.abs().max() > 1e-3


def test_the_loss_scale_changes_no_update_of_the_mlp_but_those_of_the_lstm():
    problems, larger = (
        type(p)(*(part.double() for part in p))
        for p in (random_quadratics("a", 4, scale=scale) for scale in (1.0, 10000.0))
    )
    mlp, lstm = not_zero(MLPRule()).double(), not_zero(LSTMRule()).double()
    plain, scaled = run_rule(mlp, problems, 20), run_rule(mlp, larger, 20)
    torch.testing.assert_close(scaled / 10000, plain, rtol=1e-5, atol=1e-9)
    gradient = problems.value_and_gradient(problems.start)[1]
    once, more = (lstm(g, lstm.start(g))[0] for g in (gradient, 10000 * gradient))
    assert ((once - more).abs() > 1e-3 * once.abs()).all()


@pytest.mark.parametrize(
    ("gradient", "seen"),
    [
        (1.0, (0.0, 1.0)),
        (-math.exp(-5), (-0.5, -1.0)),
        (math.exp(-10), (-1.0, 1.0)),
        (1e-6, (-1.0, 1e-6 * math.exp(10))),
        (0.0, (-1.0, 0.0)),
    ],
)
def test_log_and_sign(gradient, seen):
    found = log_and_sign(torch.tensor(gradient, dtype=torch.float64), p=10)
    assert found.tolist() == pytest.approx(seen, abs=1e-9)


@pytest.mark.parametrize("kind", LEARNED)
def test_shapes_do_not_matter(kind):
    rule = not_zero(kind())
    gradient = torch.randn(6, generator=torch.Generator().manual_seed(0))
    flat, _ = rule(gradient, rule.start(gradient))
    square = gradient.view(2, 3)
    shaped, _ = rule(square, rule.start(square))
    torch.testing.assert_close(shaped.flatten(), flat)


def test_the_optimiser_takes_a_closure_and_leaves_what_has_no_gradient():
    weight, other = (torch.nn.Parameter(torch.ones(2)) for _ in range(2))
    optimizer = LearnedOptimizer([weight, other], Momentum(0.5))

    def closure():
        optimizer.zero_grad()
        loss = weight.square().sum()
        loss.backward()
        return loss

    assert optimizer.step(closure).item() == 2
    assert weight.tolist() == [0, 0]
    assert other.tolist() == [1, 1]


def test_what_is_no_rule_is_refused():
    with pytest.raises(TypeError, match="must be an update rule"):
        LearnedOptimizer([torch.nn.Parameter(torch.ones(1))], torch.nn.Linear(1, 1))
    with pytest.raises(ValueError, match="hidden"):
        LSTMRule(hidden=0)
