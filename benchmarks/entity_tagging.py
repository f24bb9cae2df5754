"""The table of chapter 10: few-shot tagging of new types, on made and on real sentences.

    nice -n 19 python benchmarks/entity_tagging.py --halvings 0 1 2 3 9
    nice -n 19 python benchmarks/entity_tagging.py --halvings 0 1 2 3 9 --only head_tuned

The second line makes the rows of some trainings alone, and of what takes no training, in the place
of older ones.

Names in templates: five splits of the sixteen types (8 to train on, 4 to choose by, 4 new), five
seeds each, of the weights and the episodes. Every training has six trials. They are judged on the
validation types of their split, with seed 0; so are τ, λ and the number of inner steps.

Tweets: WNUT-17, whose six types are halved into three to train on and three that are new, with one
seed for each halving. The ten that count are every second one in the order of the names, which is
one of each pair that swaps its halves; the saved table has numbers 0, 1, 2, 3 and 9. No type is
left to choose by. So trainings keep the settings that most splits of the templates chose, and τ
and λ are chosen on the training types, in other sentences. Only numbers are kept, no sentence.

A row is one tagger on one split and seed: F1, precision, recall and token accuracy in per cent.
"""

import argparse
import itertools
import time
from collections import Counter
from pathlib import Path

import torch
from pandas import DataFrame, concat, read_csv

from metalearn_lab.atomic_file import write_text
from metalearn_lab.experiments.entity_lab import (
    EntityLab,
    always_o,
    file_world,
    frozen_words,
    gazetteer,
    judge,
    learner_tagger,
    name_world,
    nearest_scores,
    prototype_scores,
    ridge_scores,
    tagger,
)
from metalearn_lab.experiments.entity_results import SAVED_ENTITIES
from metalearn_lab.tasks.sources.tagged_files import tagged_sentences

ITERATIONS, SPLITS, SEEDS, EPISODES, CHOSEN_BY = 200, 5, 5, 40, 12
LONGEST = 40
"""Words of a tweet; longer ones are left out."""

TEMPLATES, TWEETS = "names in templates", "tweets"
RATES = (3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1)
SMALL_RATES = (3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2)
"""For trainings that chose the smallest of ``RATES``."""


def grid(inner, outer):
    """Every pair of rates."""
    return [{"inner_lr": a, "outer_lr": b} for a, b in itertools.product(inner, outer)]


