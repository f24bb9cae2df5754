"""The trials of chapter 07's learned optimisers: how each is trained, on validation quadratics.

    python benchmarks/update_rules.py OUT [--seeds 5]

Each rule and each way to train it has nine trials with ``seed = 0``, each a whole training of
the chapter. The loss is the mean of steps 1 to 100 on the 64 problems that Adam is tuned on. With
``--seeds`` each is trained from so many seeds with the best settings, and judged on 256 unseen
problems beside the tuned rules.
"""

import argparse
from collections.abc import Iterator
from functools import partial
from itertools import product
from math import isnan
from pathlib import Path

import torch
from pandas import DataFrame

from metalearn_lab.experiments.train_update_rule import run_rule, train_rule
from metalearn_lab.experiments.tuned_rules import GRIDS, tune
from metalearn_lab.experiments.update_rule_trials import update_rule_trials
from metalearn_lab.learners.update_rules import LSTMRule, MLPRule
from metalearn_lab.tasks.optimizees import random_quadratics

RULES = {"LSTM": LSTMRule, "MLP": MLPRule}
UNROLLS = {"outer_lr": (0.002, 0.01, 0.05), "window": (10, 20, 50)}
EVOLUTION = {"outer_lr": (0.003, 0.01, 0.03), "window": (10,), "sigma": (0.01, 0.03, 0.1)}


def trials(epochs: int) -> Iterator[dict[str, object]]:
    """A row for each training: rule, way, settings, loss."""
    quadratics = partial(random_quadratics, count=8)
    validation = quadratics("validation", count=64)
    for way, grid in (("unrolls", UNROLLS), ("evolution", EVOLUTION)):
        for (name, make), values in product(RULES.items(), product(*grid.values())):
            settings, rule = dict(zip(grid, values, strict=True)), make()
            train_rule(rule, quadratics, epochs, **settings)
            loss = run_rule(rule, validation, 100)[1:].mean().item()
            yield {"method": f"{name}, {way}", **settings, "loss": loss}


def over_seeds(epochs: int, seeds: int) -> Iterator[dict[str, object]]:
    """A row for each seed and rule: those learned with their best settings, and those tuned."""
    for seed in range(seeds):
        quadratics = partial(random_quadratics, count=8, seed=seed)
        validation, unseen = quadratics("validation", count=64), quadratics("unseen", count=256)
        rules = {"MLP, untrained": MLPRule(seed=seed)}
        rules |= {name: tune(name, validation, 100).rule for name in GRIDS}
        for name, best in update_rule_trials().iterrows():
            rule = rules[name] = RULES[name.partition(",")[0]](seed=seed)
            sigma = None if isnan(best["σ"]) else best["σ"]
            settings = {"outer_lr": best["best β"], "window": int(best.window), "sigma": sigma}
            train_rule(rule, quadratics, epochs, **settings, seed=seed)
        for name, rule in rules.items():
            losses = run_rule(rule, unseen, 500).mean(1)
            at = {f"step {step}": losses[step].item() for step in (20, 100, 500)}
            yield {"seed": seed, "rule": name, "steps 1-100": losses[1:101].mean().item(), **at}


def main() -> None:
    """Write OUT row by row."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--epochs", type=int, default=120)
    parser.add_argument("--seeds", type=int, help="trainings with the best settings instead")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    made = over_seeds(chosen.epochs, chosen.seeds) if chosen.seeds else trials(chosen.epochs)
    rows = []
    for row in made:
        rows.append(row)
        DataFrame(rows).to_csv(chosen.out, index=False, float_format="%.4g")


if __name__ == "__main__":
    main()
