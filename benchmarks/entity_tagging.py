"""The table of chapter 10: few-shot tagging of new types, over five splits of the types.

    nice -n 19 python benchmarks/entity_tagging.py
    nice -n 19 python benchmarks/entity_tagging.py --splits 3 4

Settings are chosen once, on the validation types of split 0 (three trials for each training, τ and
λ by the same episodes), and kept. The seed of a training is the number of its split. A row is one
tagger on the test types of one split: F1, precision, recall and token accuracy in per cent, over
all episodes; `others` says whether O hides entities of other types.
"""

import argparse
import time

from pandas import DataFrame, concat, read_csv

from metalearn_lab.atomic_file import write_text
from metalearn_lab.experiments.entity_lab import (
    SAVED_ENTITIES,
    EntityLab,
    EntityWorld,
    always_o,
    frozen_words,
    gazetteer,
    judge,
    learner_tagger,
    nearest_scores,
    prototype_scores,
    ridge_scores,
    tagger,
)

ITERATIONS, CHOSEN_BY, EPISODES = 600, 24, 60
TRIALS = {
    "joint": [{"outer_lr": rate} for rate in (1e-3, 3e-3, 1e-2)],
    "proto_net": [{"outer_lr": rate} for rate in (1e-3, 3e-3, 1e-2)],
    "threshold_proto_net": [{"outer_lr": rate} for rate in (1e-3, 3e-3, 1e-2)],
    "anil": [{"inner_lr": rate} for rate in (0.1, 0.5, 2.0)],
    "first_order_maml": [{"inner_lr": rate} for rate in (0.1, 0.5, 2.0)],
}
TEMPERATURES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
PENALTIES = (0.01, 0.1, 1.0)


def trained(lab, name, settings):
    """What a training gave: taggers by name, and how a word is embedded."""
    made = getattr(lab, name)(**settings)
    if name == "joint":
        return {}, lab.embed(made.body)
    if name in ("anil", "first_order_maml"):
        return {name: learner_tagger(lab.world, made)}, None
    return {name: learner_tagger(lab.world, made)}, lab.embed(made.model)


def ridge_with(penalty):
    """The score of a ridge head."""
    return lambda *given: ridge_scores(*given, penalty)


def score(world, taggers):
    """Mean F1 of one and five shots on validation types."""
    totals = dict.fromkeys(taggers, 0.0)
    for shots in (1, 5):
        sampler = world.sampler("validation", shots, seed=1)
        judged = judge(taggers, [sampler.episode(i) for i in range(CHOSEN_BY)])
        totals = {name: totals[name] + each.counts.f1 / 2 for name, each in judged.items()}
    return totals


def choose(world):
    """Settings of each training, and τ and λ for each embedding, on validation types."""
    lab, chosen, embeddings = EntityLab(world, ITERATIONS), {}, {}
    for name, trials in TRIALS.items():
        results = []
        for settings in trials:
            taggers, embed = trained(lab, name, settings)
            own = taggers or {name: tagger(embed, nearest_scores)}
            results.append((max(score(world, own).values()), settings, embed))
        best = max(results, key=lambda result: result[0])
        print(name, [(round(f1, 3), settings) for f1, settings, _ in results], flush=True)
        chosen[name], embeddings[name] = best[1], best[2]
    embeddings |= {"untrained": lab.untrained(), "sentence encoder": frozen_words()}
    for name in ("untrained", "joint", "proto_net", "sentence encoder"):
        embed = embeddings[name]
        by_tau = score(
            world,
            {
                tau: tagger(embed, nearest_scores, temperature=tau, abstract=world.abstract)
                for tau in TEMPERATURES
            },
        )
        by_penalty = score(world, {p: tagger(embed, ridge_with(p)) for p in PENALTIES})
        print(name, by_tau, by_penalty, flush=True)
        chosen["τ", name] = max(by_tau, key=by_tau.get)
        chosen["λ", name] = max(by_penalty, key=by_penalty.get)
    return chosen


def taggers_of(world, seed, chosen, frozen):
    """Every tagger of the table, by name."""
    lab = EntityLab(world, ITERATIONS, seed=seed)
    embeddings = {"untrained": lab.untrained(), "sentence encoder": frozen}
    taggers = {"always O": always_o, "gazetteer": gazetteer}
    for name in TRIALS:
        own, embed = trained(lab, name, chosen[name])
        taggers |= own
        if name in ("joint", "proto_net"):
            embeddings[name] = embed
    for name, embed in embeddings.items():
        taggers[f"{name}: class means"] = tagger(embed, prototype_scores)
        taggers[f"{name}: NNShot"] = tagger(embed, nearest_scores)
        taggers[f"{name}: ridge"] = tagger(embed, ridge_with(chosen["λ", name]))
        temperature = {"temperature": chosen["τ", name], "abstract": world.abstract}
        taggers[f"{name}: StructShot"] = tagger(embed, nearest_scores, **temperature)
        whole = {"temperature": 1.0, "abstract": world.abstract}
        taggers[f"{name}: StructShot, τ = 1"] = tagger(embed, nearest_scores, **whole)
        taggers[f"{name}: NNShot, BIO"] = tagger(embed, nearest_scores, scheme="bio")
    return taggers


def rows(split, chosen, frozen):
    """A row for each tagger, K and kind of O."""
    start = time.process_time()
    world = EntityWorld(split)
    taggers = taggers_of(world, split, chosen, frozen)
    for others in ("hidden", "none"):
        for shots in (1, 5):
            sampler = world.sampler("test", shots, seed=split, hide_others=others == "hidden")
            judged = judge(taggers, [sampler.episode(i) for i in range(EPISODES)])
            for name, each in judged.items():
                yield {
                    "split": split,
                    "tagger": name,
                    "shots": shots,
                    "others": others,
                    "F1": 100 * each.counts.f1,
                    "precision": 100 * each.counts.precision,
                    "recall": 100 * each.counts.recall,
                    "accuracy": 100 * each.accuracy,
                }
    print(f"split {split}: {time.process_time() - start:.0f} CPU s", flush=True)


def main() -> None:
    """Choose settings, then judge on every split."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--splits", nargs="*", type=int, default=range(5))
    asked = parser.parse_args()
    frozen = frozen_words()
    chosen = choose(EntityWorld(0))
    print(chosen, flush=True)
    for split in asked.splits:
        new = DataFrame(rows(split, chosen, frozen))
        if SAVED_ENTITIES.exists():
            old = read_csv(SAVED_ENTITIES)
            new = concat([old[old.split != split], new])
        write_text(SAVED_ENTITIES, new.to_csv(index=False, float_format="%.4g"))


if __name__ == "__main__":
    main()
