"""Labelled text from files of one's own, parquet, CSV or JSON Lines, read without a network."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metalearn_lab.tasks.sources.dataset_rows import table_from_splits
from metalearn_lab.tasks.table import LabelledTable

if TYPE_CHECKING:
    from datasets import Dataset

SPLITS = ("train", "validation", "test")
KINDS = (".parquet", ".csv", ".jsonl")


def files_table(
    path: str | Path, *, language: str | None = None, exclude: Sequence[str] = ()
) -> LabelledTable:
    """The table of one file, or of a folder with one file (or its numbered shards) a split.

    Parquet files are in the hub's schema. CSV files are in UTF-8 with a row of column names; all
    that they hold is text. JSON Lines files hold one object a line.

    Args:
        path: a file ending in .parquet, .csv or .jsonl; or a folder with any of
            ``train.parquet``, ``validation.parquet``, ``test.parquet`` (or .csv, .jsonl), or
            shards named as the hub does, ``train-00000-of-00002.parquet``. Each split must be
            there once and whole. Hidden files are not looked at.
        language: keep only rows with this value in the ``lang`` column; all rows if None.
        exclude: names of classes to leave out.

    Raises:
        FileNotFoundError: no such file or folder, or nothing to read in it.
        ValueError: a file that cannot be read as what its name says, is not named as a split, is
            unfinished, a copy of another or in a folder below; a split whose shards are missing or
            that is there twice;
            or a table that ``table_from_splits`` refuses.
    """
    path = Path(path)
    if path.is_file():
        splits, source = {path.stem: read_file(path)}, str(path)
    else:
        splits = {name: _read_split(files) for name, files in _split_files(path).items()}
        source = f"files in {path} ({', '.join(splits)})"
    return table_from_splits(splits, source, language=language, exclude=exclude)


def _split_files(folder: Path) -> dict[str, list[Path]]:
    """Files by split, in the order train, validation, test."""
    if not folder.is_dir():
        raise FileNotFoundError(
            f"no file or folder {folder}: path is a file ending in {', '.join(KINDS)}, or the "
            "folder that holds train.parquet and the like"
        )
    files = _files_to_read(folder)
    if not files:
        names = ", ".join(sorted(path.name for path in folder.iterdir())) or "nothing"
        raise FileNotFoundError(f"no {', '.join(KINDS)} file in {folder}; there is: {names}")
    by_split = groupby(files, lambda file: _name_parts(file)["split"])
    files_of = {split: list(parts) for split, parts in by_split}
    for split, parts in files_of.items():
        _check_whole(split, parts)
    _check_all_differ(files)
    return {split: files_of[split] for split in SPLITS if split in files_of}


def _files_to_read(folder: Path) -> list[Path]:
    """The files of these kinds in a folder, hidden ones aside; none may be unfinished or deeper."""
    files = (path.relative_to(folder) for path in folder.rglob("*") if not path.is_dir())
    named = [
        file
        for file in sorted(files)
        if any(kind in file.name.lower() for kind in KINDS)
        and not any(part.startswith(".") for part in file.parts)
    ]
    whole = [file for file in named if file.suffix in KINDS and len(file.parts) == 1]
    aside = [str(file) for file in named if file not in whole]
    if aside:
        raise ValueError(
            f"{folder} holds {', '.join(aside[:5])}{', …' if len(aside) > 5 else ''}: only "
            f"files of this folder itself that end in {', '.join(KINDS)} are read, so finish the "
            "download, move these away, or give the folder that they are in"
        )
    return [folder / file for file in whole]


def _name_parts(file: Path) -> re.Match[str]:
    """Of ``train``, or of a shard as the hub names it, ``train-00000-of-00002[-<digest>]``."""
    match = re.fullmatch(
        r"(?P<split>\w+?)(-(?P<shard>\d+)-of-(?P<shards>\d+)(-[0-9a-f]{16})?)?", file.stem
    )
    if match is None or match["split"] not in SPLITS:
        raise ValueError(
            f"{file} is not named as a split: expected "
            f"{', '.join(f'{name}{file.suffix}' for name in SPLITS)}, rename it or move it away"
        )
    return match


def _check_whole(split: str, files: Sequence[Path]) -> None:
    """Raise ValueError unless the files are the split once: one file, or each of its shards."""
    names = [_name_parts(file) for file in files]
    shards = {int(name["shard"]) for name in names if name["shard"]}
    totals = {int(name["shards"]) for name in names if name["shards"]}
    if len(files) > 1 and (len(shards) < len(files) or len(totals) > 1):
        raise ValueError(
            f"{split} is there more than once: {', '.join(file.name for file in files)}; keep one "
            f"{split}{files[0].suffix}, or the shards of one number, and move the others away"
        )
    total = max(totals, default=0)
    if shards != {*range(total)}:
        missing = ", ".join(f"{shard:05d}" for shard in range(total) if shard not in shards)
        raise ValueError(
            f"{split} has {len(shards)} of its {total} shards: {missing} of {total:05d} are "
            f"missing from {files[0].parent}; download them too"
        )


def _check_all_differ(files: Sequence[Path]) -> None:
    """Raise ValueError where two files have the same content."""
    first: dict[bytes, Path] = {}
    for file in files:
        digest = hashlib.sha256(file.read_bytes()).digest()
        if first.setdefault(digest, file) != file:
            raise ValueError(
                f"{file} is a copy of {first[digest].name}, byte for byte: its rows would count "
                "twice; move one of them away"
            )


def _read_split(files: Sequence[Path]) -> Dataset:
    """One data set of all the files of a split."""
    from datasets import concatenate_datasets

    read = [read_file(file) for file in files]
    try:
        return concatenate_datasets(read)
    except ValueError as error:
        names = ", ".join(file.name for file in files)
        raise ValueError(f"the columns of {names} do not have the same types: {error}") from error


def read_file(file: Path) -> Dataset:
    """Read one file in memory; ``datasets`` finds the ClassLabel names of parquet in it.

    Args:
        file: ending in .parquet, .csv or .jsonl.

    Raises:
        ValueError: it cannot be read as what its name says.
    """
    import pyarrow.parquet
    from datasets import Dataset

    if file.suffix == ".parquet":
        try:
            return Dataset(pyarrow.parquet.read_table(file))
        except pyarrow.ArrowInvalid as error:
            raise ValueError(f"{file} is not a readable parquet file: {error}") from error
    if file.suffix not in KINDS:
        raise ValueError(f"{file} is none of {', '.join(KINDS)}: save it as one of these")
    try:
        names, rows = _csv_rows(file) if file.suffix == ".csv" else _json_rows(file)
        return Dataset.from_dict({name: [row.get(name) for row in rows] for name in names})
    except UnicodeDecodeError as error:
        raise ValueError(f"{file} is not in UTF-8 ({error}): save it in UTF-8") from error
    except pyarrow.ArrowException as error:
        raise ValueError(f"{file} has a column of several types: {error}") from error


def _csv_rows(file: Path) -> tuple[list[str], list[dict[str, Any]]]:
    with file.open(newline="", encoding="utf-8-sig") as lines:
        reader = csv.DictReader(lines, strict=True)
        try:
            rows = list(reader)
        except csv.Error as error:
            raise ValueError(f"{file} is no CSV, line {reader.line_num}: {error}") from error
    for number, row in enumerate(rows):
        if None in row or None in row.values():
            raise ValueError(
                f"row {number} (counted from 0) of {file} has another number of fields than the "
                f"{len(reader.fieldnames or ())} columns: put fields that hold commas in quotes"
            )
    return list(reader.fieldnames or ()), rows


def _json_rows(file: Path) -> tuple[list[str], list[dict[str, Any]]]:
    lines = enumerate(file.read_text(encoding="utf-8-sig").split("\n"), 1)
    rows = [
        _json_object(line, f"line {number} of {file}") for number, line in lines if line.strip()
    ]
    return list(dict.fromkeys(name for row in rows for name in row)), rows


def _json_object(line: str, where: str) -> dict[str, Any]:
    try:
        content = json.loads(line)
    except json.JSONDecodeError as error:
        raise ValueError(f"{where} is no JSON: {error}") from error
    if not isinstance(content, dict):
        raise ValueError(f"{where} is no JSON object, but {line[:80]!r}")
    return content
