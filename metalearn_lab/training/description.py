"""What a run is, so that it never goes on from the checkpoint of another."""

from __future__ import annotations

import hashlib
import re
from itertools import zip_longest
from pathlib import Path
from typing import Any

import torch
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from metalearn_lab.learners.learner import Learner
from metalearn_lab.tasks.types import Task
from metalearn_lab.training.checkpoint import CheckpointError
from metalearn_lab.training.json_state import from_json, to_json

_HOW_TASKS_ARE_RUN = {"mapping", "chunk_size", "low_rank", "replay", "training"}
_MOVES_WITH_THE_STEPS = {
    *("last_epoch", "_step_count", "_last_lr", "_get_lr_called_within_step", "_is_initial"),
    *("T_cur", "T_i"),
}


def describe(
    learner: Learner,
    optimizer: Optimizer,
    scheduler: LRScheduler | None,
    validation: Task | None,
    **settings: Any,
) -> dict[str, Any]:
    """All that two runs must share for one to go on from the other.

    The training tasks are a function, which has no description; the weights are what the
    checkpoint brings.

    Args:
        learner: its class, numbers, loss, layers and the shapes of its weights.
        optimizer: its class and hyper-parameters, the rates those before any scheduling.
        scheduler: its class and hyper-parameters.
        validation: the tasks, by a hash of their tensors.
        settings: of the training loop.
    """
    return settings | {
        "learner": type(learner).__name__,
        **_numbers(learner),
        "loss": _readable(getattr(learner.loss, "__qualname__", repr(learner.loss))),
        "layers": {
            name: _readable(f"{type(layer).__name__}({layer.extra_repr()})")
            for name, layer in learner.named_modules()
            if name
        },
        "weights": {n: f"{list(w.shape)} {w.dtype}" for n, w in learner.state_dict().items()},
        "optimizer": {"class": type(optimizer).__name__, **_groups(optimizer)},
        "scheduler": None
        if scheduler is None
        else {"class": type(scheduler).__name__, **_fixed_part(scheduler.state_dict())},
        "validation": None if validation is None else _fingerprint(validation),
    }


def check_same_run(path: Path, found: dict[str, Any], expected: dict[str, Any]) -> None:
    """Refuse to go on from a checkpoint of something else.

    Raises:
        CheckpointError: names what differs, the first difference under each heading.
    """
    expected = from_json(to_json(expected, "description"))
    differences = [
        _first_difference(key, found.get(key), expected.get(key))
        for key in sorted({*found, *expected})
        if found.get(key) != expected.get(key)
    ]
    if differences:
        raise CheckpointError(
            f"{path} is a checkpoint of another run ({'; '.join(differences)}): give another "
            "path, or delete it to start over"
        )


def _first_difference(name: str, there: Any, here: Any) -> str:
    if isinstance(there, dict) and isinstance(here, dict):
        keys = dict.fromkeys([*there, *here])
        pairs = [(key, there.get(key), here.get(key)) for key in keys]
    elif isinstance(there, list) and isinstance(here, list):
        pairs = [(i, *pair) for i, pair in enumerate(zip_longest(there, here))]
    else:
        return f"{name}: {there!r} there, {here!r} here"
    return next(_first_difference(f"{name} {key}", a, b) for key, a, b in pairs if a != b)


def _numbers(learner: Learner) -> dict[str, Any]:
    """The settings of a learner of any class, its own included."""
    return {
        name: value
        for name, value in vars(learner).items()
        if (value is None or isinstance(value, int | float | str | tuple))
        and not name.startswith("_")
        and name not in _HOW_TASKS_ARE_RUN
    }


def _groups(optimizer: Optimizer) -> dict[str, Any]:
    return {
        f"group {index}": {
            **{key: value for key, value in group.items() if key not in ("params", "initial_lr")},
            "lr": group.get("initial_lr", group["lr"]),
            "parameters": len(group["params"]),
        }
        for index, group in enumerate(optimizer.param_groups)
    }


def _fixed_part(state: Any) -> Any:
    """A scheduler's state without what every step changes."""
    if isinstance(state, list):
        return [_fixed_part(part) for part in state]
    if type(state) is not dict:
        return state
    return {k: _fixed_part(part) for k, part in state.items() if k not in _MOVES_WITH_THE_STEPS}


def _readable(text: str) -> str:
    """Without memory addresses, which no two processes share."""
    return re.sub(r" at 0x[0-9a-f]+", "", text)


def _fingerprint(tasks: Task) -> str:
    digest = hashlib.sha256()
    for tensor in (*tasks.support, *tasks.query):
        digest.update(f"{tensor.dtype} {list(tensor.shape)}".encode())
        content = tensor.detach().cpu().contiguous().flatten().view(torch.uint8)
        digest.update(content.numpy().tobytes())
    return f"{tasks.query.y.shape[0]} tasks, sha256 {digest.hexdigest()[:16]}"
