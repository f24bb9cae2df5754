"""The accuracy table of a comparison, what it says in words, and its file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from metalearn_lab.comparison.budget import Budget
from metalearn_lab.comparison.compare import Choice, Score
from metalearn_lab.comparison.methods import TITLES
from metalearn_lab.comparison.world import World
from metalearn_lab.evaluation.intervals import Interval, interval_over_tasks

if TYPE_CHECKING:
    from pandas import DataFrame

BASELINES = ("fine_tuning", "nearest_class_mean")
"""What a meta-learner has to beat."""

SAVED = Path(__file__).parent / "results"
"""Full tables that come with the package, by source and language."""


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
        rows = [method for method in TITLES if method in means]
        columns[f"{shots}-shot"] = {TITLES[m]: f"{means[m]:.1f} ± {widths[m]:.1f}" for m in rows}
        if part["split"].nunique() > 1:
            columns[f"{shots}-shot, range over splits"] = {
                TITLES[m]: f"{lows[m]:.1f} to {highs[m]:.1f}" for m in rows
            }
    return pd.DataFrame(columns)


def paired_difference(scores: Sequence[Score], method: str, other: str) -> Interval:
    """Accuracy of one method less another's on the same episodes, in per cent points.

    Episodes are paired: the mean over seeds of both methods is taken for every episode of every
    world, and the interval is over those episodes.
    """
    keys = {(s.world.shots, s.world.split_seed) for s in scores}
    differences = [
        _over_seeds(scores, method, key) - _over_seeds(scores, other, key) for key in sorted(keys)
    ]
    return interval_over_tasks(100 * torch.cat(differences))


def verdict(scores: Sequence[Score], against: str) -> list[str]:
    """One sentence a meta-learner: above, below or not told apart from a baseline."""
    sentences = []
    for method in ("maml", "first_order_maml", "reptile"):
        difference = paired_difference(scores, method, against)
        mean, width = difference.mean.item(), difference.half_width.item()
        word = "is not told apart from"
        if abs(mean) > width:
            word = "is above" if mean > 0 else "is below"
        sentences.append(
            f"{TITLES[method]} {word} {TITLES[against]}: {mean:+.1f} ± {width:.1f} points, paired "
            f"over {difference.tasks:,} episodes."
        )
    return sentences


def save_results(
    folder: Path, scores: Sequence[Score], budget: Budget, about: dict[str, Any]
) -> None:
    """Write the results of each shot to ``<folder>/<K>-shot``, with what they came from.

    ``table.csv`` holds one row a score; ``configuration.json`` the source, the budget, the
    settings each method chose, the paired differences in words, and ``about``.

    Args:
        folder: made if it is not there.
        scores: of one or more worlds.
        budget: they were taken under.
        about: parameters, versions and device.

    Raises:
        OSError: the folder cannot be written.
    """
    for shots in sorted({score.world.shots for score in scores}):
        part = [score for score in scores if score.world.shots == shots]
        home = folder / f"{shots}-shot"
        home.mkdir(parents=True, exist_ok=True)
        score_table(part).to_csv(home / "table.csv", index=False, float_format="%.2f")
        configuration = about | {
            "source": part[0].world.table.source,
            "budget": asdict(budget),
            "chosen": {_key(score): _choice(score) for score in part},
            "verdict": [sentence for other in BASELINES for sentence in verdict(part, other)],
        }
        text = json.dumps(configuration, indent=1, ensure_ascii=False)
        (home / "configuration.json").write_text(text + "\n")


def read_results(folder: Path) -> tuple[DataFrame, dict[int, dict[str, Any]]]:
    """The table of all shots, and each shot's configuration, that ``save_results`` wrote.

    Raises:
        FileNotFoundError: nothing was saved there.
    """
    import pandas as pd

    homes = sorted(folder.glob("*-shot"), key=lambda home: int(home.name.split("-")[0]))
    if not homes:
        raise FileNotFoundError(f"no results in {folder}: save some with save_results")
    table = pd.concat([pd.read_csv(home / "table.csv") for home in homes], ignore_index=True)
    configurations = {
        int(home.name.split("-")[0]): json.loads((home / "configuration.json").read_text())
        for home in homes
    }
    return table, configurations


def chosen_beforehand(folder: Path, world: World) -> dict[str, Choice]:
    """The settings that each method chose on the world of the same shot and class split.

    Raises:
        ValueError: these results hold no such world.
        FileNotFoundError: nothing was saved there.
    """
    _, configurations = read_results(folder)
    chosen = configurations.get(world.shots, {}).get("chosen", {})
    prefix = f"split {world.split_seed}, "
    found = {k.removeprefix(prefix): Choice(**v) for k, v in chosen.items() if k.startswith(prefix)}
    if not found:
        raise ValueError(
            f"no settings were chosen beforehand for {world.shots} shots on class split "
            f"{world.split_seed} (there are shots {sorted(configurations)}): choose them now, "
            "with choose = True"
        )
    return found


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


def _choice(score: Score) -> dict[str, Any]:
    accuracy = round(score.choice.validation_accuracy, 4)
    return asdict(score.choice) | {"validation_accuracy": accuracy}


def _key(score: Score) -> str:
    return f"split {score.world.split_seed}, {score.method}"


def _over_seeds(scores: Sequence[Score], method: str, key: tuple[int, int]) -> Tensor:
    found = [
        score.accuracy
        for score in scores
        if score.method == method and (score.world.shots, score.world.split_seed) == key
    ]
    return torch.stack(found).mean(0)
