"""The table of chapter 18: an encoder is pretrained, then given K shots of a kind of task.

    nice -n 19 python benchmarks/meta_pretraining.py
    nice -n 19 python benchmarks/meta_pretraining.py --rows LEOPARD --seeds 1

β is chosen for each row on validation words alone, with the first seed. A row is one training or
one untrained representation, judged on one kind and K. "before" and "fine-tuned" are accuracies by
the generated head and after inner steps from it, on half of the episodes, for 5 shots and 64
numbers alone. The first episodes of the first seed are kept as pictures.
"""

import argparse
import time
from pathlib import Path

import torch
from pandas import DataFrame, read_csv
from torch.nn import functional as F

from metalearn_lab.atomic_file import write_text
from metalearn_lab.comparison.meta_pretraining import (
    ANSWERS,
    AUTHORS,
    DIM,
    INTENTS,
    MATCHING,
    METHODS,
    NEXT,
    SAVED_META_PRETRAINING,
    SELF_SUPERVISED,
    TRANSLATIONS,
    WAYS,
    WORDS,
    Pretraining,
    fine_tuned,
    kinds_of_tasks,
    seen_by,
    tf_idf,
)
from metalearn_lab.comparison.pretraining_pictures import SAVED_PICTURES, pictured, save_pictures
from metalearn_lab.evaluation.frozen_class_means import frozen_class_means
from metalearn_lab.models.sentence_encoder import sentence_vectors
from metalearn_lab.tasks.types import Split, Task, select_tasks

NEW_KINDS = {INTENTS: "all", AUTHORS: "all", ANSWERS: "all", TRANSLATIONS: "all"}
JUDGED = {
    "no labels": {WORDS: "test", NEXT: "test", **NEW_KINDS},
    "with intents": {kind: part for kind, part in NEW_KINDS.items() if kind != INTENTS},
}
"""By mixture, the kinds that are judged on, and the classes."""

RATES = (1e-3, 1e-2)
STEPS, EPISODES, WIDE = 150, 100, 512
FINE_TUNED_SHOTS, FINE_TUNING = 5, 5
PICTURES = 4
ROWS = {method: (method, STEPS, DIM) for method in METHODS} | {
    "hidden words, 50 steps": ("hidden words alone", 50, DIM),  # as many as in a mixture
    "hidden words, 1,000 steps": ("hidden words alone", 1000, DIM),
    "untrained, 512 numbers": ("untrained", STEPS, WIDE),
}
"""By row, the method, its outer steps, and the numbers that the encoder gives."""
FIXED = ("TF-IDF", "sentence encoder")


def shots_of(kind):
    """The K that a kind is judged at."""
    return (1,) if kind in MATCHING else (1, 5)


def trained(kinds, row, mixture, rate, seed):
    """The learner of a row."""
    method, steps, dim = ROWS[row]
    return Pretraining(kinds, mixture, steps, rate, seed, dim).train(method)


def chosen_rate(kinds, row, mixture):
    """β whose encoder has the best nearest class means on validation words."""
    if ROWS[row][0] == "untrained":
        return RATES[0]
    tasks = kinds.sampler(WORDS, "validation", 5, 5, 0).batch(0, EPISODES)

    def score(rate):
        learner = trained(kinds, row, mixture, rate, 0)
        return frozen_class_means(seen_by(learner, tasks), WAYS).mean().item()

    return max(RATES, key=score)


