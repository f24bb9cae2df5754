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
PHASES = ((3250, 1e-3, 6e-4), (500, 6e-4, 3.68e-4))  # steps, β at first and last; Adam begins anew


def train(out: Path) -> None:
    """Train, in as many processes one after the other as it takes."""
    log, learner, first = out / "losses.csv", new_classifier(), 0
    rows = read_csv(log).to_dict("records") if log.exists() else []
    for number, (steps, start, end) in enumerate(PHASES, 1):
        done = out / f"phase{number}.safetensors"
        if done.exists():
            learner, _ = load_classifier(done)
        else:
            rows = run_phase(
                out / f"run{number}.safetensors", learner, first, steps, start, end, rows
            )
            save_classifier(done, learner, {})
        first += steps
    about = {
        "prior": asdict(PRIOR),
        "sizes": SIZES,
        "training": f"Adam on {TABLES} tables a step; steps, first and last rate: {PHASES}",
        "CPU seconds": round(sum(row["CPU seconds"] for row in rows)),
        "versions": versions(),
    }
    save_classifier(out / "classifier.safetensors", learner, about)


def run_phase(path, learner, first, steps, start, end, rows):
    """The rows of losses.csv with those of one phase, which goes on where it was stopped."""
    optimizer = torch.optim.Adam(learner.parameters(), start)
    scheduler = LinearLR(optimizer, 1.0, end / start, steps)
    done = sum(row["iterations"] > first for row in rows) * EVERY
    for upto in range(done + EVERY, steps + 1, EVERY):
        begun = time.process_time()
        run = meta_train(
            learner,
            lambda i: PRIOR.batch(TABLES * (first + i), TABLES),
            iterations=upto,
            optimizer=optimizer,
            scheduler=scheduler,
            every=EVERY,
            checkpoint=path,
            progress=False,
        )
        row = {"iterations": first + upto, "loss": run.history[-1]["meta_loss"]}
        rows = [*rows, {**row, "CPU seconds": time.process_time() - begun}]
        write_text(
            path.with_name("losses.csv"), DataFrame(rows).to_csv(index=False, float_format="%.4f")
        )
    return rows


def compare(out: Path, repeats: int) -> None:
    """Every classifier, table and fold; what tables.csv has of the rivals is not computed again."""
    path = out / "tables.csv"
    rows = read_csv(path).to_dict("records") if path.exists() else []
    rows = [row for row in rows if row["classifier"] != "in context"]
    classifiers = rivals()
    if (out / "classifier.safetensors").exists():
        classifiers["in context"] = InContext(load_classifier(out / "classifier.safetensors")[0])
    for name, (x, y) in small_tables().items():
        there = {row["classifier"] for row in rows if row["table"] == name}
        missing = {n: each for n, each in classifiers.items() if n not in there}
        rows += [{"table": name, **r} for r in cross_validated(missing, x, y, repeats=repeats)]
        write_text(path, DataFrame(rows).to_csv(index=False, float_format="%.4f"))


def main() -> None:
    """Do what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["train", "compare"])
    parser.add_argument("out", type=Path)
    parser.add_argument("--repeats", type=int, default=1)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    chosen.out.mkdir(parents=True, exist_ok=True)
    if chosen.what == "train":
        train(chosen.out)
    else:
        compare(chosen.out, chosen.repeats)


if __name__ == "__main__":
    main()
