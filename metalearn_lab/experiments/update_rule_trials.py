"""How learned optimisers are trained: trials, as ``benchmarks/update_rules.py`` saved them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pandas import DataFrame

_TRIALS = Path(__file__).with_name("update_rule_trials.csv")


def update_rule_trials() -> DataFrame:
    """For each rule and way to train it its best trial.

    Returns:
        A row for each: number of trials, β, steps of a window and σ of the best, and the mean loss
        of steps 1 to 100 on validation quadratics of the best and of the worst.
    """
    import pandas as pd

    trials = pd.read_csv(_TRIALS)
    by_method = trials.groupby("method", sort=False)
    best = trials.loc[by_method.loss.idxmin()].set_index("method")
    return pd.DataFrame(
        {
            "trials": by_method.size(),
            "best β": best.outer_lr,
            "window": best.window,
            "σ": best.sigma,
            "loss of the best": best.loss.round(3),
            "of the worst": by_method.loss.max().round(3),
        }
    ).loc[best.index]
