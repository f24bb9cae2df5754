"""Learned update rules: exact gradients, evolution on a quadratic, tuned baselines."""

import math
import re
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.optim.optimizer import register_optimizer_step_pre_hook

from metalearn_lab.experiments.train_update_rule import (
    Schedule,
    antithetic_gradient,
    run_rule,
    train_by_evolution,
    train_by_unrolls,
    train_rule,
)
from metalearn_lab.experiments.tuned_rules import GRIDS, RATES, tune
from metalearn_lab.experiments.update_rule_trials import (
    in_words,
    update_rule_trials,
    update_rules_over_seeds,
)
from metalearn_lab.learners.update_rules import Adam, LSTMRule, MLPRule, Momentum
from metalearn_lab.tasks.optimizees import random_quadratics


class OneRate(nn.Module):
    """θ ← θ − e^φ g."""

    def __init__(self, rate=0.01):
        super().__init__()
        self.phi = nn.Parameter(torch.tensor(math.log(rate)))

    def start(self, theta):
        return (theta.new_zeros(()),)

    def forward(self, gradient, state):
        return -self.phi.exp() * gradient, state


def problems(epoch):
    return random_quadratics(epoch, 4, size=3)


def first_gradient(rule, train):
    """The gradient of the first outer step, which ends the training."""
    kept = []

    def keep(optimizer, args, kwargs):
        kept.append([p.grad.clone() for p in rule.parameters()])

    handle = register_optimizer_step_pre_hook(keep)
    try:
        train(rule)
    finally:
        handle.remove()
    return kept[0]


def test_the_gradient_of_an_unroll_is_that_of_the_summed_loss():
    """With the gradients as given numbers, by autograd through losses computed anew."""
    rule = MLPRule().double()
    nn.init.normal_(rule.net.head.weight, std=0.02, generator=torch.Generator().manual_seed(0))
    batch = problems(0)
    batch = type(batch)(*(part.double() for part in batch))
    found = first_gradient(
        rule, lambda r: train_by_unrolls(r, lambda _: batch, Schedule(1, 4, 4, 1e-30))
    )
    theta, state, total = batch.start, rule.start(batch.start), 0
    for _ in range(4):
        update, state = rule(batch.value_and_gradient(theta.detach())[1], state)
        theta = theta + update
        total = total + batch.value_and_gradient(theta)[0].mean() / 4
    expected = torch.autograd.grad(total, list(rule.parameters()))
    scale = max(1.0, nn.utils.parameters_to_vector(expected).norm().item())
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other / scale, rtol=1e-5, atol=1e-9)


def test_given_gradients_are_exact_where_the_loss_is_linear():
    """f(θ) = b·θ: the gradient never changes, so nothing is lost by taking it as given."""
    b = torch.tensor([[1.0, -2.0]])

    class Linear:
        start = torch.zeros(1, 2)

        def value_and_gradient(self, theta):
            return (theta * b).sum(-1), b.expand_as(theta)

    rule = OneRate(0.1)
    [found] = first_gradient(
        rule, lambda r: train_by_unrolls(r, lambda _: Linear(), Schedule(1, 3, 3, 1e-30))
    )
    # mean over t of f(θ_t) = −α t ‖b‖², and its derivative in φ = log α is itself
    assert found.item() == pytest.approx(-1.0)  # clipped to a norm of 1
    rule = OneRate(0.01)
    [found] = first_gradient(
        rule, lambda r: train_by_unrolls(r, lambda _: Linear(), Schedule(1, 3, 3, 1e-30))
    )
    assert found.item() == pytest.approx(-0.01 * 5 * 2, rel=1e-5)


