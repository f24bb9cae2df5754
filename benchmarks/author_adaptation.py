"""Chapter 09's table of new authors: the shipped LSTM, got ready for them in several ways.

    python benchmarks/author_adaptation.py OUT.csv
    python benchmarks/author_adaptation.py OUT.csv --seeds 1 --iterations 5

Of every way two rates α are tried with the first seed; the best on the validation authors is
kept, with the best number of steps, and serves the other seeds. All have the same gradients.
"""

import argparse
from pathlib import Path

import pandas as pd
import torch

from metalearn_lab import meta_train
from metalearn_lab.atomic_file import write_text
from metalearn_lab.experiments.author_adaptation import (
    WAYS,
    AuthorTasks,
    adapt_to_authors,
)
from metalearn_lab.experiments.author_mixture import author_task
from metalearn_lab.experiments.language_models import KEPT, load_language_model
from metalearn_lab.tasks.docstrings import HELD_OUT, VALIDATION

STEPS = (3, 10)
"""Numbers of steps to choose from."""

META_BATCH, OUTER_LR = 4, 1e-3


def trained(way, rate, seed, iterations, folder):
    """A learner of the shipped model, after meta-training on the training authors."""
    learner = way.build(load_language_model("LSTM", folder).model, rate, seed)
    source = AuthorTasks(seed=seed)
    meta_train(
        learner,
        lambda step: learner.training_batch(source, META_BATCH * step, META_BATCH),
        iterations=round(iterations * way.longer),
        optimizer=torch.optim.Adam(learner.parameters(), OUTER_LR),
        progress=False,
    )
    return learner


def chosen_steps(learner, seed):
    """The best number of steps on the validation authors, and its bits."""
    tasks = [author_task(author, 20, seed) for author in VALIDATION]
    bits = torch.tensor([each.query for each in adapt_to_authors(learner, tasks, STEPS)]).mean(0)
    best = int(bits.nan_to_num(torch.inf).argmin())
    return bits[best].item(), STEPS[best]


def rows_of(name, learner, rate, steps, seed):
    """A row for each held-out author."""
    tasks = [author_task(author, 20, seed) for author in HELD_OUT]
    results = adapt_to_authors(learner, tasks, (0, steps))
    for author, (_, query) in zip(HELD_OUT, results, strict=True):
        row = {"way": name, "seed": seed, "author": author, "inner_lr": rate, "steps": steps}
        yield {**row, "before": query[0], "after": query[1]}


def main() -> None:
    """Compute every row and write the table after each learner."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--iterations", type=int, default=25, help="outer steps of MAML")
    parser.add_argument("--folder", type=Path, default=KEPT, help="of the LSTM's checkpoint")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    rows = []
    rate_of, steps_of = {}, {}
    for seed in range(chosen.seeds):
        for name, way in {"pretrained": WAYS["pretraining goes on"], **WAYS}.items():
            iterations = 0 if name == "pretrained" else chosen.iterations
            rates = (rate_of[name],) if seed else way.rates
            learners = {r: trained(way, r, seed, iterations, chosen.folder) for r in rates}
            if not seed:
                found = {rate: chosen_steps(learner, 0) for rate, learner in learners.items()}
                rate_of[name] = min(found, key=found.get)
                steps_of[name] = found[rate_of[name]][1]
                print(name, found, flush=True)
            rate = rate_of[name]
            rows += rows_of(name, learners[rate], rate, steps_of[name], seed)
            write_text(chosen.out, pd.DataFrame(rows).to_csv(index=False, float_format="%.4f"))
            print(seed, name, rows[-1], flush=True)


if __name__ == "__main__":
    main()
