"""Chapter 09's tables of new authors: the shipped LSTM, made ready for them in several ways.

    python benchmarks/author_adaptation.py OUT
    python benchmarks/author_adaptation.py OUT --seeds 1 --iterations 2

OUT/author_trials.csv has a row for each setting that was tried, with its bits on the validation
authors, all with the first seed. The best setting of a way serves all seeds. OUT/authors.csv has
a row for each way, seed and held-out author. A seed draws the tasks, the sentences and what CAVIA
starts with. Those of the package lie in `metalearn_lab/experiments/language_model_results`.
"""

import argparse
from itertools import product
from pathlib import Path

import pandas as pd
import torch

from metalearn_lab import meta_train
from metalearn_lab.atomic_file import write_text
from metalearn_lab.experiments.author_adaptation import (
    SENTENCES,
    WAYS,
    adapt_to_authors,
    mixtures_with_network,
)
from metalearn_lab.experiments.author_mixture import (
    author_task,
    left_out,
    on_query,
    share_by_em,
)
from metalearn_lab.experiments.language_models import KEPT, load_language_model
from metalearn_lab.models.ngram import NGram
from metalearn_lab.tasks.author_tasks import AuthorTasks
from metalearn_lab.tasks.docstrings import (
    ALPHABET,
    HELD_OUT,
    TRAINING,
    VALIDATION,
    authors,
    encode,
)

SHOTS, ORDER, META_BATCH = 20, 5, 4
STEPS = (1, 3, 10)
"""Numbers of inner steps to choose from."""

OUTER_LR = (3e-4, 1e-3)
"""Rates β of Adam that are tried."""


def trained(way, inner_lr, outer_lr, seed, iterations, folder):
    """A learner of the shipped model, after meta-training on the training authors."""
    learner = way.build(load_language_model("LSTM", folder).model, inner_lr, seed)
    source = AuthorTasks(SENTENCES, SENTENCES, seed=seed)
    if iterations:
        meta_train(
            learner,
            lambda step: learner.training_batch(source, META_BATCH * step, META_BATCH),
            iterations=iterations,
            optimizer=torch.optim.Adam(learner.parameters(), outer_lr),
            progress=False,
        )
    return learner


def trials_of(name, learner, inner_lr, outer_lr):
    """A row for each number of steps: mean bits of the validation authors."""
    tasks = [author_task(author, SHOTS, 0) for author in VALIDATION]
    query = torch.tensor([met.query for met in adapt_to_authors(learner, tasks, STEPS)])
    setting = {"way": name, "inner_lr": inner_lr, "outer_lr": outer_lr}
    for steps, bits in zip(STEPS, query.mean(0).tolist(), strict=True):
        yield {**setting, "steps": steps, "bits": bits}


def adapted_rows(name, learner, steps, seed):
    """A row for each held-out author: bits before and after, and those of the support after."""
    tasks = [author_task(author, SHOTS, seed) for author in HELD_OUT]
    results = adapt_to_authors(learner, tasks, (0, steps))
    for author, (support, query) in zip(HELD_OUT, results, strict=True):
        row = {"way": name, "seed": seed, "author": author}
        yield {**row, "support": support[1], "before": query[0], "after": query[1]}


def mixture_rows(general, seed, folder):
    """The same for the mixtures, which have no gradient steps; their support is left out."""
    model = load_language_model("LSTM", folder).model
    for author in HELD_OUT:
        task = author_task(author, SHOTS, seed)
        others, query = left_out(general, task), on_query(general, task)
        share = share_by_em(others)
        row = {"seed": seed, "author": author}
        before, after = query.bits(0.0), query.bits(share)
        yield {"way": "n-gram + author", **row, "before": before, "after": after}
        for way, bits in mixtures_with_network(model, general, task).items():
            yield {"way": way, **row, "after": bits}


def main() -> None:
    """Compute every row and write the tables after each learner."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--iterations", type=int, default=25, help="outer steps of MAML")
    parser.add_argument("--folder", type=Path, default=KEPT, help="of the LSTM's checkpoint")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    chosen.out.mkdir(parents=True, exist_ok=True)
    stream = encode(sentence for author in TRAINING for sentence in authors()[author])
    general = NGram(ORDER, len(ALPHABET)).fit(stream)
    trials, rows, best = [], [], {}
    for seed in range(chosen.seeds):
        for name, way in WAYS.items():
            iterations = round(chosen.iterations * way.longer)
            outer_rates = OUTER_LR if iterations else OUTER_LR[:1]
            rates = [best[name][:2]] if seed else list(product(way.rates, outer_rates))
            learners = {r: trained(way, *r, seed, iterations, chosen.folder) for r in rates}
            if not seed:
                tried = [row for r in rates for row in trials_of(name, learners[r], *r)]
                winner = min(tried, key=lambda row: row["bits"])
                best[name] = winner["inner_lr"], winner["outer_lr"], winner["steps"]
                trials += tried
                _write(chosen.out / "author_trials.csv", trials)
            *rate, steps = best[name]
            rows += adapted_rows(name, learners[tuple(rate)], steps, seed)
            _write(chosen.out / "authors.csv", rows)
            print(seed, name, best[name], rows[-1], flush=True)
        rows += mixture_rows(general, seed, chosen.folder)
        _write(chosen.out / "authors.csv", rows)


def _write(path, rows):
    write_text(path, pd.DataFrame(rows).to_csv(index=False, float_format="%.5g"))


if __name__ == "__main__":
    main()
