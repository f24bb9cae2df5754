"""The accuracy table of a comparison, and what it says in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from metalearn_lab.comparison.compare import Score
from metalearn_lab.comparison.methods import METHODS, title_of
from metalearn_lab.evaluation.intervals import Interval, interval_over_tasks

if TYPE_CHECKING:
    from pandas import DataFrame

BASELINES = tuple(name for name, method in METHODS.items() if method.role == "baseline")[::-1]
"""What a meta-learner has to beat."""


def score_table(scores: Sequence[Score]) -> DataFrame:
    """One row a score: accuracy in per cent with its 95 % interval over episodes, and its cost."""
    import pandas as pd

    return pd.DataFrame([_row(score) for score in scores])


def mean_table(table: DataFrame) -> DataFrame:
    """Mean accuracy in per cent by method (rows) and shot (columns), over splits and seeds.

    ``±`` is the 95 % half-width over episodes of one run, averaged; ``range over splits`` the
    lowest and highest mean of a class split, which is what another split would move it by.
    """
    import pandas as pd

    columns: dict[str, dict[str, str]] = {}
    for shots, part in table.groupby("shots"):
        by_split = part.groupby(["method", "split"])["accuracy"].mean().groupby("method")
        means, lows, highs = by_split.mean(), by_split.min(), by_split.max()
        widths = part.groupby("method")["half_width"].mean()
        known = [name for name in METHODS if name in means.index]
        rows = [*known, *means.index.difference(known)]
        columns[f"{shots}-shot"] = {title_of(m): f"{means[m]:.1f} ± {widths[m]:.1f}" for m in rows}
        if part["split"].nunique() > 1:
            columns[f"{shots}-shot, range over splits"] = {
                title_of(m): f"{lows[m]:.1f} to {highs[m]:.1f}" for m in rows
            }
    return pd.DataFrame(columns)


def paired_difference(scores: Sequence[Score], method: str, other: str) -> Interval:
    """Accuracy of one method less another's on the same episodes, in per cent points.

    Episodes are paired: the mean over seeds of both methods is taken for every episode of every
    world, and the interval is over those episodes.

    Raises:
        ValueError: an accuracy is no number.
    """
    keys = {(s.world.shots, s.world.split_seed) for s in scores}
    one, less = (
        torch.cat([_over_seeds(scores, name, key) for key in sorted(keys)])
        for name in (method, other)
    )
    if not (one - less).isfinite().all():
        raise ValueError(f"{method} or {other} has an accuracy that is no number")
    return interval_over_tasks(100 * (one - less))


def verdict(scores: Sequence[Score], against: str) -> list[str]:
    """One sentence a meta-learner: above, below or not told apart from a baseline."""
    methods = dict.fromkeys(score.method for score in scores)
    sentences = []
    for method in (m for m in methods if m != against and _is_meta_learner(m)):
        difference = paired_difference(scores, method, against)
        mean, width = difference.mean.item(), difference.half_width.item()
        clear = "is above" if mean > 0 else "is below"
        word = clear if abs(mean) > width else "is not told apart from"
        sentences.append(
            f"{title_of(method)} {word} {title_of(against)}: {mean:+.1f} ± {width:.1f} points, "
            f"paired over {difference.tasks:,} episodes."
        )
    return sentences


def _is_meta_learner(name: str) -> bool:
    """Whether it is held against the baselines; of a method of the user's own it is assumed."""
    return name not in METHODS or METHODS[name].role == "meta-learner"


def _row(score: Score) -> dict[str, Any]:
    mean, half_width, episodes = interval_over_tasks(100 * score.accuracy)
    return {
        "shots": score.world.shots,
        "split": score.world.split_seed,
        "method": score.method,
        "seed": score.seed,
        "accuracy": mean.item(),
        "half_width": half_width.item(),
        "episodes": episodes,
        "settings": ", ".join(f"{k}={v}" for k, v in score.choice.settings.items()),
        "steps": score.choice.steps,
        "trials": score.choice.trials,
        "validation_accuracy": 100 * score.choice.validation_accuracy,
        "gradients": score.gradients,
        "seconds": score.seconds,
    }


def _over_seeds(scores: Sequence[Score], method: str, key: tuple[int, int]) -> Tensor:
    accuracies = [
        score.accuracy
        for score in scores
        if score.method == method and (score.world.shots, score.world.split_seed) == key
    ]
    return torch.stack(accuracies).mean(0)
