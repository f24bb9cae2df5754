"""The language models of chapter 09: trained on one thread, kept with settings and seconds.

    python benchmarks/language_models.py OUT
    python benchmarks/language_models.py OUT --models LSTM --seeds 1 --long 0

Each model is trained from several seeds, then once more from seed 0 for longer: about one and a
half CPU hours in all. OUT/seed_S/NAME.safetensors and OUT/long/NAME.safetensors are written anew
whenever the characters read have doubled, so a training that is stopped has a model.
OUT/histories.csv has the rows of every training that lies in OUT. The package has the models of
seed 0 and this table, in `metalearn_lab/experiments/language_model_results`. There, seeds 3 and 4
were stopped at 4.2 million characters, and the LSTM alone was trained for longer, to 16.7 million.
"""

import argparse
from pathlib import Path

import pandas as pd
import torch

from metalearn_lab.atomic_file import write_text
from metalearn_lab.experiments.language_models import (
    MODELS,
    OUTER_LR,
    LanguageModel,
    general_sentences,
    keep_language_model,
    load_language_model,
    train_language_model,
)
from metalearn_lab.tasks.devices import device_in_words
from metalearn_lab.workbook.environment import versions


def train(name, seed, characters, folder):
    """Train one model, and keep it in the folder."""
    settings = {"outer_lr": OUTER_LR[name], "batch": 32, "seed": seed}
    cpu = device_in_words(torch.device("cpu"))
    about = {**settings, "device": cpu, "versions": versions()}
    folder.mkdir(parents=True, exist_ok=True)

    def report(model, history):
        path = folder / f"{name}.safetensors"
        keep_language_model(path, LanguageModel(name, model, history, about))
        print(folder.name, name, *history[-1], flush=True)

    sentences = general_sentences()
    ends = {"characters": characters, "report": report}
    train_language_model(MODELS[name](seed), *sentences, **ends, **settings)


def histories(out):
    """A row for each row of each training in the folder."""
    for path in sorted(out.glob("*/*.safetensors")):
        for row in load_language_model(path.stem, path.parent).history:
            yield {"training": path.parent.name, "model": path.stem, **row._asdict()}


def main() -> None:
    """Train what is asked for, and write the table of all that is there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--models", nargs="*", choices=MODELS, default=list(MODELS))
    parser.add_argument("--seeds", type=int, default=5, help="how many")
    parser.add_argument("--characters", type=float, default=8.3, help="of each, in millions")
    parser.add_argument("--long", type=float, default=33, help="of the longer training")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    runs = [(f"seed_{seed}", seed, chosen.characters) for seed in range(chosen.seeds)]
    for training, seed, millions in [*runs, ("long", 0, chosen.long)]:
        for name in chosen.models if millions else ():
            train(name, seed, int(1e6 * millions), chosen.out / training)
    table = pd.DataFrame(histories(chosen.out)).round({"seconds": 2, "bits": 4})
    write_text(chosen.out / "histories.csv", table.to_csv(index=False))


if __name__ == "__main__":
    main()
