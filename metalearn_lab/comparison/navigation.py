"""Saved trainings of chapter 20: rewards of five seeds for each method, and a start of each.

``benchmarks/navigation.py`` computes them.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from metalearn_lab.evaluation.intervals import interval_over_tasks
from metalearn_lab.experiments.navigation import KINDS, start_policy
from metalearn_lab.tasks.navigation import HALF_SIDE
from metalearn_lab.training.checkpoint import load_checkpoint

if TYPE_CHECKING:
    from pandas import DataFrame

SAVED_NAVIGATION = Path(__file__).parent / "navigation_results"
REWARDS, STARTS = "rewards.csv", "starts.safetensors"
MORE_GOALS = "with score term, 8 × goals"
METHODS = ("from scratch", *KINDS, MORE_GOALS)
BUDGETS = (1, 5)
"""Inner steps at the test; α and β are chosen for each."""

SHOWN = ("from scratch", "joint", "usual")
SHOWN_LR, SHOWN_OUTER_LR, SHOWN_SEED = 1.0, 0.01, 0
"""Methods of the saved starts, with their α, β and seed."""

_SIDE = 16


def goal_grid() -> Tensor:
    """Goals of the test: midpoints of 16 × 16 equal squares, ``[256, 2]``."""
    middles = HALF_SIDE * (2 * (torch.arange(_SIDE) + 0.5) / _SIDE - 1)
    return torch.cartesian_prod(middles, middles)


def read_rewards(folder: Path = SAVED_NAVIGATION) -> DataFrame:
    """A row for each method, budget and seed.

    ``before`` and ``after`` are mean rewards per step over the test goals, without noise, before
    and after as many inner steps as the budget says.
    """
    import pandas as pd

    return pd.read_csv(folder / REWARDS)


def read_starts(folder: Path = SAVED_NAVIGATION) -> dict[str, dict[str, Tensor]]:
    """By method a start: weights of one policy, on the CPU.

    Raises:
        FileNotFoundError: none are saved.
        CheckpointError: the file is damaged.
    """
    tensors = load_checkpoint(folder / STARTS).tensors
    names = start_policy(SHOWN_SEED)
    return {kind: {name: tensors[f"{kind}/{name}"] for name in names} for kind in SHOWN}


def means_over_seeds(table: DataFrame) -> DataFrame:
    """Rewards after the inner steps with their 95 % intervals over the seeds, and the settings.

    Args:
        table: as saved.
    """
    import pandas as pd

    rows: dict[str, dict[tuple[str, str], str]] = {}
    for (method, steps), own in table.groupby(["method", "steps"], sort=False):
        mean, half, _ = interval_over_tasks(torch.tensor(own["after"].to_list()).double())
        name = f"after {steps} step{'s' * (steps > 1)}"
        rows.setdefault(method, {})[name, "reward"] = f"{mean:.3f} ± {half:.3f}"
        rows[method][name, "α"] = f"{own['inner_lr'].iloc[0]:g}"
        outer_lr = own["outer_lr"].iloc[0]
        rows[method][name, "β"] = f"{outer_lr:g}" if outer_lr else ""
    return pd.DataFrame(rows).T
