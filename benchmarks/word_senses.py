"""Write the comparison of new word senses, ``comparison.word_senses``.

    python benchmarks/word_senses.py            # both sets, five splits, three trainings each
    python benchmarks/word_senses.py --sets "by hand" --splits 1 --seeds 1

The set "CoarseWSD-20" holds the two most frequent senses of its 20 nouns, at most 60 sentences of
each. It may not be passed on: the table holds numbers alone. ``balanced`` is the mean of the two
senses' recalls; ``natural`` weighs them by how often each sense stands in the whole data set.
"""

import argparse
import time
from pathlib import Path

import pandas as pd
import torch
from pandas import DataFrame, read_csv, read_parquet
from torch.nn import functional as F

from metalearn_lab.atomic_file import write_text
from metalearn_lab.comparison import word_senses as lab
from metalearn_lab.models.sentence_encoder import sentence_vectors
from metalearn_lab.tasks.word_senses import SenseTable, word_senses

COARSE_FOLDER = Path(__file__).parents[2] / "shared" / "data" / "noncommercial" / "coarsewsd20"
MOST_SENTENCES, MOST_TOKENS = 60, 60
ITERATIONS = 200


def coarse_senses():
    """A table of CoarseWSD-20, the tokens with the place of the word, and the senses' shares."""
    parts = [read_parquet(COARSE_FOLDER / f"{part}.parquet") for part in ("train", "test")]
    rows = pd.concat(parts).drop_duplicates(["word", "text"])
    counts = rows.groupby(["word", "sense"]).size().sort_values(ascending=False)
    kept = counts.groupby(level=0).head(2).sort_index()
    rows = rows[rows.text.str.split(" ").map(len) <= MOST_TOKENS]
    chosen = [
        own.sample(min(len(own), MOST_SENTENCES), random_state=0)
        for pair, own in rows.groupby(["word", "sense"])
        if pair in kept.index
    ]
    chosen = pd.concat(chosen)
    table = SenseTable(tuple(chosen.text), tuple(chosen.word), tuple(chosen.sense))
    places = zip(chosen.text, chosen.position, strict=True)
    tokens = [(text.split(" "), place) for text, place in places]
    shares = {word: torch.tensor(own.to_numpy() / own.sum()) for word, own in kept.groupby(level=0)}
    return table, tokens, shares


def hand_senses():
    """The table that is bundled, in the same form."""
    table = word_senses()
    shares = dict.fromkeys(table.lemmas, torch.full((2,), 0.5).double())
    return table, list(table.tokens()), shares


SETS = {lab.BY_HAND: (hand_senses, (1, 3), 2), lab.NOUNS: (coarse_senses, (1, 3, 5), 5)}
"""By name: the sentences, the K, and query sentences of each sense."""


def vectors_of(table, tokens):
    """By kind, a vector for each sentence."""
    return {
        "sentence": sentence_vectors(table.sentences),
        "word in its sentence": lab.word_vectors(tokens),
    }


def rows_of_split(world, shares, shots, queries, seeds, with_maml):
    """A row for each method, K and seed; what trains nothing has seed 0."""
    counts = {"most_shots": max(shots), "queries": queries}
    weights = torch.stack([shares[word] for word in world.parts["test"]])

    def row(method, seed, k, shares_right):
        balanced = 100 * shares_right.mean().item()
        natural = 100 * (weights * shares_right).sum(1).mean().item()
        return {"method": method, "seed": seed, "shots": k} | {
            "balanced": balanced,
            "natural": natural,
        }

    frequent = F.one_hot(weights.argmax(1), 2).double()
    rows = [row(lab.FREQUENT, 0, k, frequent) for k in shots]
    for method, scores in lab.untrained(world).items():
        rows += [row(method, 0, k, lab.recalls(world, scores, k, **counts)) for k in shots]
    for seed in range(seeds):
        learners = {
            lab.PROTO: lab.train_senses(world, seed, ITERATIONS),
            lab.LEAKY: lab.train_senses(world, seed, ITERATIONS, leaky=True),
        }
        for method, learner in learners.items():
            scores = lab.learned(learner)
            rows += [row(method, seed, k, lab.recalls(world, scores, k, **counts)) for k in shots]
        if with_maml:
            learner = lab.train_first_order(world, seed, ITERATIONS)
            for k in shots:
                scores = lab.tuned(world, learner, k, queries)
                rows.append(row(lab.MAML, seed, k, lab.recalls(world, scores, k, **counts)))
    return rows


def main() -> None:
    """Train and judge what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=lab.SAVED_WORD_SENSES)
    parser.add_argument("--sets", nargs="*", default=tuple(SETS), choices=tuple(SETS))
    parser.add_argument("--splits", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=3)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    for name in chosen.sets:
        read, shots, queries = SETS[name]
        table, tokens, shares = read()
        for kind, x in vectors_of(table, tokens).items():
            rows = []
            for split in range(chosen.splits):
                world = lab.sense_world(table, x, split)
                own = rows_of_split(
                    world, shares, shots, queries, chosen.seeds, with_maml=kind == "sentence"
                )
                rows += [{"set": name, "vector": kind, "split": split} | each for each in own]
                print(name, kind, split, f"{time.process_time():.0f} CPU s so far", flush=True)
            new = DataFrame(rows)
            if chosen.out.exists():
                old = read_csv(chosen.out)
                old = old[~(old["set"].eq(name) & old.vector.eq(kind))]
                new = DataFrame(old.to_dict("records") + new.to_dict("records"))
            write_text(chosen.out, new.to_csv(index=False, float_format="%.5g"))


if __name__ == "__main__":
    main()
