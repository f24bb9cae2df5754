"""The table of chapter 08: adapters against trainable numbers; a stopped run goes on where it was.

    python benchmarks/adapters.py OUT
    python benchmarks/adapters.py OUT --methods "adapter 4, emitted" --splits 3 --seeds 1

Class splits, episodes and budget are those of `few_shot_text.py` on the sentences of the package,
so its rows of other methods stand beside these.
"""

import argparse
import subprocess
from pathlib import Path

import torch

from metalearn_lab import Budget, load_table
from metalearn_lab.comparison.adapters import ADAPTERS
from metalearn_lab.comparison.saved_runs import extend
from metalearn_lab.comparison.world import ENCODER, make_worlds
from metalearn_lab.tasks.devices import device_in_words
from metalearn_lab.workbook.environment import versions

BUDGET = Budget(iterations=300, trials=6, validation_episodes=200, test_episodes=300)


def main() -> None:
    """Compute what is missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--methods", nargs="*", choices=ADAPTERS, default=list(ADAPTERS))
    parser.add_argument("--splits", type=int, default=10)
    parser.add_argument("--seeds", type=int, default=2)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    commit = subprocess.run(
        ["git", "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True, check=True
    )
    cpu = device_in_words(torch.device("cpu"))
    about = {"device": cpu, "versions": versions(), "commit": commit.stdout.strip()}
    worlds = make_worlds(load_table(source="embedded"), chosen.splits, representation=ENCODER)
    for name in chosen.methods:
        extend(chosen.out, worlds, BUDGET, [ADAPTERS[name]], seeds=chosen.seeds, about=about)
        print(name, flush=True)


if __name__ == "__main__":
    main()
