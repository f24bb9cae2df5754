"""The table of chapter 09: an encoder is pretrained, then given K shots of an unseen kind of task.

    nice -n 19 python benchmarks/meta_pretraining.py
    nice -n 19 python benchmarks/meta_pretraining.py --methods LEOPARD --seeds 1

β is chosen for each method on validation words alone, with the first seed. A row is one training
or one untrained representation, judged on one kind and K. "before" and "fine-tuned" are accuracies
by the generated head and after inner steps from it, on half of the episodes, for 5 shots alone.
"""

import argparse
import time
from pathlib import Path

import torch
from pandas import DataFrame, read_csv
from torch.nn import functional as F

from metalearn_lab.atomic_file import write_text
from metalearn_lab.comparison.meta_pretraining import (
    AUTHORS,
    INTENTS,
    METHODS,
    SAVED_META_PRETRAINING,
    SELF_SUPERVISED,
    WAYS,
    WORDS,
    Pretraining,
    accuracies,
    fine_tuned,
    kinds_of_tasks,
    tf_idf,
)
from metalearn_lab.evaluation.frozen_class_means import frozen_class_means
from metalearn_lab.models.sentence_encoder import sentence_vectors
from metalearn_lab.tasks.types import Split, Task, select_tasks

JUDGED = {
    "no labels": {WORDS: "test", INTENTS: "all", AUTHORS: "all"},
    "with intents": {AUTHORS: "all"},
}
"""By mixture, the kinds that are judged on, and the classes."""

RATES = (1e-3, 1e-2)
STEPS, EPISODES = 150, 100
FINE_TUNED_SHOTS, FINE_TUNING = 5, 5


def chosen_rate(kinds, method, mixture):
    """β whose encoder has the best nearest class means on validation words."""
    if method == "untrained":
        return RATES[0]
    tasks = kinds.sampler(WORDS, "validation", 5, 5, 0).batch(0, EPISODES)

    def score(rate):
        learner = Pretraining(kinds, mixture, STEPS, rate, 0).train(method)
        return accuracies(learner, tasks).mean().item()

    return max(RATES, key=score)


def rows_of_method(kinds, method, name, mixture, seeds):
    """One row for each seed, kind and K."""
    rate = chosen_rate(kinds, method, mixture)
    for seed in range(seeds):
        start = time.process_time()
        learner = Pretraining(kinds, mixture, STEPS, rate, seed).train(method)
        seconds = time.process_time() - start
        for kind, part in JUDGED[name].items():
            for shots in (1, 5):
                tasks = kinds.sampler(kind, part, shots, 5, seed).batch(0, EPISODES)
                row = {
                    "mixture": name,
                    "method": method,
                    "seed": seed,
                    "kind": kind,
                    "shots": shots,
                    "class means": 100 * accuracies(learner, tasks).mean().item(),
                    "outer_lr": rate,
                    "seconds": seconds,
                }
                if shots == FINE_TUNED_SHOTS:
                    half = select_tasks(tasks, slice(EPISODES // 2))
                    along = fine_tuned(learner, half, FINE_TUNING)
                    row["fine-tuned"] = 100 * along[:, -1].mean().item()
                    row["before"] = 100 * along[:, 0].mean().item()
                yield row


def rows_of_features(kinds, name, features, seeds):
    """The same for a fixed representation of texts: ``features(kind)``, ``[rows, dim]``."""
    for kind, part in JUDGED["no labels"].items():
        if name == "sentence encoder" and kind == WORDS:
            continue  # it has never read the sign that hides a word
        vectors = F.normalize(features(kind), dim=-1)
        for seed in range(seeds):
            for shots in (1, 5):
                sampler = kinds.sampler(kind, part, shots, 5, seed)
                sampler.x = torch.arange(len(vectors))[:, None]
                accuracy = []
                for first in range(0, EPISODES, 50):
                    (support, labels), (query, answers) = sampler.batch(first, 50)
                    read = [
                        Split(vectors[x[..., 0]], y)
                        for x, y in ((support, labels), (query, answers))
                    ]
                    accuracy.append(frozen_class_means(Task(*read), WAYS))
                yield {
                    "mixture": "no labels",
                    "method": name,
                    "seed": seed,
                    "kind": kind,
                    "shots": shots,
                    "class means": 100 * torch.cat(accuracy).mean().item(),
                }


def keep(path, rows, name):
    """Write the rows of a method, in the place of older ones."""
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
    fixed = ("TF-IDF", "sentence encoder")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=SAVED_META_PRETRAINING)
    parser.add_argument(
        "--methods", nargs="*", default=(*fixed, *METHODS), choices=(*fixed, *METHODS)
    )
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
    for method in chosen.methods:
        if method in fixed:
            keep(chosen.out, rows_of_features(kinds, method, read[method], chosen.seeds), method)
            continue
        for name in chosen.mixtures:
            if name == "no labels" or method in ("multi-task", "LEOPARD"):
                rows = rows_of_method(kinds, method, name, mixtures[name], chosen.seeds)
                keep(chosen.out, rows, method)
        print(method, f"{time.process_time():.0f} CPU s so far", flush=True)


if __name__ == "__main__":
    main()
