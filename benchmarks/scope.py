"""Does a desk know what it does not know? Heads on held-out domains, five splits of two sets.

    nice -n 19 python benchmarks/scope.py ../shared/data

The folder holds ``clinc150/train.parquet`` with columns text, intent and domain.
"""

import argparse
from pathlib import Path

from pandas import concat

from metalearn_lab.atomic_file import write_text
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
from metalearn_lab.tasks.sources.embedded import embedded_table
from metalearn_lab.tasks.sources.files import files_table, read_file

EPISODES, SPLITS = 200, 5


def sets(folder):
    """Tables by name, each with the domain of each class."""
    home = embedded_table()
    file = folder / "clinc150" / "train.parquet"
    clinc, rows = files_table(file, exclude=["oos"]), read_file(file)
    names = rows.features["intent"].names
    domain = {names[i]: d for i, d in zip(rows["intent"], rows["domain"], strict=True)}
    return {
        "bundled intents": (home, home_domains(home.classes)),
        "CLINC150": (clinc, [domain[c] for c in clinc.classes]),
    }


def judged(table, domains, seed):
    """The rows of a split."""
    vectors, parts = sentence_vectors(table.texts), split_domains(domains, seed)
    scopes = (
        scope_of(table, vectors, part, EPISODES, f"{name} {seed}")
        for name, part in (("validation", parts.validation), ("test", parts.test))
    )
    return judge(heads(table, vectors, parts.train, seed), *scopes)


def main():
    """Write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    rows = []
    with one_thread():
        for name, (table, domains) in sets(folder).items():
            for seed in range(SPLITS):
                rows.append(judged(table, domains, seed).assign(set=name, split=seed))
                print(name, seed, flush=True)
    columns = ["set", "split", "head", "accuracy", "auroc", "accepted", "refused"]
    text = concat(rows)[columns].to_csv(index=False, float_format="%.2f")
    write_text(SAVED_SCOPE, text)


if __name__ == "__main__":
    main()
