"""Results on disk: the table with all that it came from, and the settings chosen there."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metalearn_lab.atomic_file import write_text
from metalearn_lab.comparison.compare import Choice, Score
from metalearn_lab.comparison.methods import Budget
from metalearn_lab.comparison.table import BASELINES, score_table, verdict
from metalearn_lab.comparison.world import World

if TYPE_CHECKING:
    from pandas import DataFrame

SAVED = Path(__file__).parent / "results"
"""Full tables that come with the package, by source and language."""


class ResultsFolderError(OSError):
    """Results cannot be written where they should go; the message says what to do."""


def check_results_folder(folder: Path) -> None:
    """Make the folder and make sure that it can be written, before anything is computed.

    Raises:
        ResultsFolderError: it cannot.
    """
    probe = folder / ".writable"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.write_text("")
        probe.unlink()
    except OSError as error:
        raise ResultsFolderError(
            f"results cannot be written to {folder} ({error.strerror}): name another folder"
        ) from error


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
        ResultsFolderError: the folder cannot be written.
    """
    check_results_folder(folder)
    for shots in sorted({score.world.shots for score in scores}):
        part = [score for score in scores if score.world.shots == shots]
        home = folder / f"{shots}-shot"
        home.mkdir(exist_ok=True)
        table = score_table(part).to_csv(index=False, float_format="%.2f")
        configuration = about | {
            "source": part[0].world.table.source,
            "ways": part[0].world.ways,
            "queries": part[0].world.queries,
            "budget": asdict(budget),
            "chosen": {
                f"split {score.world.split_seed}, {score.method}": _rounded(score.choice)
                for score in part
            },
            "verdict": [sentence for other in BASELINES for sentence in verdict(part, other)],
        }
        text = json.dumps(configuration, indent=1, ensure_ascii=False)
        write_text(home / "table.csv", table)
        write_text(home / "configuration.json", text + "\n")


def read_results(folder: Path) -> tuple[DataFrame, dict[int, dict[str, Any]]]:
    """The table of all shots, and each shot's configuration, that ``save_results`` wrote.

    Raises:
        FileNotFoundError: nothing was saved there.
    """
    import pandas as pd

    homes = {int(home.name.split("-")[0]): home for home in folder.glob("*-shot")}
    if not homes:
        raise FileNotFoundError(f"no results in {folder}: save some with save_results")
    tables = [pd.read_csv(homes[shots] / "table.csv") for shots in sorted(homes)]
    return pd.concat(tables, ignore_index=True), {
        shots: json.loads((homes[shots] / "configuration.json").read_text("utf-8"))
        for shots in sorted(homes)
    }


def chosen_beforehand(folder: Path, world: World) -> dict[str, Choice] | None:
    """The settings that each method chose on this world before, or None if it never did.

    A world is the same when its source (but for the version), class split, ways, shots and
    queries are.

    Raises:
        FileNotFoundError: nothing was saved there.
    """
    configuration = read_results(folder)[1].get(world.shots)
    if configuration is None or (
        _without_version(configuration["source"]) != _without_version(world.table.source)
        or (configuration["ways"], configuration["queries"]) != (world.ways, world.queries)
    ):
        return None
    prefix = f"split {world.split_seed}, "
    saved = configuration["chosen"].items()
    choices = {k.removeprefix(prefix): Choice(**v) for k, v in saved if k.startswith(prefix)}
    return choices or None


def _without_version(source: str) -> str:
    return re.sub(r"\d+(\.\d+)+", "", source)


def _rounded(choice: Choice) -> dict[str, Any]:
    return asdict(choice) | {"validation_accuracy": round(choice.validation_accuracy, 4)}
