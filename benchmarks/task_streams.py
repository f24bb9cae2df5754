"""The stream table of chapter 11: 200 tasks, one after another, and what each learner gets wrong.

    nice -n 19 python benchmarks/task_streams.py
    nice -n 19 python benchmarks/task_streams.py --streams intents --seeds 1

Each method has six trials. α, β and the number of inner steps at test time are those with the
lowest mean error on a validation stream (of other sinusoids, or of other intents) in the same
order. ``along.csv`` has the mean error of every five tasks, ``summary.csv`` that of the whole
stream and that of 100 later tasks, from the start that the learner ended with.
"""

import argparse
import time
from functools import partial
from pathlib import Path

import torch
from pandas import DataFrame, concat, read_csv

from metalearn_lab.atomic_file import write_text
from metalearn_lab.comparison.task_streams import (
    BLOCK,
    CLASS_MEANS,
    DRIFT,
    INTENTS,
    RIDGE,
    SAVED_STREAMS,
    SCRATCH,
    SHUFFLED,
    SINUSOIDS,
    VALIDATION_TASKS,
    WAYS_TO_TRAIN,
    WHITENED,
    ZERO,
    Rates,
    best_setting,
    blocks,
    class_mean_errors,
    from_scratch,
    intent_stream,
    kernel_ridge_errors,
    play,
    ridge_errors,
    sinusoid_stream,
    whitened_errors,
)
from metalearn_lab.models.sentence_encoder import sentence_vectors
from metalearn_lab.tasks.sources import load_table

OUTER_LRS = (0.001, 0.003, 0.01)
INNER_LRS = {SINUSOIDS: (0.01, 0.03), INTENTS: (1.0, 3.0)}
SCRATCH_LRS = {
    SINUSOIDS: (0.003, 0.01, 0.02, 0.03, 0.05, 0.1),
    INTENTS: (0.3, 1.0, 3.0, 10.0, 30.0, 100.0),
}
SCRATCH_STEPS = 100
KERNELS = [(width, penalty) for width in (1.0, 1.5, 2.0) for penalty in (0.001, 0.1)]
SHRINKAGES = (0.03, 0.1, 0.2, 0.4, 0.7, 0.9)
PENALTIES = (0.01, 0.1, 0.3, 1.0, 3.0, 10.0)


def column(errors):
    """A method without steps has one column."""
    return errors[:, None]


def trials_of(name):
    """By method, its trials: a text for the table, and what plays a stream with a seed."""
    trials = {
        method: [
            (f"α = {a:g}, β = {b:g}", partial(play, way=way, rates=Rates(a, b)))
            for a in INNER_LRS[name]
            for b in OUTER_LRS
        ]
        for method, way in WAYS_TO_TRAIN.items()
    }

    def fixed(function):
        return lambda stream, seed: (function(stream.tasks, seed), function(stream.later, seed))

    trials[SCRATCH] = [
        (f"α = {a:g}", fixed(lambda tasks, seed, a=a: from_scratch(tasks, a, SCRATCH_STEPS, seed)))
        for a in SCRATCH_LRS[name]
    ]
    if name == SINUSOIDS:
        trials[RIDGE] = [
            (
                f"width {w:g}, λ = {p:g}",
                fixed(lambda tasks, seed, w=w, p=p: column(kernel_ridge_errors(tasks, w, p))),
            )
            for w, p in KERNELS
        ]
        trials[ZERO] = [("", fixed(lambda tasks, seed: column((tasks.query.y**2).mean((1, 2)))))]
    else:
        trials[RIDGE] = [
            (f"λ = {p:g}", fixed(lambda tasks, seed, p=p: column(ridge_errors(tasks, p))))
            for p in PENALTIES
        ]
        trials[WHITENED] = [
            (
                f"γ = {g:g}",
                lambda stream, seed, g=g: tuple(map(column, whitened_errors(stream, g))),
            )
            for g in SHRINKAGES
        ]
        trials[CLASS_MEANS] = [("", fixed(lambda tasks, seed: column(class_mean_errors(tasks))))]
    return trials


def main() -> None:
    """Play what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=SAVED_STREAMS)
    parser.add_argument("--streams", nargs="*", default=(SINUSOIDS, INTENTS))
    parser.add_argument("--methods", nargs="*")
    parser.add_argument("--seeds", type=int, default=5)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    table = load_table("embedded")
    vectors = sentence_vectors(table.texts)
    for name in chosen.streams:
        if name == SINUSOIDS:
            make = sinusoid_stream
            validation = sinusoid_stream(1000, tasks=VALIDATION_TASKS)
        else:
            make = partial(intent_stream, table, vectors)
            settings = {"part": "validation", "tasks": VALIDATION_TASKS}
            validation = intent_stream(table, vectors, 1000, **settings)
        streams = [make(seed) for seed in range(chosen.seeds)]
        for method, trials in trials_of(name).items():
            if chosen.methods and method not in chosen.methods:
                continue
            along, summary = [], []
            for order in (DRIFT, SHUFFLED):
                judged = validation if order == DRIFT else validation.shuffled(1000)
                found = [run(judged, seed=1000)[0] for _, run in trials]
                trial, step = best_setting(found)
                words, run = trials[trial]
                for seed, stream in enumerate(streams):
                    met = stream if order == DRIFT else stream.shuffled(seed)
                    errors, later = run(met, seed=seed)
                    key = {"stream": name, "order": order, "method": method, "seed": seed}
                    along += [
                        {**key, "tasks": BLOCK * (i + 1), "error": error}
                        for i, error in enumerate(blocks(errors[:, step]).tolist())
                    ]
                    means = {
                        "error": errors[:, step].mean().item(),
                        "later": later[:, step].mean().item(),
                    }
                    summary.append({**key, **means, "setting": words, "steps": step})
            keep(chosen.out / "along.csv", along)
            keep(chosen.out / "summary.csv", summary)
            print(
                DataFrame(summary).groupby(["order", "setting", "steps"])[["error", "later"]].mean()
            )
            print(name, method, f"{time.process_time():.0f} CPU s so far", flush=True)


def keep(path, rows):
    """Write rows in the place of older ones of the same stream and method."""
    new = DataFrame(rows)
    if path.exists():
        old = read_csv(path, keep_default_na=False)
        same = old.stream.isin(new.stream) & old.method.isin(new.method)
        new = concat([old[~same], new])
    path.parent.mkdir(exist_ok=True)
    write_text(path, new.to_csv(index=False, float_format="%.4g"))


if __name__ == "__main__":
    main()
