"""Write the comparison on pictures of ``comparison.images``.

    python -m benchmarks.images
    python -m benchmarks.images --pictures digits --seeds 1

Each seed of the digits has its own class split; Omniglot (14 × 14 pixels) has the published one, so
its seeds are those of episodes and trainings. Settings are chosen on validation classes.
"""

import argparse
import time
from pathlib import Path

import torch
from pandas import DataFrame

from metalearn_lab.atomic_file import write_text
from metalearn_lab.comparison.images import METHODS, SAVED_IMAGES, ImageLab
from metalearn_lab.comparison.readers import right_answers
from metalearn_lab.tasks.pictures import digits, omniglot

OMNIGLOT = Path(__file__).parents[2] / "shared" / "data" / "omniglot"
SHOTS = (1, 5)
SETS = {  # how to load, N and outer steps
    "digits": (digits, 2, 200),
    "Omniglot": (lambda: omniglot(OMNIGLOT, side=14), 5, 400),
}


def main() -> None:
    """Train and judge what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=SAVED_IMAGES)
    parser.add_argument("--pictures", nargs="*", default=tuple(SETS), choices=tuple(SETS))
    parser.add_argument("--seeds", type=int, default=5)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    rows = []
    for name in chosen.pictures:
        load, ways, steps = SETS[name]
        pictures = load()
        for seed in range(chosen.seeds):
            for shots in SHOTS:
                split = pictures.split(seed)
                lab = ImageLab(pictures, split, shots=shots, ways=ways, iterations=steps, seed=seed)
                for method, reader in lab.readers(METHODS).items():
                    accuracy = right_answers(reader, lab.test).mean().item()
                    key = {"pictures": name, "seed": seed, "shots": shots, "method": method}
                    rows.append({**key, "accuracy": accuracy})
                print(name, seed, shots, f"{time.process_time():.0f} CPU s so far", flush=True)
            write_text(chosen.out, DataFrame(rows).to_csv(index=False, float_format="%.4f"))


if __name__ == "__main__":
    main()
