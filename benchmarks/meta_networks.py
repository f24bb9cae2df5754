"""The trials of chapter 08: the outer step size of every method, on validation sinusoids.

    python benchmarks/meta_networks.py OUT

Every method has six trials with ``seed = 0``, each a whole training of the chapter. The methods of
one pass try six values of β. MAML has α to choose too: two of its values with three of β, and its
error is that after the five steps of its training.
"""

import argparse
from pathlib import Path

import torch
from pandas import DataFrame

from metalearn_lab import Sinusoids
from metalearn_lab.experiments.meta_network_lab import MetaNetworkLab, errors_along
from metalearn_lab.models.weight_generators import FullWeights, LowRankWeights, ScaleAndShift

STEPS = 5  # k of MAML
RATES = (0.001, 0.002, 0.003, 0.005, 0.01, 0.02)
MAML_RATES = tuple((alpha, beta) for alpha in (0.01, 0.03) for beta in (0.001, 0.003, 0.01))


def trials(lab, tasks):
    """A row for each training: method, α where it has one, β, mean error on the tasks."""
    one_pass = {
        "all weights": lambda: lab.hypernetwork(FullWeights),
        "low rank": lambda: lab.hypernetwork(LowRankWeights, rank=2),
        "scale and shift": lambda: lab.hypernetwork(ScaleAndShift),
        "all weights, z of 2 numbers": lambda: lab.hypernetwork(FullWeights, embedding=2),
        "neural process": lab.neural_process,
    }
    for name, build in one_pass.items():
        for beta in RATES:
            error = errors_along(lab.train(build(), beta), tasks, 0)[:, 0].mean().item()
            yield {"method": name, "inner_lr": None, "outer_lr": beta, "error": error}
    for alpha, beta in MAML_RATES:
        learner = lab.train(lab.maml(alpha, STEPS), beta)
        error = errors_along(learner, tasks, STEPS)[:, STEPS].mean().item()
        yield {"method": "MAML", "inner_lr": alpha, "outer_lr": beta, "error": error}


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
