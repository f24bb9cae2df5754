"""Trainings on contexts that are bursty or not, saved for chapter 15.

    python benchmarks/burstiness.py OUT.csv

A stopped run goes on where it was.
"""

import argparse
import time
from pathlib import Path

import torch
from pandas import DataFrame

from metalearn_lab.atomic_file import write_text
from metalearn_lab.comparison.burstiness import SHARES, read_burstiness
from metalearn_lab.experiments.burstiness import LabelledItems, train_reader


def main() -> None:
    """Compute what is missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--iterations", type=int, default=2000)
    parser.add_argument("--seeds", type=int, default=5)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    rows = read_burstiness(chosen.out).to_dict("records") if chosen.out.exists() else []
    done = {(row["bursty"], row["seed"]) for row in rows}
    for seed in range(chosen.seeds):
        for share in SHARES:
            if (share, seed) in done:
                continue
            start = time.process_time()
            tests = list(train_reader(LabelledItems(seed=seed), share, chosen.iterations))
            seconds = round(time.process_time() - start, 1)
            key = {"bursty": share, "seed": seed, "CPU seconds": seconds}
            rows += [key | test for test in tests]
            write_text(chosen.out, DataFrame(rows).to_csv(index=False, float_format="%.4g"))
            print(key, tests[-1], flush=True)


if __name__ == "__main__":
    main()
