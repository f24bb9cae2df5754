"""Where labelled text comes from. No source ever stands in silently for another."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from metalearn_lab.tasks.sources.embedded import embedded_table
from metalearn_lab.tasks.sources.files import files_table
from metalearn_lab.tasks.sources.hub import HubUnavailableError, hub_table
from metalearn_lab.tasks.table import LabelledTable

__all__ = ["HubUnavailableError", "embedded_table", "files_table", "hub_table", "load_table"]

_ARGUMENTS: dict[str, dict[str, str]] = {
    "embedded": {},
    "hub": {"name": '"clinc/clinc_oos"', "config": '"plus"'},
    "files": {"path": '"sentences.csv"'},
}
"""What each source takes besides language and exclude, with examples; it needs the first."""


def load_table(
    source: str,
    *,
    language: str | None = None,
    path: str | Path | None = None,
    name: str | None = None,
    config: str | None = None,
    exclude: Sequence[str] = (),
) -> LabelledTable:
    """Load a labelled table of texts.

    Args:
        source: ``embedded`` (sentences of home-assistant-intents, no network needed), ``hub`` (a
            published set by its id) or ``files`` (a CSV, JSON Lines or parquet file of your own
            with a column ``text`` and a column ``label``, or a folder of them, a file a split).
        language: for ``embedded`` one of 65 codes, English if None; for the others the value of
            the ``lang`` column to keep, all rows if None.
        path: of the file or folder; for ``files`` only.
        name: hub id, such as ``clinc/clinc_oos``; for ``hub`` only.
        config: the hub set's configuration, such as ``plus``; for ``hub`` only.
        exclude: names of classes to leave out, such as ``("oos",)``.

    Raises:
        ValueError: an unknown source, an argument that the source needs and lacks or does not
            take, an unknown language or class, or unusable rows.
        FileNotFoundError: ``files`` without such a file or folder, or with nothing in it.
        HubUnavailableError: ``hub`` without a network or such a set.
    """
    _check_arguments(source, {"path": path, "name": name, "config": config})
    if source == "hub":
        return hub_table(str(name), config, language=language, exclude=exclude)
    if source == "files":
        return files_table(str(path), language=language, exclude=exclude)
    return embedded_table("en" if language is None else language, exclude)


def _check_arguments(source: str, given: dict[str, str | Path | None]) -> None:
    if source not in _ARGUMENTS:
        raise ValueError(f"unknown source {source!r}: use one of {', '.join(_ARGUMENTS)}")
    examples = _ARGUMENTS[source]
    for argument, value in given.items():
        if value is not None and argument not in examples:
            raise ValueError(f"source {source!r} takes no {argument}, but {argument}={value!r}")
    needed = next(iter(examples), None)
    if needed and given[needed] is None:
        raise ValueError(f"source {source!r} needs {needed}=, such as {needed}={examples[needed]}")
