"""A prior-fitted network, a hypernetwork and MAML on noisy sinusoids: a table of chapter 15.

    python benchmarks/prior_fitted_sinusoids.py OUT --seeds 0 1 2 3 4

All three train for as many outer steps on the same curves with a noise of 0.1. OUT/sinusoids.csv
has their errors on new tasks and those of the exact posterior; a seed that it has is not run again.
OUT/sinusoids_of_seed_0.safetensors has the first network's weights.
"""

import argparse
import time
from math import pi
from pathlib import Path

import torch
from pandas import DataFrame, read_csv

from metalearn_lab.atomic_file import write_bytes, write_text
from metalearn_lab.experiments.learned_rates import batches_of
from metalearn_lab.experiments.meta_network_lab import (
    MetaNetworkLab,
    errors_along,
    sinusoids_between,
)
from metalearn_lab.experiments.prior_fitted_lab import (
    NoisySinusoids,
    bands,
    fewer_points,
    first_points,
    judged,
    sinusoid_network,
    train,
    with_noise,
)
from metalearn_lab.experiments.sinusoid_posterior import sinusoid_posterior
from metalearn_lab.models.weight_generators import FullWeights
from metalearn_lab.tasks.sinusoids import Sinusoids

NOISE, META_BATCH, MOST = 0.1, 25, 1e3
"""An error from MOST on, or one that is no number, counts as diverged."""


def trained(seed: int, iterations: int) -> dict:
    """The three learners, and the CPU seconds of each."""
    ten, twenty = (NoisySinusoids(Sinusoids(shots, 10, "train", seed), NOISE) for shots in (10, 20))
    lab = MetaNetworkLab(10, META_BATCH, iterations, seed)
    runs = {
        "MAML": (lab.maml(inner_lr=0.01, inner_steps=5), batches_of(ten, META_BATCH), 0.01),
        "hypernetwork": (lab.hypernetwork(FullWeights), batches_of(ten, META_BATCH), 0.003),
        "context": (sinusoid_network(seed), fewer_points(twenty, META_BATCH, seed), 0.003),
    }
    learners = {}
    for name, (learner, batch, outer_lr) in runs.items():
        start = time.process_time()
        train(learner, batch, iterations, outer_lr)
        learners[name] = learner, time.process_time() - start
    return learners


def worlds(seed: int, count: int) -> dict:
    """New tasks inside the prior with some numbers of points, and tasks outside."""
    inside = NoisySinusoids(Sinusoids(20, 50, "test", seed), NOISE).batch(0, count)
    away = {
        "phases π to 2π": sinusoids_between((0.1, 5.0), (pi, 2 * pi), count, seed=seed),
        "amplitudes 5 to 10": sinusoids_between((5.0, 10.0), (0.0, pi), count, seed=seed),
    }
    return {f"K = {k}": first_points(inside, k) for k in (5, 10, 20)} | {
        name: with_noise(tasks, NOISE, name, seed) for name, tasks in away.items()
    }


def rows_of(seed: int, learners: dict, count: int) -> list:
    """A row for each world and method."""
    rows = []
    for world, tasks in worlds(seed, count).items():
        points = (part[..., 0] for part in tasks.support)
        exact = sinusoid_posterior(*points, tasks.query.x[..., 0], NOISE)
        found = {"exact posterior": judged(exact, tasks)}
        found["predicting 0"] = {"error": (tasks.query.y**2).mean().item()}
        for name, (learner, seconds) in learners.items():
            if name == "context":
                found[name] = judged(bands(learner, tasks), tasks) | {"CPU seconds": seconds}
                continue
            along = errors_along(learner, tasks, 50)
            for steps in (0, 50) if name == "hypernetwork" else (5, 50):
                errors = along[:, steps]
                good = errors[errors < MOST]
                found[f"{name}, {steps} steps"] = {
                    "error": good.mean().item(),
                    "diverged": count - len(good),
                    "CPU seconds": seconds,
                }
        rows += [{"seed": seed, "world": world, "method": n, **f} for n, f in found.items()]
    return rows


def main() -> None:
    """Compute what is missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seeds", type=int, nargs="*", default=[0, 1, 2, 3, 4])
    parser.add_argument("--iterations", type=int, default=1000)
    parser.add_argument("--tasks", type=int, default=100)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    chosen.out.mkdir(parents=True, exist_ok=True)
    path = chosen.out / "sinusoids.csv"
    rows = read_csv(path).to_dict("records") if path.exists() else []
    for seed in chosen.seeds:
        if seed in {row["seed"] for row in rows}:
            continue
        learners = trained(seed, chosen.iterations)
        if seed == 0:
            from safetensors.torch import save

            weights = learners["context"][0].state_dict()
            write_bytes(chosen.out / "sinusoids_of_seed_0.safetensors", save(weights))
        rows += rows_of(seed, learners, chosen.tasks)
        write_text(path, DataFrame(rows).to_csv(index=False, float_format="%.4f"))
        print(seed, flush=True)


if __name__ == "__main__":
    main()
