"""Checkpoints that run no code: tensors and JSON in one safetensors file, written atomically."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor

_FORMAT = "metalearn-lab checkpoint 1"


class CheckpointError(RuntimeError):
    """A checkpoint that cannot be read, or belongs to another run."""


@dataclass(frozen=True)
class Checkpoint:
    """Everything a run needs to go on exactly where it was.

    Attributes:
        description: what was being trained (learner, model shapes, optimiser); compared on
            resuming.
        state: numbers and lists, as JSON keeps them exactly.
        tensors: by name.
    """

    description: dict[str, Any]
    state: dict[str, Any]
    tensors: dict[str, Tensor] = field(repr=False)


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint so that at every moment a whole one is there, the old or the new.

    Raises:
        CheckpointError: the disk is full or the folder cannot be written; the checkpoint that was
            there before is untouched.
    """
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    metadata = {
        "format": _FORMAT,
        "description": json.dumps(checkpoint.description),
        "state": json.dumps(checkpoint.state),
    }
    tensors = {name: tensor.detach().contiguous() for name, tensor in checkpoint.tensors.items()}
    unfinished = path.with_name(path.name + ".unfinished")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file(tensors, unfinished, metadata=metadata)
        _flush_to_disk(unfinished)
        os.replace(unfinished, path)
    except (OSError, SafetensorError) as error:
        with contextlib.suppress(OSError):
            unfinished.unlink()
        raise CheckpointError(
            f"could not write {path}: {error}. The last good checkpoint, if there was one, is "
            "still there; free some space or choose another folder, then run again to go on"
        ) from error


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint.

    Raises:
        CheckpointError: the file is damaged or was not written by this package.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise CheckpointError(
            f"{path} cannot be read as a checkpoint ({error}): delete it to start over, or give "
            "the path of a good one"
        ) from error
    if metadata.get("format") != _FORMAT:
        raise CheckpointError(
            f"{path} is a safetensors file but not a checkpoint of this package (format "
            f"{metadata.get('format')!r}, expected {_FORMAT!r}): give another path"
        )
    return Checkpoint(json.loads(metadata["description"]), json.loads(metadata["state"]), tensors)


def check_same_run(path: Path, found: dict[str, Any], expected: dict[str, Any]) -> None:
    """Refuse to go on from a checkpoint of something else.

    Raises:
        CheckpointError: names what differs.
    """
    expected = json.loads(json.dumps(expected))
    differences = [
        f"{key}: {found.get(key)!r} there, {expected.get(key)!r} here"
        for key in sorted({*found, *expected})
        if found.get(key) != expected.get(key)
    ]
    if differences:
        raise CheckpointError(
            f"{path} is a checkpoint of another run ({'; '.join(differences)}): give another "
            "path, or delete it to start over"
        )


def _flush_to_disk(path: Path) -> None:
    """Make sure the bytes are on the disk before the rename makes them the checkpoint."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
