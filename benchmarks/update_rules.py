"""The trials of chapter 07's learned optimisers: how each is trained, on validation quadratics.

    python benchmarks/update_rules.py OUT

Each rule and each way to train it has eighteen trials with ``seed = 0``, each a whole training of
the chapter. The loss is the mean of steps 1 to 100 on the 64 problems that Adam is tuned on.
"""

import argparse
from collections.abc import Iterator
from functools import partial
from itertools import product
from pathlib import Path

import torch
from pandas import DataFrame

from metalearn_lab.experiments.train_update_rule import run_rule, train_rule
from metalearn_lab.learners.update_rules import LSTMRule, MLPRule
from metalearn_lab.tasks.optimizees import random_quadratics

RULES = {"LSTM": LSTMRule, "MLP": MLPRule}
UNROLLS = {"outer_lr": (0.001, 0.002, 0.005, 0.01, 0.02, 0.05), "window": (10, 20, 50)}
EVOLUTION = {
    "outer_lr": (0.003, 0.01, 0.03),
    "window": (10, 20),
    "sigma": (0.01, 0.03, 0.1),
}


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


def main() -> None:
    """Write OUT row by row."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--epochs", type=int, default=120)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    rows = []
    for row in trials(chosen.epochs):
        rows.append(row)
        DataFrame(rows).to_csv(chosen.out, index=False, float_format="%.4g")


if __name__ == "__main__":
    main()