def rows_of_method(kinds, row, name, mixture, seeds, pictures):
    """One line for each seed, kind and K."""
    rate = chosen_rate(kinds, row, mixture)
    for seed in range(seeds):
        start = time.process_time()
        learner = trained(kinds, row, mixture, rate, seed)
        seconds = time.process_time() - start
        for kind, part in JUDGED[name].items():
            for shots in shots_of(kind):
                tasks = kinds.sampler(kind, part, shots, 5, seed).batch(0, EPISODES)
                features = seen_by(learner, tasks)
                if seed == 0 and name == "no labels":
                    few = select_tasks(features, slice(PICTURES))
                    pictures[row, kind, shots] = pictured(few, WAYS)
                line = {
                    "mixture": name,
                    "method": row,
                    "seed": seed,
                    "kind": kind,
                    "shots": shots,
                    "class means": 100 * frozen_class_means(features, WAYS).mean().item(),
                    "outer_lr": rate,
                    "seconds": seconds,
                }
                if shots == FINE_TUNED_SHOTS and ROWS[row][2] == DIM:
                    half = select_tasks(tasks, slice(EPISODES // 2))
                    along = fine_tuned(learner, half, FINE_TUNING)
                    line["fine-tuned"] = 100 * along[:, -1].mean().item()
                    line["before"] = 100 * along[:, 0].mean().item()
                yield line


def rows_of_features(kinds, name, features, seeds, pictures):
    """The same for a fixed representation of texts: ``features(kind)``, ``[rows, dim]``."""
    for kind, part in JUDGED["no labels"].items():
        if name == "sentence encoder" and kind == WORDS:
            continue  # it has never read the sign that hides a word
        vectors = F.normalize(features(kind), dim=-1)
        for seed in range(seeds):
            for shots in shots_of(kind):
                sampler = kinds.sampler(kind, part, shots, 5, seed)
                sampler.x = torch.arange(len(vectors))[:, None]
                accuracy = []
                for first in range(0, EPISODES, 50):
                    tasks = sampler.batch(first, 50)
                    read = Task(*(Split(vectors[x[..., 0]], y) for x, y in tasks))
                    if seed == first == 0:
                        few = select_tasks(read, slice(PICTURES))
                        pictures[name, kind, shots] = pictured(few, WAYS)
                    accuracy.append(frozen_class_means(read, WAYS))
                yield {
                    "mixture": "no labels",
                    "method": name,
                    "seed": seed,
                    "kind": kind,
                    "shots": shots,
                    "class means": 100 * torch.cat(accuracy).mean().item(),
                }


def keep(path, rows, name):
    """Write the lines of a row, in the place of older ones."""
    new = DataFrame(rows)
    if path.exists():
        old = read_csv(path)
        old = old[~((old.method == name) & old.mixture.isin(new.mixture))]
        new = DataFrame(old.to_dict("records") + new.to_dict("records"))
    write_text(path, new.to_csv(index=False, float_format="%.4g"))
    print(
        new[new.method == name].groupby(["mixture", "kind", "shots"])[["class means"]].mean(),
        flush=True,
    )


def main() -> None:
    """Train and judge what is asked for."""
    every = (*FIXED, *ROWS)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=SAVED_META_PRETRAINING)
    parser.add_argument("--pictures", type=Path, default=SAVED_PICTURES)
    parser.add_argument("--rows", nargs="*", default=every, choices=every)
    parser.add_argument("--mixtures", nargs="*", default=tuple(JUDGED), choices=tuple(JUDGED))
    parser.add_argument("--seeds", type=int, default=5)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    kinds = kinds_of_tasks()
    read = {
        "TF-IDF": lambda kind: tf_idf(kinds, kind),
        "sentence encoder": lambda kind: sentence_vectors(kinds.tables[kind].texts),
    }
    mixtures = {"no labels": SELF_SUPERVISED, "with intents": (*SELF_SUPERVISED, INTENTS)}
    for row in chosen.rows:
        pictures = {}
        if row in FIXED:
            lines = rows_of_features(kinds, row, read[row], chosen.seeds, pictures)
            keep(chosen.out, lines, row)
        else:
            for name in chosen.mixtures:
                if name == "no labels" or row in ("multi-task", "LEOPARD"):
                    mixture = mixtures[name]
                    lines = rows_of_method(kinds, row, name, mixture, chosen.seeds, pictures)
                    keep(chosen.out, lines, row)
        save_pictures(pictures, chosen.pictures)
        print(row, f"{time.process_time():.0f} CPU s so far", flush=True)


if __name__ == "__main__":
    main()
