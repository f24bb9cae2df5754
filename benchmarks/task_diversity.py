"""The saved trainings of chapter 15 on pools of M lines; a stopped run goes on where it was.

    python benchmarks/task_diversity.py OUT
    python benchmarks/task_diversity.py OUT --iterations 3000 --seeds 1

Each network is trained on tasks of its pool alone, and then asked about other tasks of the pool
("home") and about tasks of the prior ("new"). The networks of one seed are saved with their
settings and CPU seconds.
"""

import argparse
import time
from pathlib import Path

import torch
from pandas import DataFrame, concat

from metalearn_lab.atomic_file import write_text
from metalearn_lab.comparison.task_pools import (
    DISTANCES,
    NOISE,
    POOLS,
    SAVED_SEED,
    model_file,
    pool_tasks,
    read_distances,
)
from metalearn_lab.experiments.task_diversity import distances, train_on_pool
from metalearn_lab.training.checkpoint import Checkpoint, save_checkpoint

TEST_TASKS = 2000


def rows(pool, seed, iterations, out):
    """Train one network, save it if its seed says so, and measure it at home and abroad."""
    tasks, start = pool_tasks(pool, "train", seed), time.process_time()
    model = train_on_pool(tasks, iterations)
    seconds = round(time.process_time() - start, 1)
    if seed == SAVED_SEED:
        about = {"pool": pool, "iterations": iterations, "seconds": seconds, "seed": seed}
        save_checkpoint(model_file(out, pool), Checkpoint(about, {}, model.state_dict()))
    for where, test in (("home", pool), ("new", 0)):
        batch = pool_tasks(test, "test", seed).batch(0, TEST_TASKS)
        measured = distances(model, tasks.pool_weights(), batch, NOISE)
        key = {"pool": pool, "seed": seed, "tasks": where, "iterations": iterations}
        yield key | {"seconds": seconds} | {n: f"{value:.6f}" for n, value in measured.items()}


def main() -> None:
    """Compute what is missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--iterations", type=int, default=1500)
    parser.add_argument("--seeds", type=int, default=5)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    chosen.out.mkdir(parents=True, exist_ok=True)
    for seed in range(chosen.seeds):
        for pool in POOLS:
            path = chosen.out / DISTANCES
            before = read_distances(chosen.out) if path.is_file() else DataFrame()
            if len(before) and ((before.pool == pool) & (before.seed == seed)).any():
                continue
            added = DataFrame(list(rows(pool, seed, chosen.iterations, chosen.out)))
            write_text(path, concat([before, added]).to_csv(index=False))
            print(added.to_string(index=False), flush=True)


if __name__ == "__main__":
    main()
