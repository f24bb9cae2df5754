"""Saved trainings on pools of M lines: distances of five seeds, and one network for each pool.

``benchmarks/task_diversity.py`` computes them.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from metalearn_lab.experiments.task_diversity import pool_model
from metalearn_lab.models.context_transformer import ContextTransformer
from metalearn_lab.tasks.linear_tasks import LinearTasks
from metalearn_lab.training.checkpoint import load_checkpoint

if TYPE_CHECKING:
    from pandas import DataFrame

SAVED_POOLS = Path(__file__).parent / "pool_results"
DISTANCES = "distances.csv"

POOLS = (1, 4, 16, 256)
"""M of every saved training."""

SAVED_SEED = 1
"""Of the saved networks. Its first four slopes lie well apart; those of seed 0 do not."""

NOISE, SHOTS = 1.0, 6
"""σ, and the points of a context."""


def pool_tasks(pool: int, split: str, seed: int = SAVED_SEED) -> LinearTasks:
    """The tasks of the saved trainings.

    Args:
        pool: M, or 0 for new tasks of the prior.
        split: name of the stream.
        seed: of pool, tasks and network.
    """
    return LinearTasks(SHOTS, 4, noise=NOISE, pool=pool, split=split, seed=seed)


def model_file(folder: Path, pool: int) -> Path:
    """Where the network of a pool is saved."""
    return folder / f"pool_{pool}.safetensors"


def read_pool_model(pool: int, folder: Path = SAVED_POOLS) -> ContextTransformer:
    """The saved network of a pool, on the CPU.

    Raises:
        FileNotFoundError: none is saved for this pool.
        CheckpointError: it is damaged.
    """
    path = model_file(folder, pool)
    if not path.is_file():
        raise FileNotFoundError(f"no network for a pool of {pool} in {folder}: use one of {POOLS}")
    model = pool_model(seed=SAVED_SEED)
    model.load_state_dict(load_checkpoint(path).tensors)
    return model.eval().requires_grad_(False)


def read_distances(folder: Path = SAVED_POOLS) -> DataFrame:
    """A row for each pool, seed and kind of tasks (``home``: of the pool, ``new``: of the prior).

    Its columns after these are those of ``experiments.task_diversity.distances``.
    """
    import pandas as pd

    return pd.read_csv(folder / DISTANCES)
