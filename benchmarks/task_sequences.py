"""The table of forgetting of chapter 11: four tasks of five intents, one after another.

    nice -n 19 python benchmarks/task_sequences.py

Each of ten draws deals twenty intents to a sequence; the other 27 serve for training before it,
and for the choice of settings: of six trials for each method, the one with the best mean accuracy
at the end of two sequences of these intents, from an untrained network.
"""

import argparse
import time
from pathlib import Path

import torch
from pandas import DataFrame

from metalearn_lab.atomic_file import write_text
from metalearn_lab.evaluation.forgetting import transfer_scores
from metalearn_lab.experiments.task_sequence import (
    AT_ONCE,
    CLASS_MEANS,
    ELASTIC,
    FINE_TUNING,
    REPLAY,
    SAVED_SEQUENCES,
    STARTS,
    UNTRAINED,
    class_mean_sequence,
    learn_sequence,
    sequence_of,
    start_of,
)
from metalearn_lab.models.sentence_encoder import sentence_vectors
from metalearn_lab.tasks.sources import load_table

ONE_RATE = [(lr, 0.0) for lr in (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02)]
TRIALS = {
    FINE_TUNING: ONE_RATE,
    ELASTIC: [(lr, strength) for lr in (0.002, 0.005) for strength in (30.0, 300.0, 3000.0)],
    REPLAY: [(lr, strength) for lr in (0.002, 0.005, 0.01) for strength in (1.0, 3.0)],
    AT_ONCE: ONE_RATE,
}
"""By method, Adam's rate and λ."""

VALIDATION = 2


def chosen_settings(table, vectors, others, seed):
    """By method, the trial with the best accuracy at the end of the validation sequences."""
    start = start_of(UNTRAINED, table, vectors, others, seed)
    drawn = [sequence_of(table, vectors, 1000 * (i + 1) + seed, others) for i in range(VALIDATION)]

    def score(method, lr, strength):
        ends = [
            learn_sequence(start, each.tasks, method, lr=lr, strength=strength).accuracies[-1]
            for each in drawn
        ]
        return torch.stack(ends).mean().item()

    return {
        method: max(trials, key=lambda trial, method=method: score(method, *trial))
        for method, trials in TRIALS.items()
    }


def rows_of(table, vectors, seed):
    """One line for each start and method."""
    sequence = sequence_of(table, vectors, seed)
    settings = chosen_settings(table, vectors, sequence.others, seed)
    for kind in STARTS:
        start = start_of(kind, table, vectors, sequence.others, seed)
        for method, (lr, strength) in settings.items():
            learned = learn_sequence(start, sequence.tasks, method, lr=lr, strength=strength)
            scores = transfer_scores(learned.accuracies, learned.before)
            line = {"start": kind, "method": method, "draw": seed, "lr": lr, "strength": strength}
            yield {**line, **scores._asdict()}
    learned = class_mean_sequence(sequence.tasks)
    scores = transfer_scores(learned.accuracies, learned.before)
    yield {"start": "frozen", "method": CLASS_MEANS, "draw": seed, **scores._asdict()}


def main() -> None:
    """Train and judge every draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=SAVED_SEQUENCES)
    parser.add_argument("--draws", type=int, default=10)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    table = load_table("embedded")
    vectors = sentence_vectors(table.texts)
    rows = []
    for seed in range(chosen.draws):
        rows += rows_of(table, vectors, seed)
        write_text(chosen.out, DataFrame(rows).to_csv(index=False, float_format="%.4g"))
        print(seed, f"{time.process_time():.0f} CPU s so far", flush=True)
    scores = ["accuracy", "backward", "forward", "forgetting"]
    print(DataFrame(rows).groupby(["start", "method"])[scores].mean())


if __name__ == "__main__":
    main()
