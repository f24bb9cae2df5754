"""A context, one pass and inner steps on noisy sinusoids: saved for chapter 15.

    python benchmarks/context_sinusoids.py OUT

A prior-fitted network, a neural process, a hypernetwork, MAML and pretraining take as many outer
steps on the same tasks. Each has five trials with seed 0: of β, or of β and α where there are inner
steps; how many steps it takes, up to ten, is chosen as well. Validation tasks decide. A stopped
run goes on where it was.
"""

import argparse
import math
import time
from pathlib import Path

import torch
from pandas import DataFrame, read_csv

from metalearn_lab.atomic_file import write_text
from metalearn_lab.comparison.context_sinusoids import (
    ERRORS,
    NAMES,
    TRIALS,
    best_trials,
    model_file,
)
from metalearn_lab.experiments.context_sinusoids import (
    MOST_POINTS,
    MOST_STEPS,
    WITH_BANDS,
    exact_bands,
    judged_rows,
    mean_errors,
    trained,
    worlds,
)
from metalearn_lab.experiments.prior_fitted_lab import first_points, judged
from metalearn_lab.training.checkpoint import Checkpoint, save_checkpoint
from metalearn_lab.training.non_finite import NonFiniteLossError

AT_ONCE = [(0.01, beta) for beta in (0.001, 0.002, 0.004, 0.008, 0.016)]
BY_STEPS = [(0.01, 0.005), (0.01, 0.015), (0.03, 0.005), (0.03, 0.015), (0.03, 0.03)]


def trial(name, alpha, beta, iterations, tasks):
    """The best number of inner steps of one training, and the error there."""
    most_steps = 0 if name in WITH_BANDS else MOST_STEPS
    try:
        learner = trained(name, 0, alpha, beta, iterations)
        errors = mean_errors(learner, tasks, most_steps).mean(0).nan_to_num(math.inf)
    except NonFiniteLossError:
        errors = torch.tensor([math.inf])
    found = {"steps": int(errors.argmin()), "error": errors.min().item()}
    return {"learner": name, "inner_lr": alpha, "outer_lr": beta} | found


def rows_of_rules(seed, count):
    """Of the exact posterior, the Gaussian process, and the prior's mean."""
    for world, tasks in worlds("test", seed, count).items():
        for k in range(MOST_POINTS + 1):
            fewer = first_points(tasks, k)
            for name, band in exact_bands(fewer).items():
                yield {"seed": seed, "world": world, "method": name, "K": k} | judged(band, fewer)


def rows_of_learner(name, seed, best, iterations, count, out):
    """Train one learner, save it if it is the first, and judge it in each world."""
    start = time.process_time()
    learner = trained(name, seed, best.inner_lr, best.outer_lr, iterations)
    seconds = round(time.process_time() - start, 1)
    if seed == 0:
        about = {"learner": name, "iterations": iterations, "CPU seconds": seconds}
        about |= {key: best[key].item() for key in ("inner_lr", "outer_lr", "steps")}
        save_checkpoint(model_file(out, name), Checkpoint(about, {}, learner.state_dict()))
    for world, tasks in worlds("test", seed, count).items():
        for row in judged_rows(learner, int(best.steps), tasks):
            yield {"seed": seed, "world": world, "method": name, "CPU seconds": seconds} | row


def main() -> None:
    """Compute what is missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--iterations", type=int, default=1600)
    parser.add_argument("--tasks", type=int, default=200)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    chosen.out.mkdir(parents=True, exist_ok=True)

    def records(name):
        path = chosen.out / name
        return read_csv(path).to_dict("records") if path.exists() else []

    def write(name, rows):
        write_text(chosen.out / name, DataFrame(rows).to_csv(index=False, float_format="%.4g"))

    rows = records(TRIALS)
    tried = {(row["learner"], row["inner_lr"], row["outer_lr"]) for row in rows}
    validation = worlds("validation", 0, chosen.tasks)["inside"]
    for name in NAMES:
        for alpha, beta in AT_ONCE if name not in ("maml", "joint") else BY_STEPS:
            if (name, alpha, beta) not in tried:
                rows.append(trial(name, alpha, beta, chosen.iterations, validation))
                write(TRIALS, rows)
    best = best_trials(chosen.out)
    rows = records(ERRORS)
    judged_before = {(row["seed"], row["method"]) for row in rows}
    for seed in range(chosen.seeds):
        if (seed, "exact posterior") not in judged_before:
            rows += rows_of_rules(seed, chosen.tasks)
        for name in NAMES:
            if (seed, name) not in judged_before:
                rest = chosen.iterations, chosen.tasks, chosen.out
                rows += rows_of_learner(name, seed, best.loc[name], *rest)
                write(ERRORS, rows)


if __name__ == "__main__":
    main()
