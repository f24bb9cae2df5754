"""Saved: a context, one pass and inner steps on noisy sinusoids, at equal outer steps.

``benchmarks/context_sinusoids.py`` computes all of it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from metalearn_lab.experiments.context_sinusoids import untrained
from metalearn_lab.learners.learner import Learner
from metalearn_lab.training.checkpoint import load_checkpoint

if TYPE_CHECKING:
    from pandas import DataFrame

SAVED_SINUSOIDS = Path(__file__).parent / "context_sinusoids_results"
TRIALS, ERRORS = "trials.csv", "errors.csv"

NAMES = ("prior_fitted", "neural_process", "hypernetwork", "maml", "joint")
"""The learners, as the figures' style calls them."""


def read_trials(folder: Path = SAVED_SINUSOIDS) -> DataFrame:
    """A row for each of five trials of each learner, on validation tasks.

    Its columns are ``learner``, ``inner_lr``, ``outer_lr``, the ``steps`` at which the mean error
    over 1 to 10 points was least, and this ``error``.
    """
    import pandas as pd

    return pd.read_csv(folder / TRIALS)


def best_trials(folder: Path = SAVED_SINUSOIDS) -> DataFrame:
    """The row of the least error of each learner, by its name."""
    trials = read_trials(folder)
    return trials.loc[trials.groupby("learner").error.idxmin()].set_index("learner").loc[[*NAMES]]


def read_errors(folder: Path = SAVED_SINUSOIDS) -> DataFrame:
    """A row for each seed, world, method and number of points ``K``.

    It has the mean squared ``error``, with the noise of the questions in it; where there is a
    band, its ``surprise`` in nats and the share ``in band``.
    """
    import pandas as pd

    return pd.read_csv(folder / ERRORS)


def model_file(folder: Path, name: str) -> Path:
    """Where a learner of seed 0 is saved."""
    return folder / f"{name}.safetensors"


def read_learner(name: str, folder: Path = SAVED_SINUSOIDS) -> Learner:
    """A saved learner of seed 0, on the CPU.

    Raises:
        FileNotFoundError: none of this name is saved.
        CheckpointError: it is damaged.
    """
    path = model_file(folder, name)
    if not path.is_file():
        raise FileNotFoundError(f"no learner {name!r} in {folder}: use one of {NAMES}")
    learner = untrained(name, 0, best_trials(folder).inner_lr[name])
    learner.load_state_dict(load_checkpoint(path).tensors)
    return learner
