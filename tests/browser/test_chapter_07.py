"""Chapter 07: a bowl is turned, a rate learns and a horizon moves, as computed apart."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from metalearn_lab.experiments.hypergradient import hypergradient_descent
from metalearn_lab.experiments.short_horizon import NOISY_BOWL, looking_ahead
from metalearn_lab.experiments.train_update_rule import run_rule
from metalearn_lab.experiments.tuned_rules import tune
from metalearn_lab.experiments.turning_bowl import turning_bowl
from metalearn_lab.tasks.optimizees import random_quadratics
from tests.browser.drag import DragOnPage

pytestmark = pytest.mark.parametrize("chapter", ["07_learned_rates"], indirect=True)


def numbers(row):
    return [float(cell) for cell in row[1:]]


def test_the_steps_follow_the_bowl_and_the_start(chapter):
    explorer = DragOnPage(**vars(chapter.explorer("TurningBowlExplorer")))
    assert numbers(explorer.table()[2])[2] == 0, "not turned, two rates reach the centre"
    explorer.slide("the bowl is turned by (degrees)", "ArrowRight", 20)
    bowl = turning_bowl((1.0, 9.0), 20)
    for row, rates in zip(
        explorer.table()[1:], (bowl.best_single_rate(), bowl.best_rates()), strict=True
    ):
        assert numbers(row)[:2] == pytest.approx(rates.tolist(), abs=6e-4)
        assert numbers(row)[2] == pytest.approx(bowl.loss_after(rates).item(), abs=6e-4)

    explorer.drag("theta", -1.2, 1.6)
    start = torch.tensor(explorer.handle("theta"), dtype=torch.float64)
    assert start.tolist() == pytest.approx([-1.2, 1.6], abs=0.05)
    for label, rates in (
        ("best single rate", bowl.best_single_rate()),
        ("best rate for each weight", bowl.best_rates()),
    ):
        [arrow] = explorer.marks("Arrow", label)
        end = bowl.stepped(start, rates).tolist()
        assert arrow["places"][-1] == pytest.approx(end, abs=1e-3)

    explorer.choose_next("rates are fitted to")
    explorer.slide("the bowl is turned by (degrees)", "End")
    alone = turning_bowl((1.0, 9.0), 90, start)
    assert numbers(explorer.table()[2])[:2] == pytest.approx(alone.best_rates().tolist(), abs=6e-4)
    explorer.slide("the bowl is turned by (degrees)", "Home")
    explorer.slide("the bowl is turned by (degrees)", "ArrowRight", 30)
    explorer.drag("theta", 1.0, 2.0)
    start = torch.tensor(explorer.handle("theta"), dtype=torch.float64)
    assert (turning_bowl((1.0, 9.0), 30, start).best_rates() < 0).any()
    explorer.says("is negative.")
    chapter.assert_nothing_failed()


def test_the_rate_follows_both_sliders(chapter):
    explorer = chapter.explorer("HypergradientExplorer")
    a, start = torch.tensor([1.0, 9.0]).double(), torch.ones(2).double()
    seen = [explorer.picture()]
    explorer.slide("first rate α₀", "ArrowRight", 3)
    for kappa in (1e-3, 0.0):
        settings = torch.tensor([0.05, kappa], dtype=torch.float64)
        descent = hypergradient_descent(a, start, *settings, 50)
        wanted = [*descent.losses[[10, 20, 50]].tolist(), descent.rates[-1].item()]
        row = explorer.table()[0 if kappa else 1]
        assert numbers(row) == pytest.approx(wanted, rel=6e-3)
    seen.append(explorer.picture())
    explorer.slide("first rate α₀", "Home")
    explorer.slide("step size κ of the rate", "End")
    assert explorer.table()[0][3] == "runs away"
    seen.append(explorer.picture())
    assert len(set(seen)) == len(seen)
    chapter.assert_nothing_failed()


def test_the_schedule_follows_the_horizon(chapter):
    explorer = chapter.explorer("HorizonExplorer")
    seen = [explorer.picture()]
    explorer.slide("horizon T", "ArrowRight", 4)
    rates = looking_ahead(NOISY_BOWL, 100, 20)
    first, *losses = numbers(explorer.table()[0])
    assert first == pytest.approx(rates[0], rel=6e-3)
    assert losses == pytest.approx(NOISY_BOWL.losses(rates)[[1, 5, 20, 100]], abs=6e-6)
    seen.append(explorer.picture())
    explorer.slide("horizon T", "End")
    chosen, whole, constant = explorer.table()
    assert chosen[1:] == whole[1:]
    assert numbers(constant)[0] == pytest.approx(0.035, abs=1e-3)
    assert np.isfinite(numbers(whole)).all()
    seen.append(explorer.picture())
    assert len(set(seen)) == len(seen)
    chapter.assert_nothing_failed()


def test_the_race_follows_step_scale_and_size(chapter):
    explorer = chapter.explorer("OptimizerRaceExplorer")
    validation = random_quadratics("validation", 64)
    rules = {name: tune(name, validation, 100).rule for name in ("Adam, all tuned", "SGD")}
    seen = []

    def check(step, scale, size):
        rows = {row[0]: row for row in explorer.table(1)}  # the first is that of the trials
        problems = random_quadratics("race", 24, size=size, scale=scale)
        for name, rule in rules.items():
            losses = run_rule(rule, problems, step).mean(1)
            share = (losses[-1] / losses[0]).item()
            if share <= 10:
                assert float(rows[name][1]) == pytest.approx(share, rel=0.02)
            else:
                assert rows[name][1] == "above 10"
        assert len(rows) == 6
        seen.append(explorer.picture())

    check(100, 1.0, 10)
    explorer.slide("step", "ArrowLeft")
    check(50, 1.0, 10)
    explorer.slide("scale of the loss", "ArrowRight")
    check(50, 10.0, 10)
    explorer.slide("scale of the loss", "Home")
    check(50, 0.01, 10)
    explorer.slide("numbers n in θ", "ArrowLeft")
    check(50, 0.01, 3)
    assert len(set(seen)) == len(seen)
    chapter.assert_nothing_failed()
