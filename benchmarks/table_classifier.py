"""The classifier of chapter 15: a Transformer that has seen many random tables.

    python benchmarks/table_classifier.py train OUT
    python benchmarks/table_classifier.py compare OUT

Training goes on where it was stopped. OUT/classifier.safetensors holds weights, configuration and
CPU seconds; OUT/losses.csv the mean loss between two rows. The comparison writes OUT/tables.csv:
the classifier of OUT beside those that fit each table, on the same folds.
"""

import argparse
import time
from dataclasses import asdict
from pathlib import Path

import torch
from pandas import DataFrame, read_csv
from torch.optim.lr_scheduler import LinearLR

from metalearn_lab.atomic_file import write_text
from metalearn_lab.experiments.table_classifier import (
    PRIOR,
    SIZES,
    InContext,
    cross_validated,
    load_classifier,
    new_classifier,
    rivals,
    save_classifier,
    small_tables,
)
from metalearn_lab.training.meta_train import meta_train
from metalearn_lab.workbook.environment import versions

TABLES = 16  # in each step
EVERY = 250  # steps between two rows of losses.csv


def train(out: Path, iterations: int, rate: float) -> None:
    """Train, in as many processes one after the other as it takes."""
    log = out / "losses.csv"
    rows = read_csv(log).to_dict("records") if log.exists() else []
    learner = new_classifier()
    optimizer = torch.optim.Adam(learner.parameters(), rate)
    scheduler = LinearLR(optimizer, 1.0, 0.02, iterations)
    for end in range(EVERY * (len(rows) + 1), iterations + 1, EVERY):
        start = time.process_time()
        run = meta_train(
            learner,
            lambda i: PRIOR.batch(TABLES * i, TABLES),
            iterations=end,
            optimizer=optimizer,
            scheduler=scheduler,
            every=EVERY,
            checkpoint=out / "run.safetensors",
            progress=False,
        )
        seconds = time.process_time() - start
        loss = run.history[-1]["meta_loss"]
        rows.append({"iterations": end, "loss": loss, "CPU seconds": seconds})
        write_text(log, DataFrame(rows).to_csv(index=False, float_format="%.4f"))
    about = {
        "prior": asdict(PRIOR),
        "sizes": SIZES,
        "training": f"{iterations} steps of {TABLES} tables, Adam {rate:g} falling to a fiftieth",
        "CPU seconds": round(sum(row["CPU seconds"] for row in rows)),
        "versions": versions(),
    }
    save_classifier(out / "classifier.safetensors", learner, about)


def compare(out: Path, repeats: int) -> None:
    """Every table, classifier and fold."""
    learner, _ = load_classifier(out / "classifier.safetensors")
    classifiers = {"in context": InContext(learner), **rivals()}
    rows = []
    for name, (x, y) in small_tables().items():
        rows += [{"table": name, **r} for r in cross_validated(classifiers, x, y, repeats=repeats)]
        write_text(out / "tables.csv", DataFrame(rows).to_csv(index=False, float_format="%.4f"))


def main() -> None:
    """Do what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["train", "compare"])
    parser.add_argument("out", type=Path)
    parser.add_argument("--iterations", type=int, default=8000)
    parser.add_argument("--rate", type=float, default=0.001)
    parser.add_argument("--repeats", type=int, default=1)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    chosen.out.mkdir(parents=True, exist_ok=True)
    if chosen.what == "train":
        train(chosen.out, chosen.iterations, chosen.rate)
    else:
        compare(chosen.out, chosen.repeats)


if __name__ == "__main__":
    main()
