"""The trials of chapter 08: the outer step size of every method, on validation sinusoids.

    python benchmarks/meta_networks.py OUT

Every method tries the same six values of β with ``seed = 0``, each in a whole training of the
chapter. The error of MAML is that after the five steps of its training, with α = 0.01.
"""

import argparse
from pathlib import Path

import torch
from pandas import DataFrame

from metalearn_lab import Sinusoids
from metalearn_lab.experiments.meta_network_lab import MetaNetworkLab, errors_along
from metalearn_lab.models.weight_generators import FullWeights, LowRankWeights, ScaleAndShift

RATES = (0.001, 0.002, 0.003, 0.005, 0.01, 0.02)


def trials(lab, tasks):
    """A row for each training: method, β, mean error on the tasks."""
    methods = {
        "all weights": lambda: lab.hypernetwork(FullWeights),
        "low rank": lambda: lab.hypernetwork(LowRankWeights, rank=2),
        "scale and shift": lambda: lab.hypernetwork(ScaleAndShift),
        "all weights, z of 2 numbers": lambda: lab.hypernetwork(FullWeights, embedding=2),
        "neural process": lab.neural_process,
        "MAML": lambda: lab.maml(inner_lr=0.01, inner_steps=5),
    }
    for name, build in methods.items():
        steps = 5 if name == "MAML" else 0
        for beta in RATES:
            errors = errors_along(lab.train(build(), beta), tasks, steps)[:, steps]
            yield {"method": name, "outer_lr": beta, "error": errors.mean().item()}


def main() -> None:
    """Write OUT row by row."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--iterations", type=int, default=1600)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    lab = MetaNetworkLab(10, 25, chosen.iterations, 0)
    tasks = Sinusoids(10, 50, "validation", 0).batch(0, 300)
    rows = []
    for row in trials(lab, tasks):
        rows.append(row)
        DataFrame(rows).to_csv(chosen.out, index=False, float_format="%.4g")


if __name__ == "__main__":
    main()