TRIALS = {
    "joint": [{"outer_lr": rate} for rate in SMALL_RATES],
    "proto_net": [{"outer_lr": rate} for rate in SMALL_RATES],
    "threshold_proto_net": [{"outer_lr": rate} for rate in RATES],
    "anil": grid((1.0, 3.0, 10.0), (3e-3, 1e-2)),
    "first_order_maml": grid((1.0, 3.0, 10.0), (3e-4, 1e-3)),
    "fine_tuned": [{"inner_lr": rate} for rate in (0.1, 0.3, 1.0, 3.0, 10.0, 30.0)],
    "head_tuned": [{"inner_lr": rate} for rate in (3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)],
}
NAMES = {
    "proto_net": "ProtoNet",
    "threshold_proto_net": "ProtoNet, O without prototype",
    "anil": "ANIL",
    "first_order_maml": "first-order MAML",
    "fine_tuned": "fine-tuning, untrained",
    "head_tuned": "fine-tuning of the head, untrained",
}
STEPS = (5, 20)
TEMPERATURES = (1e-5, 1e-4, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
PENALTIES = (0.001, 0.01, 0.1, 1.0)


def taggers_of(lab, name, settings):
    """The taggers of one training, by inner steps, and how it embeds a word."""
    made = getattr(lab, name)(**settings)
    if name == "joint":
        embed = lab.embed(made.body)
        return {5: tagger(embed, nearest_scores)}, embed
    if name in ("proto_net", "threshold_proto_net"):
        return {5: learner_tagger(lab.world, made)}, lab.embed(made.model)
    return {steps: learner_tagger(lab.world, made, steps) for steps in STEPS}, None


def mean_f1(world, part, taggers):
    """The mean F1 of one and five shots."""
    totals = dict.fromkeys(taggers, 0.0)
    for shots in (1, 5):
        sampler = world.sampler(part, shots, seed=1)
        judged = judge(taggers, [sampler.episode(i) for i in range(CHOSEN_BY)])
        totals = {name: totals[name] + each.counts.f1 / 2 for name, each in judged.items()}
    return totals


def best(world, part, taggers):
    """The name of the best of some taggers."""
    scores = mean_f1(world, part, taggers)
    return max(scores, key=scores.get)


def chosen_trainings(world, names):
    """Settings and inner steps of each training, by the validation types."""
    lab, chosen = EntityLab(world, ITERATIONS), {}
    for name in names:
        trials, ways = TRIALS[name], {}
        for number, settings in enumerate(trials):
            taggers, _ = taggers_of(lab, name, settings)
            ways |= {(number, steps): each for steps, each in taggers.items()}
        number, steps = best(world, "validation", ways)
        chosen[name] = (trials[number], steps)
    print(chosen, flush=True)
    return chosen


def ridge_with(penalty):
    """The score of a ridge head."""
    return lambda *given: ridge_scores(*given, penalty)


def on_vectors(world, part, name, embed, said="", *, whole=False):
    """Ways to tag by vectors, with τ and λ chosen on a part; ``said`` is how they were trained."""
    path = {"abstract": world.abstract}
    by_tau = {t: tagger(embed, nearest_scores, temperature=t, **path) for t in TEMPERATURES}
    tau = best(world, part, by_tau)
    and_ = f"{said}, " if said else ""
    ways = {f"NNShot, {name}": (tagger(embed, nearest_scores), said)}
    ways[f"StructShot, {name}"] = (by_tau[tau], f"{and_}τ = {tau:g}")
    ways[f"StructShot with τ = 1, {name}"] = (by_tau[1.0], said)
    for scheme in ("io", "bio") if whole else ("io",):
        ridges = {p: tagger(embed, ridge_with(p), scheme=scheme) for p in PENALTIES}
        penalty = best(world, part, ridges)
        row = f"ridge, {name}" if scheme == "io" else f"ridge in BIO, {name}"
        ways[row] = (ridges[penalty], f"{and_}λ = {penalty:g}")
    if whole:
        ways[f"NNShot in BIO, {name}"] = (tagger(embed, nearest_scores, scheme="bio"), "")
    if name != "ProtoNet's":
        ways[f"class means, {name}"] = (tagger(embed, prototype_scores), said)
    return ways


def every_tagger(world, part, seed, trainings, frozen):
    """Every tagger of the table with its settings, by name."""
    lab = EntityLab(world, ITERATIONS, seed=seed)
    ways = {"always O": (always_o, ""), "gazetteer": (gazetteer, "")}
    embeddings = {"untrained": (lab.untrained(), "")}
    for name, (settings, steps) in trainings.items():
        taggers, embed = taggers_of(lab, name, settings)
        said = ", ".join(f"{key} = {value:g}" for key, value in settings.items())
        if name == "joint":
            embeddings["all types at once"] = (embed, said)
        else:
            inner = f", {steps} steps" if "inner_lr" in settings else ""
            ways[NAMES[name]] = (taggers[steps], said + inner)
        if name == "proto_net":
            embeddings["ProtoNet's"] = (embed, said)
    for name, (embed, said) in embeddings.items():
        ways |= on_vectors(world, part, name, embed, said)
    return ways | on_vectors(world, part, "word pieces", frozen, whole=True)


def rows(text, world, part, split, seed, trainings, frozen):
    """A row for each tagger and K, on new and on training types."""
    start = time.process_time()
    ways = every_tagger(world, part, seed, trainings, frozen)
    taggers = {name: each for name, (each, _) in ways.items()}
    for types, where, shots in (
        ("new", "test", 1),
        ("new", "test", 5),
        ("training", "familiar", 5),
    ):
        sampler = world.sampler(where, shots, seed=100 + seed)
        judged = judge(taggers, [sampler.episode(i) for i in range(EPISODES)])
        for name, each in judged.items():
            yield {
                "text": text,
                "split": split,
                "seed": seed,
                "types": types,
                "shots": shots,
                "tagger": name,
                "F1": 100 * each.counts.f1,
                "precision": 100 * each.counts.precision,
                "recall": 100 * each.counts.recall,
                "accuracy": 100 * each.accuracy,
                "settings": ways[name][1],
            }
    print(f"{text} {split} {seed}: {time.process_time() - start:.0f} CPU s", flush=True)


def keep(path, lines):
    """Write the lines of a split and seed, in the place of older ones of the same taggers."""
    new = DataFrame(lines)
    if path.exists():
        old = read_csv(path)
        key = ["text", "split", "seed", "tagger"]
        old = old[~old[key].apply(tuple, axis=1).isin(set(new[key].apply(tuple, axis=1)))]
        new = concat([old, new])
    write_text(path, new.to_csv(index=False, float_format="%.4g"))


def on_templates(path, frozen, names):
    """The five splits of the sixteen types; returns what each chose."""
    every = []
    for split in range(SPLITS):
        world = name_world(split)
        every.append(chosen_trainings(world, names))
        for seed in range(SEEDS):
            keep(path, rows(TEMPLATES, world, "validation", split, seed, every[-1], frozen))
    return every


def tweets(folder, name):
    """Sentences that are not too long, and have no word that is a mark of an emoji's form alone."""
    read = tagged_sentences(folder / f"{name}.parquet")
    return [s for s in read if len(s.words) <= LONGEST and "\ufe0f" not in s.words]


def on_tweets(path, folder, trainings, frozen, numbers):
    """Halvings of the six types, by their numbers."""
    training = tweets(folder, "train")
    judged = tweets(folder, "validation") + tweets(folder, "test")
    types = sorted({kind for sentence in judged for kind in sentence.types})
    halvings = list(itertools.combinations(types, 3))[::2]
    for split in numbers:
        old = halvings[split]
        world = file_world(training, judged, old)
        print(split, world.types, flush=True)
        keep(path, rows(TWEETS, world, "familiar", split, split, trainings, frozen))


def most_chosen(every):
    """Of each training, the settings that most splits chose."""
    return {name: _most([chosen[name] for chosen in every]) for name in every[0]}


def _most(chosen):
    keys = [repr(each) for each in chosen]
    return chosen[keys.index(Counter(keys).most_common(1)[0][0])]


def main() -> None:
    """Choose settings, then judge on every split."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=SAVED_ENTITIES)
    parser.add_argument("--wnut", type=Path, default=Path("../shared/data/wnut17"))
    parser.add_argument("--halvings", nargs="*", type=int, default=range(10))
    parser.add_argument("--only", nargs="+", choices=TRIALS, default=TRIALS)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    frozen = frozen_words()
    trainings = most_chosen(on_templates(asked.out, frozen, asked.only))
    print("most chosen:", trainings, flush=True)
    on_tweets(asked.out, asked.wnut, trainings, frozen, asked.halvings)
    print(f"{time.process_time():.0f} CPU s")


if __name__ == "__main__":
    main()
