"""The hub client's caches on this disk: a full disk, and what killed downloads leave behind."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from pathlib import Path

_FULL = {errno.ENOSPC, errno.EDQUOT}


def disk_full(error: BaseException, name: str) -> OSError | None:
    """The same failure in plain words if it was for want of space, with what to do; else None.

    Args:
        error: what the hub's client raised.
        name: hub id of the set that was downloaded.
    """
    if not any(map(_says_full, _causes(error))):
        return None
    free, folder = min((shutil.disk_usage(folder).free, folder) for folder in _folders())
    message = (
        f"no space left for the hub data set {name!r} ({free / 1e6:.0f} MB are free where it is "
        "kept). Make room there: `hf cache prune` removes interrupted downloads, `hf cache ls` "
        "lists what else is there. Or set HF_HOME to a folder on another disk. Then run this "
        "again: the files that arrived whole are kept"
    )
    return OSError(errno.ENOSPC, message, str(folder))


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _says_full(error: BaseException) -> bool:
    return isinstance(error, OSError) and (
        error.errno in _FULL or str(error).startswith("Not enough disk space")
    )


def _folders() -> Iterator[Path]:
    """Where downloads and prepared tables are kept, or the nearest folder above that exists."""
    from datasets import config
    from huggingface_hub import constants

    for name in (constants.HF_HUB_CACHE, config.HF_DATASETS_CACHE):
        folder = Path(name).absolute()
        yield next(path for path in (folder, *folder.parents) if path.is_dir())


def remove_abandoned(name: str) -> bool:
    """Remove the half-made tables of a set whose makers were killed; whether there were any.

    Without a network ``datasets`` takes such a folder for a table, and then does not find the
    finished one that an earlier download left.

    Args:
        name: hub id of the set.
    """
    from datasets import config
    from datasets.naming import camelcase_to_snakecase

    *namespace, own = name.split("/")
    folder = Path(config.HF_DATASETS_CACHE, "___".join([*namespace, camelcase_to_snakecase(own)]))
    removed = [_remove(path) for path in folder.glob("*/*/*.incomplete") if path.is_dir()]
    return any(removed)


def _remove(half_made: Path) -> bool:
    """Remove it unless its maker lives, which then holds the lock."""
    from filelock import FileLock, Timeout

    finished = half_made.with_name(half_made.name.removesuffix(".incomplete"))
    try:
        with FileLock(f"{finished}_builder.lock", timeout=0):
            shutil.rmtree(half_made)
    except Timeout:
        return False
    return True
