"""The full tables of chapter 06, for one set of sentences; a stopped run goes on where it was.

    python benchmarks/few_shot_text.py OUT
    python benchmarks/few_shot_text.py OUT --path CLINC150 --exclude oos --part one-shot classes
    python benchmarks/few_shot_text.py OUT/domains --path CLINC150 --exclude oos --domains
    python benchmarks/few_shot_text.py OUT/equal_gradients --equal-gradients

Every part draws class splits that share their validation classes, by which all settings are
chosen; see `split_with_one_validation`. Each row is kept in OUT/table.csv as soon as it is there.
"""

import argparse
import subprocess
from dataclasses import replace
from pathlib import Path

import torch

from metalearn_lab import METHODS, Budget, ClassSplit, load_table, make_world
from metalearn_lab.comparison.compare import rates_of
from metalearn_lab.comparison.saved_runs import extend
from metalearn_lab.comparison.world import ENCODER, NGRAMS, TF_IDF, make_worlds
from metalearn_lab.tasks.class_splits import split_with_one_validation
from metalearn_lab.tasks.devices import device_in_words
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.table import class_key
from metalearn_lab.workbook.environment import versions

BUDGET = Budget(iterations=300, trials=6, validation_episodes=200, test_episodes=300)
FEW = (
    "nearest_class_mean",
    "centred_mean",
    "ridge",
    "logistic",
    "whitened_mean",
    "frozen_class_means",
    "proto_net",
    "ridge_head",
    "head_only",
    "maml",
)
"""What the parts beside the first compare on the encoder's vectors."""

TRAIN_CLASSES = (6, 12, 24, 48, 75)
"""Fewer training classes; the last is all of CLINC150's."""


def one_shot(table, splits):
    """5-way 1-shot without a trained encoder, two seeds."""
    for representation in (ENCODER, TF_IDF):
        yield make_worlds(table, splits, representation=representation), BUDGET, [*METHODS], 2


def n_grams(table, splits):
    """The same with an encoder of n-grams that is trained, one seed."""
    yield make_worlds(table, splits, representation=NGRAMS), BUDGET, [*METHODS], 1


def five_shot(table, splits):
    """5-way 5-shot on three splits, one seed, a few methods."""
    for representation in (ENCODER, TF_IDF):
        yield make_worlds(table, 3, representation=representation, shots=5), BUDGET, FEW, 1


def twenty_way(table, splits):
    """20-way 1-shot, one seed, where every part has twenty classes."""
    parts = split_with_one_validation(table, seed=0)
    if min(map(len, parts)) >= 20:
        yield make_worlds(table, splits, representation=ENCODER, ways=20), BUDGET, FEW, 1


def classes(table, splits):
    """5-way 1-shot with fewer training classes, settings as chosen with all."""
    for count in TRAIN_CLASSES:
        if count <= len(split_with_one_validation(table, seed=0).train):
            yield make_worlds(table, 3, representation=ENCODER, most_train=count), BUDGET, FEW, 1


PARTS = {
    part.__name__.replace("_", "-"): part
    for part in (one_shot, n_grams, five_shot, twenty_way, classes)
}


SLOW = ("meta_sgd", "maml_plus_plus", "cavia")
"""Two to four times the time of MAML, for as many gradients or more."""


def equal_gradients(table):
    """5-way 1-shot on the encoder's vectors: each method trains for as many gradients as MAML."""
    some = make_worlds(table, 3, representation=ENCODER)
    for name, method in METHODS.items():
        if method.build and ENCODER in method.representations and name not in SLOW:
            rates = rates_of(method.trials(some[0], BUDGET.trials)[0])
            each = method.build(some[0], rates, BUDGET, 0).gradients_per_task
            longer = round(BUDGET.iterations * (2 * BUDGET.inner_steps + 1) / each)
            yield some, replace(BUDGET, iterations=longer), name


def domain_worlds(table, path):
    """5-way 1-shot: of ten domains two to choose by, always the same, three to report on."""
    domain_of = {class_key(c): d for c, d in domains(path).items()}
    names = sorted({domain_of[class_key(c)] for c in table.classes})
    order = torch.randperm(len(names), generator=generator("validation domains")).tolist()
    chosen_by, others = order[:2], sorted(order[2:])
    for seed in range(10):
        numbers = generator("domain split", seed)
        dealt = [others[i] for i in torch.randperm(len(others), generator=numbers).tolist()]
        parts = (dealt[3:], chosen_by, dealt[:3])
        wanted = [{names[i] for i in part} for part in parts]
        numbered = list(enumerate(table.classes))
        split = ClassSplit(
            *(tuple(i for i, c in numbered if domain_of[class_key(c)] in part) for part in wanted)
        )
        yield make_world(table, split_seed=seed, classes=split, representation=ENCODER)


def domains(path):
    """The domain of each class, from the columns ``intent`` and ``domain``."""
    from datasets import load_dataset

    files = load_dataset("parquet", data_files={"train": f"{path}/train.parquet"})["train"]
    intent = files.features["intent"].int2str
    pairs = zip(files["intent"], files["domain"], strict=True)
    return {intent(number): domain for number, domain in pairs}


def main() -> None:
    """Compute what is missing of the parts asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--path", help="of the sentences' files; else those of the package")
    parser.add_argument("--exclude", nargs="*", default=(), help="classes to leave out")
    parser.add_argument("--part", nargs="*", choices=PARTS, default=list(PARTS))
    parser.add_argument("--methods", nargs="*", choices=METHODS, default=list(METHODS))
    parser.add_argument("--domains", action="store_true", help="hold whole domains out, no parts")
    parser.add_argument("--equal-gradients", action="store_true", help="that alone, no parts")
    parser.add_argument("--splits", type=int, default=10, help="of the first part")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    source = {"source": "files", "path": chosen.path} if chosen.path else {"source": "embedded"}
    table = load_table(**source, exclude=chosen.exclude)
    if chosen.path:  # the set's name, and no path of this machine
        of = table.source.replace(chosen.path, Path(chosen.path).name)
        table = replace(table, source=of)
    commit = subprocess.run(
        ["git", "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True, check=True
    )
    cpu = device_in_words(torch.device("cpu"))
    about = {"device": cpu, "versions": versions(), "commit": commit.stdout.strip()}
    if chosen.domains:
        some = list(domain_worlds(table, chosen.path))
        extend(chosen.out, some, BUDGET, [METHODS[n] for n in FEW], about=about)
        return
    if chosen.equal_gradients:
        for some, budget, name in equal_gradients(table):
            if name in chosen.methods:
                extend(chosen.out, some, budget, [METHODS[name]], about=about)
        return
    for part in chosen.part:
        for some, budget, names, seeds in PARTS[part](table, chosen.splits):
            known = [METHODS[name] for name in names if name in chosen.methods]
            here = [m for m in known if some[0].representation in m.representations]
            if here:
                extend(chosen.out, some, budget, here, seeds=seeds, about=about)
            print(part, some[0].representation, some[0].ways, some[0].shots, flush=True)


if __name__ == "__main__":
    main()
