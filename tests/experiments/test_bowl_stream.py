"""Follow the meta-leader on bowls: closed form, regret by hand, the order of tasks."""

import math

import pytest
import torch

from metalearn_lab.experiments.bowl_stream import (
    EVERYTHING,
    META_LEADER,
    NEWEST,
    RULES,
    SCRATCH,
    BowlStream,
    alternating,
    losses_after_a_step,
    meta_leader,
    regret,
    starts,
    steep_and_flat,
)


def bowls(curvatures, centres):
    return BowlStream(torch.tensor(curvatures).double(), torch.tensor(centres).double())


THREE = bowls([1.0, 9.0, 4.0], [-1.0, 1.0, 0.5])


def test_the_meta_leader_is_0_where_training_on_everything_is_five_sevenths():
    assert meta_leader(THREE, 0.1)[-1].item() == pytest.approx(0.0, abs=1e-12)
    assert meta_leader(THREE, 0.0)[-1].item() == pytest.approx(5 / 7)


@pytest.mark.parametrize("inner_lr", [0.0, 0.07, 0.3])
def test_no_other_start_has_a_lower_total(inner_lr):
    best = meta_leader(THREE, inner_lr)
    for t in range(1, 4):
        few = BowlStream(THREE.curvatures[:t], THREE.centres[:t])
        near = best[t - 1] + torch.linspace(-0.5, 0.5, 1001).double()
        totals = losses_after_a_step(near[:, None], few, inner_lr).sum(1)
        assert near[totals.argmin()].item() == pytest.approx(best[t - 1].item(), abs=1e-3)


def test_the_loss_is_that_of_a_step():
    w, inner_lr = torch.tensor([0.3, -0.2, 1.1]).double(), 0.07
    a, c = THREE
    stepped = w - inner_lr * a * (w - c)
    expected = a / 2 * (stepped - c) ** 2
    torch.testing.assert_close(losses_after_a_step(w, THREE, inner_lr), expected)


def test_equal_curvatures_give_equal_starts_and_a_scaled_regret():
    stream = alternating(50)
    for inner_lr in (0.2, 0.5, 0.9):
        leader, everything = (starts(rule, stream, inner_lr) for rule in (META_LEADER, EVERYTHING))
        torch.testing.assert_close(leader, everything)
        plain, scaled = (regret(META_LEADER, stream, lr) for lr in (0.0, inner_lr))
        torch.testing.assert_close(scaled, (1 - inner_lr) ** 2 * plain)


def test_regret_of_alternating_bowls():
    """2.379, 3.552, 4.706, 5.857: by hand Σ 1/j + 1/(2j²) over odd j; slope ½ per e-fold."""
    known = {10: 2.379, 100: 3.552, 1000: 4.706}
    for tasks, value in known.items():
        found = regret(EVERYTHING, alternating(tasks), 0.0)[-1].item()
        assert found == pytest.approx(value, abs=6e-4)
        assert found == pytest.approx(sum(1 / j + 0.5 / j**2 for j in range(1, tasks, 2)))
    ten_thousand = sum(1 / j + 0.5 / j**2 for j in range(1, 10_000, 2))
    assert ten_thousand == pytest.approx(5.857, abs=6e-4)
    slope = (known[1000] - known[100]) / math.log(10)
    assert slope == pytest.approx(0.5, abs=2e-3)


def test_one_step_that_solves_every_task_costs_nothing():
    stream = bowls([2.0, 2.0], [1.0, -3.0])
    for rule in RULES:
        assert regret(rule, stream, 0.5).abs().max() < 1e-12


def test_order_moves_the_last_start_of_fine_tuning_alone():
    stream = steep_and_flat(40, steep=9.0, flat=1.0, at=(1.0, -1.0), spread=0.3, seed=3)
    order = torch.randperm(40, generator=torch.Generator().manual_seed(0))
    for rule in RULES:
        ends = [starts(rule, each, 0.1)[-1].item() for each in (stream, stream.in_order(order))]
        assert (abs(ends[0] - ends[1]) < 1e-12) == (rule != NEWEST)
    assert starts(SCRATCH, stream, 0.1).abs().max() == 0
    assert starts(NEWEST, stream, 0.1)[1:].equal(stream.centres)


def test_an_unknown_rule_is_refused():
    with pytest.raises(ValueError, match="follow the meta-leader"):
        starts("follow", THREE, 0.1)


def test_about_half_are_steep_and_stand_at_their_place():
    stream = steep_and_flat(2000, steep=9.0, flat=1.0, at=(1.0, -1.0), spread=0.3, seed=0)
    steep = stream.curvatures == 9.0
    assert steep.double().mean().item() == pytest.approx(0.5, abs=0.05)
    assert stream.centres[steep].mean().item() == pytest.approx(1.0, abs=0.05)
    assert stream.centres[~steep].std().item() == pytest.approx(0.3, abs=0.03)
