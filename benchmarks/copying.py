"""Chapter 09's learning rates for texts to copy: three of each model, judged on texts kept back.

    python benchmarks/copying.py OUT.csv

A row for each model, rate and choice of trained fillers, with seed 0. That of the package is
`metalearn_lab/experiments/language_model_results/copy_trials.csv`.
"""

import argparse
from itertools import product
from pathlib import Path

import pandas as pd

from metalearn_lab.atomic_file import write_text
from metalearn_lab.experiments.copying import (
    CHOOSING,
    COPIERS,
    FILLERS,
    bits_by_gap,
    copy_batches,
    train_to_copy,
)
from metalearn_lab.tasks.copying import CopyAndClose

RATES = (1e-3, 3e-3, 1e-2)


def main() -> None:
    """Train every model with every rate and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--steps", type=int, default=300)
    chosen = parser.parse_args()
    texts, rows = CopyAndClose(copied=2, seed=0), []
    for trained, name, rate in product(FILLERS, COPIERS, RATES):
        model, fillers = COPIERS[name](0), FILLERS[trained]
        train_to_copy(model, copy_batches(texts, chosen.steps, fillers), outer_lr=rate)
        judged = sorted({fillers[0], fillers[len(fillers) // 2], fillers[-1]})
        letters = bits_by_gap(model, texts, judged, first=CHOOSING)[:, 0]
        row = {"trained": trained, "model": name, "outer_lr": rate, "steps": chosen.steps}
        rows.append({**row, "bits": letters.mean().item()})
        print(rows[-1], flush=True)
    write_text(chosen.out, pd.DataFrame(rows).to_csv(index=False, float_format="%.4g"))


if __name__ == "__main__":
    main()
