"""Does a desk know what it does not know, and what does its archive find? Five splits of each set.

    nice -n 19 python benchmarks/scope.py ../shared/data

The folder holds ``clinc150/train.parquet`` and ``clinc150/test.parquet`` with columns text, intent
and domain. The sentences of CLINC150 that its authors call out of scope are from the test file.
"""

import argparse
from pathlib import Path

import torch
from pandas import concat

from metalearn_lab.atomic_file import write_text
from metalearn_lab.comparison.archive import SAVED_ARCHIVE, ask_archive
from metalearn_lab.comparison.scope import (
    SAVED_SCOPE,
    heads,
    home_domains,
    judge,
    scope_of,
    split_domains,
)
from metalearn_lab.models.sentence_encoder import sentence_vectors
from metalearn_lab.one_thread import one_thread
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.sources.embedded import embedded_table
from metalearn_lab.tasks.sources.files import files_table, read_file

EPISODES, SPLITS = 200, 5
HOME, CLINC, OUT = "bundled intents", "CLINC150", "CLINC150, its own out of scope"
OUT_OF_SCOPE = "oos"  # how CLINC150 marks a sentence without an intent


def sets(folder):
    """Tables by name, each with the domain of each class."""
    home = embedded_table()
    file = folder / "clinc150" / "train.parquet"
    clinc, rows = files_table(file, exclude=[OUT_OF_SCOPE]), read_file(file)
    names = rows.features["intent"].names
    domain = {names[i]: d for i, d in zip(rows["intent"], rows["domain"], strict=True)}
    return {
        HOME: (home, home_domains(home.classes)),
        CLINC: (clinc, [domain[c] for c in clinc.classes]),
    }


def out_of_scope(folder):
    """Vectors of the sentences of the test file that have no intent."""
    rows = read_file(folder / "clinc150" / "test.parquet")
    number = rows.features["intent"].names.index(OUT_OF_SCOPE)
    return sentence_vectors(
        [text for text, i in zip(rows["text"], rows["intent"], strict=True) if i == number]
    )


def judged(table, vectors, domains, seed, others):
    """The rows of a split; with others, also those where they are the unknown sentences."""
    parts = split_domains(domains, seed)
    validation, test = (
        scope_of(table, vectors, part, EPISODES, f"{name} {seed}")
        for name, part in (("validation", parts.validation), ("test", parts.test))
    )
    rules = heads(table, vectors, parts.train, seed)
    yield judge(rules, validation, test)
    if others is not None:
        size, source = test.unknown.shape[:2], generator("out of scope", seed)
        drawn = others[torch.randint(len(others), size, generator=source)]
        yield judge(rules, validation, test._replace(unknown=drawn))


def main():
    """Write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    scope, archive = [], []
    with one_thread():
        others = {CLINC: out_of_scope(folder)}
        for name, (table, domains) in sets(folder).items():
            vectors = sentence_vectors(table.texts)
            for seed in range(SPLITS):
                found = judged(table, vectors, domains, seed, others.get(name))
                for title, rows in zip((name, OUT), found, strict=False):
                    scope.append(rows.assign(set=title, split=seed))
                parts = split_domains(domains, seed)
                asked = [*parts.test[0], *parts.test[1]]
                rows = ask_archive(table, vectors, parts.train, asked, seed)
                archive.append(rows.assign(set=name, split=seed, answers=len(asked)))
                print(name, seed, flush=True)
    columns = ["set", "split", "head", "accuracy", "auroc", "accepted", "refused"]
    write_text(SAVED_SCOPE, concat(scope)[columns].to_csv(index=False, float_format="%.2f"))
    columns = ["set", "split", "answers", "sentences", "ranker", "mrr", "first"]
    write_text(SAVED_ARCHIVE, concat(archive)[columns].to_csv(index=False, float_format="%.2f"))


if __name__ == "__main__":
    main()
