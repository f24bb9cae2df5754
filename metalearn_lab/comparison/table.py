"""The table of a comparison, its differences over class splits, and the words for them.

The rule for the words stands here and nowhere else: of two methods, one *is above* or *is below*
the other if the 95 % interval of their difference over class splits is on one side of 0; otherwise
they *are not told apart*. Which method speaks for its kind is chosen by its accuracy on the
validation classes, never by the test classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch

from metalearn_lab.comparison.compare import Score
from metalearn_lab.comparison.methods import METHODS, Kind, title_of
from metalearn_lab.evaluation.intervals import Interval, interval_over_tasks

if TYPE_CHECKING:
    from pandas import DataFrame

ENTRY = ["representation", "method"]
"""The columns that name a row of a result: a method on a representation."""

CONDITIONS = ("ways", "shots", "train_classes", "iterations")
"""The columns in which rows of one entry and split must agree, or a mean would mix them."""

LEAST_SPLITS = 3
"""Fewer class splits have no interval."""


def score_table(scores: Sequence[Score]) -> DataFrame:
    """One row a score: accuracy in per cent with its 95 % half-width over episodes, and its cost.

    ``gradients`` are those of training, ``trained`` the numbers that training moves, ``sentences``
    what training saw, repeats counted, ``seconds`` its time on the device at hand.
    """
    import pandas as pd

    return pd.DataFrame([_row(score) for score in scores])


def mean_table(table: DataFrame) -> DataFrame:
    """Accuracy in per cent by representation and method (rows), over class splits and seeds.

    ``accuracy`` is the mean over splits with its 95 % half-width over *splits* (none for fewer
    than ``LEAST_SPLITS``); ``seeds`` the standard deviation between trainings of one split;
    ``episodes`` the 95 % half-width over the episodes of one run.
    """
    import pandas as pd

    rows = []
    for (representation, method), part in table.groupby(ENTRY, sort=False):
        between = part.groupby("split").accuracy.std().mean()
        rows.append(
            {
                "representation": representation,
                "method": title_of(method),
                "accuracy": _in_words(part),
                "splits": part.split.nunique(),
                "seeds": f"{between:.1f}" if between == between else "–",
                "episodes": f"{part.half_width.mean():.1f}",
                **{c: f"{part[c].mean():,.0f}" for c in ("gradients", "sentences", "trained")},
                "seconds": f"{part.seconds.mean():.1f}",
                "trials": int(part.trials.iloc[0]),
            }
        )
    return pd.DataFrame(rows).set_index(ENTRY)


def accuracy_over_splits(rows: DataFrame) -> Interval:
    """Accuracy of one entry in per cent, with its interval over class splits.

    Args:
        rows: of one method on one representation, at the same ways and shots.

    Raises:
        ValueError: fewer than ``LEAST_SPLITS``.
    """
    means = rows.groupby("split").accuracy.mean()
    if len(means) < LEAST_SPLITS:
        raise ValueError(f"{len(means)} class splits have no interval: give {LEAST_SPLITS} or more")
    return interval_over_tasks(torch.tensor(means.tolist(), dtype=torch.float64))


def difference_over_splits(
    table: DataFrame, entry: tuple[str, str], other: tuple[str, str]
) -> Interval:
    """Accuracy of one entry less another's, in points, with its interval over class splits.

    On every split both are judged on the same episodes, and each is the mean over its seeds; the
    interval is of these differences, one a split.

    Args:
        table: of scores that share ways and shots.
        entry: a representation and the name of a method.
        other: another.

    Raises:
        ValueError: the entries were not judged on the same splits, or on fewer than
            ``LEAST_SPLITS``, an accuracy is no number, or rows of one entry and split are of
            several ways, shots, numbers of training classes or of outer steps.
    """
    rows = table[table[ENTRY].apply(tuple, axis=1).isin([entry, other])]
    conditions = [name for name in CONDITIONS if name in rows]
    mixed = rows.groupby([*ENTRY, "split"])[conditions].nunique().max().fillna(1).gt(1)
    if mixed.any():
        raise ValueError(
            f"rows of one method and split differ in {', '.join(mixed.index[mixed])}: select the "
            "rows of one condition first (for 5-way 1-shot, comparison.gains.at_first)"
        )
    means = table.groupby([*ENTRY, "split"]).accuracy.mean()
    one, less = means.loc[entry], means.loc[other]
    if set(one.index) != set(less.index) or len(one) < LEAST_SPLITS:
        raise ValueError(
            f"{entry} was judged on splits {sorted(one.index)}, {other} on {sorted(less.index)}: a "
            f"difference needs the same {LEAST_SPLITS} or more"
        )
    gaps = torch.tensor((one - less.reindex(one.index)).tolist(), dtype=torch.float64)
    if not gaps.isfinite().all():
        raise ValueError(f"{entry} or {other} has an accuracy that is no number")
    return interval_over_tasks(gaps)


def best_by_validation(table: DataFrame, *kinds: Kind) -> tuple[str, str]:
    """The entry of these kinds that did best on the validation classes: it speaks for its kind.

    Raises:
        ValueError: no method of these kinds is in the table.
    """
    of_kinds = [name for name, method in METHODS.items() if method.kind in kinds]
    part = table[table.method.isin(of_kinds)]
    if part.empty:
        raise ValueError(f"no method of the kinds {', '.join(kinds)} is in the table")
    representation, method = part.groupby(ENTRY).validation_accuracy.mean().idxmax()
    return representation, method


def words(difference: Interval) -> str:
    """The words for a difference, by the rule of this module."""
    mean, half_width = float(difference.mean), float(difference.half_width)
    if abs(mean) <= half_width:
        return "is not told apart from"
    return "is above" if mean > 0 else "is below"


def sentence(table: DataFrame, entry: tuple[str, str], other: tuple[str, str]) -> str:
    """What the table says of two entries, written by the rule and the numbers."""
    difference = difference_over_splits(table, entry, other)
    return (
        f"{_called(entry)} {words(difference)} {_called(other)}: {float(difference.mean):+.1f} ± "
        f"{float(difference.half_width):.1f} points over {difference.tasks} class splits"
    )


def _called(entry: tuple[str, str]) -> str:
    representation, method = entry
    return f"{title_of(method)} ({representation})"


def _in_words(rows: DataFrame) -> str:
    if rows.split.nunique() < LEAST_SPLITS:
        return f"{rows.accuracy.mean():.1f}"
    mean, half_width, _ = accuracy_over_splits(rows)
    return f"{float(mean):.1f} ± {float(half_width):.1f}"


def _row(score: Score) -> dict[str, Any]:
    mean, half_width, episodes = interval_over_tasks(100 * score.accuracy)
    world, learner = score.world, score.learner
    moved = [p for p in learner.parameters() if p.requires_grad] if learner else []
    return {
        "ways": world.ways,
        "shots": world.shots,
        "train_classes": len(world.classes.train),
        "representation": world.representation,
        "method": score.method,
        "split": world.split_seed,
        "seed": score.seed,
        "accuracy": mean.item(),
        "half_width": half_width.item(),
        "episodes": episodes,
        "settings": ", ".join(f"{k}={v}" for k, v in score.choice.settings.items()),
        "steps": score.choice.steps,
        "trials": score.choice.trials,
        "validation_accuracy": 100 * score.choice.validation_accuracy,
        "iterations": score.iterations,
        "gradients": score.gradients,
        "sentences": score.sentences,
        "trained": sum(parameter.numel() for parameter in moved),
        "seconds": score.seconds,
    }
