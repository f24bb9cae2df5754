"""Labelled text from parquet files in the hub's schema, read without a network or a cache."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from metalearn_lab.tasks.sources.dataset_rows import table_from_splits
from metalearn_lab.tasks.table import LabelledTable

if TYPE_CHECKING:
    from datasets import Dataset

SPLITS = ("train", "validation", "test")


def files_table(
    path: str | Path, *, language: str | None = None, exclude: Sequence[str] = ()
) -> LabelledTable:
    """The table of a folder of parquet files, one file (or its numbered shards) a split.

    Args:
        path: folder with any of ``train.parquet``, ``validation.parquet``, ``test.parquet``, or
            shards named as the hub does, ``train-00000-of-00002.parquet``.
        language: keep only rows with this value in the ``lang`` column; all rows if None.
        exclude: names of classes to leave out.

    Raises:
        FileNotFoundError: no such folder, or no parquet file in it.
        ValueError: a file that is not parquet or not named as a split, or a table that
            ``table_from_splits`` refuses.
    """
    folder = Path(path)
    splits = {name: _read_split(files) for name, files in _split_files(folder).items()}
    source = f"parquet files in {folder} ({', '.join(splits)})"
    return table_from_splits(splits, source, language=language, exclude=exclude)


def _split_files(folder: Path) -> dict[str, list[Path]]:
    """Files by split, in the order train, validation, test."""
    if not folder.is_dir():
        raise FileNotFoundError(
            f"no folder {folder}: path is the folder that holds train.parquet and the like"
        )
    files = sorted(folder.glob("*.parquet"))
    if not files:
        there = ", ".join(sorted(each.name for each in folder.iterdir())) or "nothing"
        raise FileNotFoundError(f"no parquet file in {folder}; there is: {there}")
    found: dict[str, list[Path]] = {}
    for file in files:
        found.setdefault(_split_name(file), []).append(file)
    return {name: found[name] for name in SPLITS if name in found}


def _split_name(file: Path) -> str:
    match = re.fullmatch(r"(\w+?)(-\d+-of-\d+)?", file.stem)
    if match is None or match[1] not in SPLITS:
        raise ValueError(
            f"{file} is not named as a split: expected "
            f"{', '.join(f'{name}.parquet' for name in SPLITS)}, rename it or move it away"
        )
    return match[1]


def _read_split(files: Sequence[Path]) -> Dataset:
    """One data set of all the files of a split."""
    from datasets import concatenate_datasets

    return concatenate_datasets([_read_file(file) for file in files])


def _read_file(file: Path) -> Dataset:
    """Read one file in memory; ``datasets`` finds the ClassLabel names in its metadata."""
    import pyarrow.parquet
    from datasets import Dataset

    try:
        return Dataset(pyarrow.parquet.read_table(file))
    except pyarrow.ArrowInvalid as error:
        raise ValueError(f"{file} is not a readable parquet file: {error}") from error
