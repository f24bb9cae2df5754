"""How learned optimisers are trained: trials, as ``benchmarks/update_rules.py`` saved them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pandas import DataFrame

_TRIALS = Path(__file__).with_name("update_rule_trials.csv")
_SEEDS = Path(__file__).with_name("update_rule_seeds.csv")


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


def update_rules_over_seeds() -> DataFrame:
    """Mean loss on 256 unseen quadratics of each rule, learned or tuned, from five seeds.

    Returns:
        A row for each rule and a column for each seed: the mean of steps 1 to 100; and likewise
        after steps 20, 100 and 500, in columns of two levels.
    """
    import pandas as pd

    table = pd.read_csv(_SEEDS)
    return table.pivot(index="rule", columns="seed").loc[table.rule.unique()]


def in_words(over_seeds: DataFrame) -> DataFrame:
    """Mean over the seeds, least and largest in brackets.

    Args:
        over_seeds: of ``update_rules_over_seeds``.
    """
    import pandas as pd

    of_step = over_seeds.T.groupby(level=0, sort=False)
    mean, least, largest = of_step.mean().T, of_step.min().T, of_step.max().T
    return pd.DataFrame(
        {
            step: [
                f"{m:.2f} ({low:.2f} to {high:.2f})"
                for m, low, high in zip(mean[step], least[step], largest[step], strict=True)
            ]
            for step in mean
        },
        index=mean.index,
    )
