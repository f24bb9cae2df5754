"""The table of chapter 08: adapters against trainable numbers; a stopped run goes on where it was.

    python benchmarks/adapters.py OUT
    python benchmarks/adapters.py OUT --methods "adapter 4, emitted" --splits 3 --seeds 1
    python benchmarks/adapters.py OUT --structures
    python benchmarks/adapters.py OUT --listening

Class splits, episodes and budget are those of `few_shot_text.py` on the sentences of the package,
so its rows of other methods stand beside these. With `--structures`, 5-way 5-shot: one structure
for all tasks, chosen on the validation classes, beside one for each task, chosen on its support.
With `--listening`, the generators of the first table again, each reading another task's support.
"""

import argparse
import subprocess
from pathlib import Path

import torch
from pandas import DataFrame

from metalearn_lab import Budget, load_table
from metalearn_lab.atomic_file import write_text
from metalearn_lab.comparison.adapters import (
    ADAPTERS,
    COMPARED,
    RANKS,
    STRUCTURES,
    anew,
    steps_by_validation,
)
from metalearn_lab.comparison.compare import choose, score
from metalearn_lab.comparison.saved_runs import chosen_beforehand, extend
from metalearn_lab.comparison.world import ENCODER, make_worlds
from metalearn_lab.experiments.listening import listening
from metalearn_lab.experiments.structure_choice import choose_structures
from metalearn_lab.tasks.devices import device_in_words
from metalearn_lab.workbook.environment import versions

BUDGET = Budget(iterations=300, trials=6, validation_episodes=200, test_episodes=300)


SMALL = Budget(iterations=1, trials=6, validation_episodes=100, test_episodes=100)
"""Of the structures, whose every support is adapted to five times, with a shot held out."""


def structures(worlds):
    """Accuracy in per cent of every structure, and of the choices among them, a row a world."""
    names = [f"{name}, anew" for name in STRUCTURES]
    choices = [choose(ADAPTERS[name], worlds[0], SMALL) for name in names]
    for world in worlds:
        learners = [
            anew(world, rank, choice.settings["inner_lr"])
            for rank, choice in zip(STRUCTURES.values(), choices, strict=True)
        ]
        steps = [steps_by_validation(each, world, SMALL.validation_episodes) for each in learners]
        tasks = world.sampler("test").batch(0, SMALL.test_episodes)
        result = choose_structures(learners, steps, tasks, shots=world.shots)
        one = max(range(len(names)), key=lambda i: choices[i].validation_accuracy)
        shares = torch.bincount(result.chosen, minlength=len(names)) / len(result.chosen)
        yield {
            "split": world.split_seed,
            **dict(zip(STRUCTURES, (100 * result.accuracy.mean(0)).tolist(), strict=True)),
            "one for all": 100 * result.accuracy[:, one].mean().item(),
            "one for each": 100 * result.of_chosen.mean().item(),
            "best of each": 100 * result.of_oracle.mean().item(),
            **{
                f"chose {name}": share
                for name, share in zip(STRUCTURES, shares.tolist(), strict=True)
            },
        }


def listening_rows(worlds, out):
    """What another task's support costs every generator on every split, trained as in OUT."""
    for world in worlds:
        for rank in RANKS:
            method = ADAPTERS[f"adapter {rank}, emitted"]
            choice = chosen_beforehand(out, world)[method.name]
            learner = score(method, world, BUDGET, choice).learner
            result = listening(learner, world.sampler("test").batch(0, BUDGET.test_episodes))
            cost = result.cost_of_shuffling
            yield {
                "split": world.split_seed,
                "rank": rank,
                "own": 100 * result.own.mean().item(),
                "shuffled": 100 * result.shuffled.mean().item(),
                "cost": cost.mean.item(),
                "half_width": cost.half_width.item(),
            }


def keep(path, rows):
    """Write the rows as they come."""
    so_far = []
    for row in rows:
        so_far.append(row)
        write_text(path, DataFrame(so_far).to_csv(index=False, float_format="%.2f"))


def main() -> None:
    """Compute what is missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--methods", nargs="*", choices=ADAPTERS, default=COMPARED)
    parser.add_argument("--splits", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--structures", action="store_true", help="the other table, alone")
    parser.add_argument("--listening", action="store_true", help="the ablation, alone")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    commit = subprocess.run(
        ["git", "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True, check=True
    )
    cpu = device_in_words(torch.device("cpu"))
    about = {"device": cpu, "versions": versions(), "commit": commit.stdout.strip()}
    table = load_table(source="embedded")
    if chosen.structures:
        worlds = make_worlds(table, chosen.splits, representation=ENCODER, shots=5)
        keep(chosen.out / "structures.csv", structures(worlds))
        return
    worlds = make_worlds(table, chosen.splits, representation=ENCODER)
    if chosen.listening:
        keep(chosen.out / "listening.csv", listening_rows(worlds, chosen.out))
        return
    for name in chosen.methods:
        extend(chosen.out, worlds, BUDGET, [ADAPTERS[name]], seeds=chosen.seeds, about=about)
        print(name, flush=True)


if __name__ == "__main__":
    main()
