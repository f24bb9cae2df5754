"""The tables of chapter 19: starts for new tasks from a graph of past tasks, and without one.

    nice -n 19 python benchmarks/task_graph.py
    nice -n 19 python benchmarks/task_graph.py --worlds "sinusoids, two clusters" --seeds 1

Every choice is made on validation tasks. A row is one method in one world with one seed.
"""

import argparse
import math
import time
from pathlib import Path

import torch
from pandas import DataFrame, read_csv

from metalearn_lab import load_table
from metalearn_lab.atomic_file import write_text
from metalearn_lab.comparison.task_graph import (
    INTENT_SETTING,
    SAVED_TASK_GRAPH,
    SINUSOID_SETTING,
    judged,
)
from metalearn_lab.experiments.task_worlds import intent_world, sinusoid_world
from metalearn_lab.models.sentence_encoder import sentence_vectors

APART = {"sinusoids, two clusters": math.pi, "sinusoids, one cluster": 0.0}
SIBLINGS = {"intents, any negatives": 0.0, "intents, half siblings": 0.5}
WORLDS = (*APART, *SIBLINGS)


def world_of(name, seed):
    """The world and its settings."""
    if name in APART:
        return sinusoid_world(seed, apart=APART[name]), SINUSOID_SETTING
    table = load_table(source="embedded")
    vectors = sentence_vectors(table.texts)
    return intent_world(vectors, table, seed, siblings=SIBLINGS[name]), INTENT_SETTING


def main() -> None:
    """Judge what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=SAVED_TASK_GRAPH)
    parser.add_argument("--worlds", nargs="*", default=WORLDS, choices=WORLDS)
    parser.add_argument("--seeds", type=int, default=5)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    for seed in range(chosen.seeds):
        for name in chosen.worlds:
            rows = [
                {"world": name, "seed": seed, **row} for row in judged(*world_of(name, seed), seed)
            ]
            new = DataFrame(rows)
            if chosen.out.exists():
                old = read_csv(chosen.out)
                old = old[~((old.world == name) & (old.seed == seed))]
                new = DataFrame(old.to_dict("records") + rows)
            write_text(chosen.out, new.to_csv(index=False, float_format="%.5g"))
            print(name, seed, f"{time.process_time():.0f} CPU s so far", flush=True)


if __name__ == "__main__":
    main()
