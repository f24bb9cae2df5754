"""One run at a time on a checkpoint."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from metalearn_lab.atomic_file import remove_leftovers
from metalearn_lab.training.checkpoint import CheckpointError
from metalearn_lab.training.sharding import from_first_rank


@contextmanager
def the_only_run_on(path: Path | None) -> Iterator[None]:
    """Hold a checkpoint for as long as a run writes it, and remove what a killed one left.

    The operating system lets go of the lock when its process ends, however that ends. Of several
    ranks the first holds it for all. Where a lock cannot be had, as in a folder that cannot be
    written, there is none: writing the checkpoint will say so.

    Args:
        path: of the checkpoint, if one is kept.

    Raises:
        CheckpointError: another run holds it, in this process or in another.
    """
    if path is None:
        yield
        return
    with ExitStack() as held:
        from_first_rank(lambda: _hold(path, held))
        yield


def _hold(path: Path, held: ExitStack) -> None:
    from filelock import FileLock, Timeout

    lock_file = path.with_name(f".{path.name}.lock")
    lock = FileLock(lock_file)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout:
        raise CheckpointError(
            f"{path} is the checkpoint of another run that is under way: wait until it has ended, "
            "or give another path"
        ) from None
    except (OSError, NotImplementedError):
        return
    held.callback(lock.release)
    held.callback(_remove, lock_file)  # while it is held
    remove_leftovers(path.parent, path.name)


def _remove(lock_file: Path) -> None:
    with suppress(OSError):
        lock_file.unlink()