@pytest.mark.parametrize("sigma", [0.01, 1.0, 30.0])
def test_antithetic_evolution_on_a_quadratic_is_the_gradient_along_the_noise(sigma):
    numbers = torch.Generator().manual_seed(0)
    a = torch.randn(6, 6, generator=numbers, dtype=torch.float64)
    a, b, phi = a @ a.T, *torch.randn(2, 6, generator=numbers, dtype=torch.float64)
    noise = torch.randn(1, 6, generator=numbers, dtype=torch.float64)

    def loss(phi):
        return ((phi @ a) * phi).sum(-1) / 2 + phi @ b

    found = antithetic_gradient(loss(phi + sigma * noise), loss(phi - sigma * noise), noise, sigma)
    gradient = a @ phi + b
    torch.testing.assert_close(found, (gradient @ noise[0]) * noise[0], rtol=1e-8, atol=1e-8)


def test_persistent_evolution_sees_later_windows_and_plain_evolution_does_not():
    """f counts only θ_2 after a window of one step each: the first step's effect comes later.

    With many pairs and one rate φ, the mean estimate of the second window nears the derivative of
    the whole loss for persistent evolution, and that of its last step alone for plain evolution.
    """
    batch = problems(0)
    rate, sigma, pairs = 0.02, 1e-3, 4000
    noise = torch.randn(2, pairs, 1, generator=torch.Generator().manual_seed(0)).double()
    batch = type(batch)(*(part.double() for part in batch))

    def last_loss(first, second):  # of log-rates [pairs, 1]
        theta = batch.start
        for log_rate in (first, second):
            gradient = batch.value_and_gradient(theta.expand(pairs, *batch.start.shape))[1]
            theta = theta - log_rate.exp()[..., None] * gradient
        return batch.value_and_gradient(theta)[0].mean(-1)

    phi = torch.full((pairs, 1), math.log(rate)).double()
    upper, lower = (last_loss(phi + s * noise[0], phi + s * noise[1]) for s in (sigma, -sigma))
    persistent = antithetic_gradient(upper, lower, noise.sum(0), sigma).item()
    plain = antithetic_gradient(upper, lower, noise[1], sigma).item()
    whole = phi[:1].clone().requires_grad_()
    partial = phi[:1].clone().requires_grad_()
    pairs = 1
    [true] = torch.autograd.grad(last_loss(whole, whole), whole)
    [short] = torch.autograd.grad(last_loss(phi[:1], partial), partial)
    assert persistent == pytest.approx(true.item(), rel=0.15)
    assert plain == pytest.approx(short.item(), rel=0.15)
    assert abs(true.item()) > 1.5 * abs(short.item())


@pytest.mark.parametrize("persistent", [True, False])
def test_evolution_finds_a_better_rate(persistent):
    rule, schedule = OneRate(0.001), Schedule(20, 10, 5, 0.1)
    before = run_rule(rule, problems(99), 10)[-1].mean()
    history = train_by_evolution(rule, problems, schedule, pairs=8, persistent=persistent)
    assert len(history) == 40
    assert run_rule(rule, problems(99), 10)[-1].mean() < 0.7 * before


@pytest.mark.parametrize("kind", [LSTMRule, MLPRule])
def test_training_is_repeatable_and_lowers_the_loss(kind):
    rules = [kind(), kind()]
    for rule in rules:
        train_by_unrolls(rule, problems, Schedule(30, 20, 10, 1e-2))
    first, second = (run_rule(rule, problems(99), 20).mean(1) for rule in rules)
    assert torch.equal(first, second)
    assert first[1:].mean() < run_rule(kind(), problems(99), 20).mean(1)[1:].mean()


def test_evolution_trains_the_lstm_too():
    rule = LSTMRule(hidden=4)
    before = nn.utils.parameters_to_vector(rule.parameters()).detach().clone()
    train_by_evolution(rule, problems, Schedule(1, 10, 5), pairs=2)
    assert not torch.equal(before, nn.utils.parameters_to_vector(rule.parameters()))


