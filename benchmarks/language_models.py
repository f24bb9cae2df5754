"""The language models of chapter 09: trained on one thread, kept with settings and seconds.

    python benchmarks/language_models.py OUT
    python benchmarks/language_models.py OUT --models LSTM --characters 40

OUT/NAME.safetensors is written anew whenever the characters read have doubled, so a run that is
stopped has a model. Those of the package lie in `metalearn_lab/experiments/language_model_results`.
"""

import argparse
from pathlib import Path

import torch

from metalearn_lab.experiments.language_models import (
    MODELS,
    OUTER_LR,
    LanguageModel,
    general_sentences,
    keep_language_model,
    train_language_model,
)
from metalearn_lab.tasks.devices import device_in_words
from metalearn_lab.workbook.environment import versions


def main() -> None:
    """Train the models asked for, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--models", nargs="*", choices=MODELS, default=list(MODELS))
    parser.add_argument("--characters", type=float, default=32, help="to read, in millions")
    parser.add_argument("--seed", type=int, default=0, help="of the weights and the order")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    chosen.out.mkdir(parents=True, exist_ok=True)
    train, validation = general_sentences()
    cpu = device_in_words(torch.device("cpu"))
    for name in chosen.models:
        settings = {"outer_lr": OUTER_LR[name], "batch": 32, "seed": chosen.seed}
        about = {**settings, "device": cpu, "versions": versions()}

        def report(model, history, name=name, about=about):
            path = chosen.out / f"{name}.safetensors"
            keep_language_model(path, LanguageModel(name, model, history, about))
            print(name, *history[-1], flush=True)

        characters = int(1e6 * chosen.characters)
        train_language_model(
            MODELS[name](chosen.seed),
            train,
            validation,
            characters=characters,
            report=report,
            **settings,
        )


if __name__ == "__main__":
    main()
