"""Checkpoints that run no code: tensors and JSON in one safetensors file, written atomically."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from metalearn_lab.atomic_file import write_bytes
from metalearn_lab.training.json_state import NotJsonError, from_json, to_json

_FORMAT = "metalearn-lab checkpoint 1"


class CheckpointError(RuntimeError):
    """A checkpoint that cannot be read or written, or belongs to another run."""


@dataclass(frozen=True)
class Checkpoint:
    """Everything a run needs to go on exactly where it was.

    Attributes:
        description: what was being trained (learner, model shapes, optimiser); compared on
            resuming.
        state: numbers, lists and dictionaries, kept exactly.
        tensors: by name.
    """

    description: dict[str, Any]
    state: dict[str, Any]
    tensors: dict[str, Tensor] = field(repr=False)


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint so that at every moment a whole one is there, the old or the new.

    Raises:
        CheckpointError: the disk is full, the folder cannot be written, or the state holds
            something that is no number, text or list; the checkpoint that was there before is
            untouched.
    """
    from safetensors import SafetensorError
    from safetensors.torch import save

    metadata = {"format": _FORMAT}
    try:
        for name in ("description", "state"):
            metadata[name] = json.dumps(to_json(getattr(checkpoint, name), name))
    except NotJsonError as error:
        raise CheckpointError(f"this run cannot be kept in a checkpoint: {error}") from error
    # Clones, because the format has no way to say that two weights are one.
    tensors = {
        name: tensor.detach().clone(memory_format=torch.contiguous_format)
        for name, tensor in checkpoint.tensors.items()
    }
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Not the library's own writer: killed in the middle, it leaves a file of a name by chance.
        write_bytes(path, save(tensors, metadata))
    except (OSError, SafetensorError) as error:
        raise CheckpointError(
            f"could not write {path}: {error}. The last good checkpoint, if there was one, is "
            "still there; free some space or choose another folder, then run again to go on"
        ) from error


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint.

    Raises:
        CheckpointError: the file is damaged or was not written by this package.
    """
    from safetensors import safe_open

    with damage_named(path), safe_open(path, framework="pt") as file:
        metadata = file.metadata() or {}
        if metadata.get("format") != _FORMAT:
            raise CheckpointError(
                f"{path} is a safetensors file but not a checkpoint of this package (format "
                f"{metadata.get('format')!r}, expected {_FORMAT!r}): give another path"
            )
        description, state = (_loads(metadata[key]) for key in ("description", "state"))
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    return Checkpoint(description, state, tensors)


@contextlib.contextmanager
def damage_named(path: Path) -> Iterator[None]:
    """Turn whatever goes wrong with the contents of a file into one error that names the file.

    Raises:
        CheckpointError: something went wrong; says what, and what to do.
    """
    from safetensors import SafetensorError

    try:
        yield
    except CheckpointError:
        raise
    except (
        *(OSError, SafetensorError, RuntimeError),
        *(ValueError, TypeError, LookupError, AttributeError),
    ) as error:
        problem = " ".join(f"{type(error).__name__}: {error}".split())
        raise CheckpointError(
            f"{path} cannot be read as a checkpoint ({problem}): delete it to start over, or give "
            "the path of a good one"
        ) from error


def _loads(text: str) -> dict[str, Any]:
    value = from_json(json.loads(text))
    if not isinstance(value, dict):
        raise TypeError(f"a table was expected, not {value!r}")
    return value