@pytest.mark.parametrize(
    ("sigma", "way", "epochs"), [(None, train_by_unrolls, 4), (0.1, train_by_evolution, 2)]
)
def test_a_rule_is_trained_in_the_way_that_is_asked_for(sigma, way, epochs):
    one, other = MLPRule(), MLPRule()
    train_rule(one, problems, 4, outer_lr=0.02, window=50, sigma=sigma)
    settings = {"sigma": sigma} if sigma else {}
    way(other, problems, Schedule(epochs, window=50, outer_lr=0.02), **settings)
    for found, expected in zip(one.parameters(), other.parameters(), strict=True):
        assert torch.equal(found, expected)


def test_every_learned_rule_had_as_many_trials_and_the_chapter_trains_with_the_best():
    table = update_rule_trials()
    assert table.trials.tolist() == [9] * 4
    assert (table["loss of the best"] < table["of the worst"]).all()
    chapter = Path(__file__).parents[2] / "notebooks/source/07_learned_rates.py"
    line = (
        r'^    "(.*)": \(\w+, \{"outer_lr": ([\d.]+), "window": (\d+)(?:, "sigma": ([\d.]+))?\}\),$'
    )
    rows = re.findall(line, chapter.read_text("utf-8"), re.M)
    taken = {name: [float(each or "nan") for each in settings] for name, *settings in rows}
    assert taken.keys() == set(table.index) - {"LSTM, evolution"}, "that one's losses are saved"
    for name, settings in taken.items():
        best = table.loc[name, ["best β", "window", "σ"]]
        assert settings == pytest.approx(best.tolist(), nan_ok=True)


def test_the_losses_over_seeds_are_those_of_the_rules():
    table = update_rules_over_seeds()
    assert list(table["step 100"].columns) == list(range(5))
    assert set(table.index) == {*update_rule_trials().index, *GRIDS, "MLP, untrained"}
    for seed in range(2):
        unseen = random_quadratics("unseen", 256, seed=seed)
        losses = run_rule(MLPRule(seed=seed), unseen, 100).mean(1)
        row = table.loc["MLP, untrained"]
        assert row["steps 1-100", seed] == pytest.approx(losses[1:].mean().item(), rel=1e-3)
        assert row["step 20", seed] == pytest.approx(losses[20].item(), rel=1e-3)
    words = in_words(table).loc["SGD", "step 500"]
    least = table.loc["SGD", "step 500"].min()
    assert words.endswith(f"({least:.2f} to {table.loc['SGD', 'step 500'].max():.2f})")


@pytest.mark.parametrize("last", [True, False])
def test_tuning_tries_every_setting_by_itself(last):
    batch = problems("validation")
    found = tune("momentum, all tuned", batch, 10, last=last)
    assert found.trials == len(RATES) * 6
    scores = {}
    for rate in RATES:
        for momentum in (0.5, 0.7, 0.8, 0.9, 0.95, 0.98):
            losses = run_rule(Momentum(rate, momentum), batch, 10)[1:].mean(1)
            scores[rate, momentum] = (losses[-1] if last else losses.mean()).nan_to_num(torch.inf)
    best = min(scores, key=scores.get)
    assert tuple(found.settings.values()) == pytest.approx(best)
    assert found.score == pytest.approx(scores[best].item(), rel=1e-4)


def test_adam_is_tuned_over_all_its_settings():
    assert set(GRIDS["Adam, all tuned"][1]) == set(Adam._fields)
    assert set(GRIDS["momentum, all tuned"][1]) == set(Momentum._fields)
    assert tune("Adam, all tuned", problems("validation"), 5).trials == 420


def test_bad_settings_are_refused():
    with pytest.raises(ValueError, match="window divide steps"):
        train_by_unrolls(MLPRule(), problems, Schedule(1, 10, 3))
    with pytest.raises(ValueError, match="sigma positive"):
        train_by_evolution(MLPRule(), problems, Schedule(1), sigma=0.0)
    with pytest.raises(ValueError, match="unknown rule 'RMSprop'"):
        tune("RMSprop", problems(0), 5)
    with pytest.raises(ValueError, match="widen its grid downward"):
        tune("SGD", random_quadratics("a", 2, scale=1e30), 20)
