"""A comparison on disk, row by row as it is computed: what a long run needs to be gone on with."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metalearn_lab.atomic_file import write_text
from metalearn_lab.comparison.compare import (
    Choice,
    check_never_tuned_on_test_classes,
    choose,
    score,
)
from metalearn_lab.comparison.methods import METHODS, Budget, Method
from metalearn_lab.comparison.table import score_table
from metalearn_lab.comparison.world import World

if TYPE_CHECKING:
    from pandas import DataFrame

SAVED = Path(__file__).parent / "results"
"""Tables that come with the package, a folder for each set of sentences."""

TABLE, CHOICES, CONFIGURATION = "table.csv", "choices.json", "configuration.json"
_KEY = ["ways", "shots", "train_classes", "representation", "method", "split", "seed", "iterations"]


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


def extend(
    folder: Path,
    worlds: Sequence[World],
    budget: Budget,
    methods: Sequence[Method],
    *,
    seeds: int = 1,
    about: dict[str, Any],
) -> None:
    """Compute what the folder lacks of a comparison, and keep every row as soon as it is there.

    Settings are chosen once, on the validation classes of the first world, and are kept too.

    Args:
        folder: of the results of one set of sentences; made if it is not there.
        worlds: class splits that share ways, shots and representation.
        budget: what every method may spend.
        methods: to compare.
        seeds: trainings of each trained method on each split.
        about: parameters, versions and device.

    Raises:
        ResultsFolderError: the folder cannot be written.
        ValueError: the folder's results were taken under another budget or of other sentences, or
            see ``compare``.
    """
    check_never_tuned_on_test_classes(worlds)
    check_results_folder(folder)
    configuration = about | {
        "source": worlds[0].table.source,
        "queries": worlds[0].queries,
        "budget": asdict(budget),
    }
    _check_same(folder, configuration)
    for method in methods:
        choice = _kept_choice(folder, method, worlds[0], budget)
        for world in worlds:
            for seed in range(seeds if method.build else 1):
                if not _has(folder, method, world, seed, budget):
                    _add(folder, method, world, budget, choice, seed)


def read_table(folder: Path) -> DataFrame:
    """The rows of a folder, by method in the order of ``METHODS``, whatever came first.

    Raises:
        FileNotFoundError: nothing was saved there.
    """
    import pandas as pd

    path = folder / TABLE
    if not path.is_file():
        raise FileNotFoundError(f"no results in {folder}: compute some with saved_runs.extend")
    order = {name: number for number, name in enumerate(METHODS)}
    rows = pd.read_csv(path)
    return rows.sort_values("method", key=lambda m: m.map(order), kind="stable", ignore_index=True)


def read_configuration(folder: Path) -> dict[str, Any]:
    """What the rows came from."""
    return dict(json.loads((folder / CONFIGURATION).read_text("utf-8")))


def chosen_beforehand(folder: Path, world: World) -> dict[str, Choice]:
    """The settings by method that were chosen for such a world; none for another.

    A world is such a one when its source (but for the version), ways, shots, queries and
    representation are those that the folder's settings were chosen for.
    """
    if not (folder / CHOICES).is_file():
        return {}
    of = read_configuration(folder)
    if (_without_version(of["source"]), of["queries"]) != (
        _without_version(world.table.source),
        world.queries,
    ):
        return {}
    saved = json.loads((folder / CHOICES).read_text("utf-8"))
    return {name: Choice(**choice) for name, choice in saved.get(_part(world), {}).items()}


def _without_version(source: str) -> str:
    return re.sub(r"\d+(\.\d+)+", "", source)


def _part(world: World) -> str:
    return f"{world.ways}-way {world.shots}-shot, {world.representation}"


def _kept_choice(folder: Path, method: Method, world: World, budget: Budget) -> Choice:
    if method.name not in chosen_beforehand(folder, world):
        choice = choose(method, world, budget)
        path = folder / CHOICES
        saved = json.loads(path.read_text("utf-8")) if path.is_file() else {}
        rounded = asdict(choice) | {"validation_accuracy": round(choice.validation_accuracy, 4)}
        saved.setdefault(_part(world), {})[method.name] = rounded
        write_text(path, json.dumps(saved, indent=1, ensure_ascii=False) + "\n")
    return chosen_beforehand(folder, world)[method.name]


def _has(folder: Path, method: Method, world: World, seed: int, budget: Budget) -> bool:
    if not (folder / TABLE).is_file():
        return False
    iterations = budget.iterations if method.build else 0
    counts = (world.ways, world.shots, len(world.classes.train), world.representation)
    key = [*counts, method.name, world.split_seed, seed, iterations]
    return bool((read_table(folder)[_KEY] == key).all(axis=1).any())


def _add(
    folder: Path, method: Method, world: World, budget: Budget, choice: Choice, seed: int
) -> None:
    import pandas as pd

    rows = score_table([score(method, world, budget, choice, seed)])
    if (folder / TABLE).is_file():
        rows = pd.concat([read_table(folder), rows], ignore_index=True)
    write_text(folder / TABLE, rows.to_csv(index=False, float_format="%.2f"))


def _check_same(folder: Path, configuration: dict[str, Any]) -> None:
    path = folder / CONFIGURATION
    if not path.is_file():
        write_text(path, json.dumps(configuration, indent=1, ensure_ascii=False) + "\n")
        return
    before = read_configuration(folder)
    for name in ("source", "queries", "budget"):
        old, new = before[name], json.loads(json.dumps(configuration[name]))
        if name == "budget":  # more iterations are rows of their own: equal gradients
            old, new = ({**each, "iterations": 0} for each in (old, new))
        if old != new:
            raise ValueError(
                f"{folder} holds results of another {name}: {old}, not {new}. Name another folder"
            )
    commits = before.get("commit", "").split()
    if (commit := configuration.get("commit")) and commit not in commits:
        later = before | {"commit": " ".join([*commits, commit])}
        write_text(path, json.dumps(later, indent=1, ensure_ascii=False) + "\n")
