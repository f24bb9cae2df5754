"""Labelled text from the Hugging Face hub, by its id."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from metalearn_lab.tasks.sources.dataset_rows import table_from_splits
from metalearn_lab.tasks.sources.hub_cache import disk_full, remove_abandoned
from metalearn_lab.tasks.table import LabelledTable

if TYPE_CHECKING:
    from datasets import DatasetDict

# The branch where the hub keeps its own parquet copy of sets that were published with a script.
_PARQUET_COPY = "refs/convert/parquet"


class HubUnavailableError(ConnectionError):
    """The hub, or this data set on it, cannot be had now; the message says what to do instead."""


def hub_table(
    name: str,
    config: str | None = None,
    *,
    language: str | None = None,
    exclude: Sequence[str] = (),
) -> LabelledTable:
    """The table of a published set, for example ``clinc/clinc_oos`` with config ``plus``.

    All its splits are read, and become the published class split where no class is in two.

    Args:
        name: hub id.
        config: name of the configuration, for sets that have several.
        language: keep only rows with this value in the ``lang`` column; all rows if None.
        exclude: names of classes to leave out.

    Raises:
        HubUnavailableError: no network, one that failed on the way, or no such set on the hub.
        OSError: the disk that the hub's client keeps its downloads on is full.
        ValueError: the set needs a config, or ``table_from_splits`` refuses the table.
    """
    splits, revision = _download(name, config)
    source = f"hub data set {name}" + (f", config {config}" if config else "") + revision
    return table_from_splits(
        splits, f"{source} ({', '.join(splits)})", language=language, exclude=exclude
    )


def _download(name: str, config: str | None) -> tuple[DatasetDict, str]:
    """The set's splits and a note on the revision; every failure that has a remedy names it."""
    try:
        return _load(name, config)
    except Exception as error:
        if full := disk_full(error, name):
            raise full from error
        if not isinstance(error, _unavailable()):
            raise
        if not remove_abandoned(name):
            raise HubUnavailableError(
                f"cannot read {name!r} from the hub: {error}. If the network failed on the way, "
                "run this again: the files that arrived whole are kept. "
                'Without a network use source="embedded", whose text comes with a package that is '
                f'already installed. Or, where there is a network, run "hf download {name} '
                '--repo-type dataset --local-dir DIR" once, and use source="files" with path= the '
                "folder in DIR that holds the parquet files"
            ) from error
    return _download(name, config)


def _load(name: str, config: str | None) -> tuple[DatasetDict, str]:
    """The set's splits, and a note on the revision where it is not the main one."""
    from datasets import load_dataset

    try:
        return load_dataset(name, config), ""
    except RuntimeError as error:
        if "scripts are no longer supported" not in str(error):
            raise
        copy = load_dataset(name, config, revision=_PARQUET_COPY)
        return copy, f", the hub's parquet copy {_PARQUET_COPY}"


def _unavailable() -> tuple[type[Exception], ...]:
    """What a missing network, or a missing set, may raise.

    The hub's clients of some years use httpx, the newer ones httpx2, the older ones OSErrors alone.
    """
    clients = [sys.modules[name] for name in ("httpx", "httpx2") if name in sys.modules]
    return (OSError, *(client.TransportError for client in clients))
