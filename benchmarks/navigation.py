"""The table of chapter 20: navigation after 1 and after 5 inner steps, five seeds.

    nice -n 19 python benchmarks/navigation.py

Every method has 21 trials: α and β, or α alone where nothing is trained. They are chosen for each
number of inner steps on validation goals, by the mean of two trainings that the table does not
hold. Meta-training takes one inner step, with the α of the test. The score term with more goals is
a control without trials of its own: it takes the α and β of ``with score term``.
"""

import argparse
import itertools
import time
from functools import cache
from pathlib import Path

import torch
from pandas import DataFrame, concat, read_csv

from metalearn_lab.atomic_file import write_text
from metalearn_lab.comparison.navigation import (
    BUDGETS,
    METHODS,
    MORE_GOALS,
    REWARDS,
    SAVED_NAVIGATION,
    SHOWN,
    SHOWN_LR,
    SHOWN_OUTER_LR,
    SHOWN_SEED,
    STARTS,
    goal_grid,
)
from metalearn_lab.experiments.navigation import GOALS, rewards_along, start_policy, train_policy
from metalearn_lab.tasks.navigation import goals
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.training.checkpoint import Checkpoint, save_checkpoint

INNER, OUTER = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0), (3e-3, 1e-2, 3e-2)
SCRATCH = tuple(float(f"{0.1 * 10 ** (3 * i / 20):.2g}") for i in range(21))  # 0.1 to 100
CHOICE_SEEDS, SEEDS = (100, 101), range(5)


@cache
def start_of(method, inner_lr, outer_lr, seed):
    """The start of a method, and the CPU seconds of its training."""
    if method == "from scratch":
        return start_policy(seed), 0.0
    begun = time.process_time()
    inner_lr = 1.0 if method == "joint" else inner_lr
    kind, count = ("with score term", 8 * GOALS) if method == MORE_GOALS else (method, GOALS)
    rates = {"inner_lr": inner_lr, "outer_lr": outer_lr}
    start, _ = train_policy(kind, **rates, goals_per_step=count, seed=seed)
    return start, time.process_time() - begun


def trials(method):
    """Pairs of α and β; joint training has no α, so it is trained once for each β."""
    if method == "from scratch":
        return [(inner_lr, 0.0) for inner_lr in SCRATCH]
    return list(itertools.product(INNER, OUTER))


def along(method, inner_lr, outer_lr, seed, goal):
    """Mean rewards after 0, …, most inner steps."""
    shared = 0.0 if method == "joint" else inner_lr  # one training for every α
    start, _ = start_of(method, shared, outer_lr, seed)
    numbers = generator("navigation test", seed)
    return rewards_along(start, goal, inner_lr, max(BUDGETS), numbers).mean(0)


def chosen_rates(method):
    """By number of inner steps, the best α and β."""
    validation = goals(100, "validation", 0)
    judged = {
        rates: torch.stack([along(method, *rates, seed, validation) for seed in CHOICE_SEEDS])
        for rates in trials(method)
    }
    return {
        steps: max(judged, key=lambda r, k=steps: judged[r].mean(0)[k].nan_to_num(-9).item())
        for steps in BUDGETS
    }


def rows_of(method, chosen):
    """One line for each number of steps and seed."""
    for steps, rates in chosen.items():
        for seed in SEEDS:
            rewards = along(method, *rates, seed, goal_grid())
            shared = 0.0 if method == "joint" else rates[0]
            yield {
                "method": method,
                "steps": steps,
                "seed": seed,
                "inner_lr": rates[0],
                "outer_lr": rates[1],
                "before": rewards[0].item(),
                "after": rewards[steps].item(),
                "seconds": start_of(method, shared, rates[1], seed)[1],
            }


def rates_in(table, method):
    """By number of inner steps, the α and β of a method that the table holds."""
    own = table[table.method == method].groupby("steps").first()
    return {steps: (row.inner_lr, row.outer_lr) for steps, row in own.iterrows()}


def main() -> None:
    """Train, choose, judge and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=SAVED_NAVIGATION)
    parser.add_argument("--methods", nargs="*", default=METHODS, choices=METHODS)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    asked.out.mkdir(parents=True, exist_ok=True)
    path = asked.out / REWARDS
    table = read_csv(path) if path.exists() else DataFrame({"method": []})
    for method in asked.methods:
        known = method == MORE_GOALS
        chosen = rates_in(table, "with score term") if known else chosen_rates(method)
        own = DataFrame(rows_of(method, chosen))
        print(own.round(4).to_string(), flush=True)
        table = concat([table[table.method != method], own])
        write_text(path, table.to_csv(index=False, float_format="%.4g"))
    starts = {}
    for method in SHOWN:
        start, _ = start_of(method, SHOWN_LR, SHOWN_OUTER_LR, SHOWN_SEED)
        starts |= {f"{method}/{name}": weight for name, weight in start.items()}
    about = {"inner_lr": SHOWN_LR, "outer_lr": SHOWN_OUTER_LR, "seed": SHOWN_SEED}
    save_checkpoint(asked.out / STARTS, Checkpoint(about, {}, starts))
    print(f"{time.process_time():.0f} CPU s")


if __name__ == "__main__":
    main()
