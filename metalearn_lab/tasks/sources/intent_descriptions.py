"""What each intent of the bundled English table means, in one plain sentence written by hand."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from importlib.resources import files


def intent_descriptions(classes: Sequence[str]) -> list[str]:
    """The description of each class, in the order of the classes.

    They stand in ``intent_descriptions_en.csv`` by class name. Each was written from the name and
    what it means, without a look at the sentences of the class or at any accuracy.

    Args:
        classes: names of classes of ``load_table("embedded")``.

    Raises:
        ValueError: a class has no description.
    """
    path = files("metalearn_lab.tasks.sources").joinpath("intent_descriptions_en.csv")
    rows = csv.DictReader(path.read_text("utf-8").splitlines())
    description_of = {row["class"]: row["description"] for row in rows}
    if missing := [name for name in classes if name not in description_of]:
        raise ValueError(f"no description of {', '.join(missing)}")
    return [description_of[name] for name in classes]
