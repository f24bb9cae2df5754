"""Everything that a step of training changes, to be kept and put back."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from metalearn_lab.learners.learner import Learner
from metalearn_lab.running.random_state import set_torch_state, torch_state


class Kept(NamedTuple):
    """Where training stood.

    Attributes:
        state: numbers, lists and dictionaries.
        tensors: by name, those of the learner, the optimiser and the random generators.
    """

    state: dict[str, Any]
    tensors: dict[str, Tensor]


@dataclass(frozen=True)
class Trainee:
    """What is trained, and what trains it.

    Attributes:
        learner: any learner.
        optimizer: over its parameters.
        scheduler: of the optimiser, if any.
    """

    learner: Learner
    optimizer: Optimizer
    scheduler: LRScheduler | None

    def keep(self) -> Kept:
        """Where training stands now, in copies that later steps do not touch."""
        optimizer = self.optimizer.state_dict()
        entries = {
            (index, name): value
            for index, values in optimizer["state"].items()
            for name, value in values.items()
        }
        tensors = {f"learner/{name}": weight for name, weight in self.learner.state_dict().items()}
        tensors |= {f"optimizer/{i}/{n}": v for (i, n), v in entries.items() if _is_tensor(v)}
        tensors |= {f"random/{name}": numbers for name, numbers in torch_state(self._on).items()}
        state = {
            "optimizer": optimizer["param_groups"],
            "optimizer numbers": [[*at, v] for at, v in entries.items() if not _is_tensor(v)],
            "scheduler": self.scheduler.state_dict() if self.scheduler else None,
        }
        return Kept(copy.deepcopy(state), {name: t.clone() for name, t in tensors.items()})

    def put_back(self, kept: Kept) -> None:
        """Stand where training stood, bit for bit, random numbers included where they were kept.

        Raises:
            KeyError, ValueError, RuntimeError: something was kept of another learner, optimiser
                or scheduler, or is missing.
        """
        groups = by_prefix(kept.tensors)
        self.learner.load_state_dict(groups["learner"])
        self.optimizer.load_state_dict(_state_dict(kept.state, groups.get("optimizer", {})))
        for parameter, values in self.optimizer.state.items():
            values.update({n: _laid_out_like(parameter, v) for n, v in values.items()})
        if self.scheduler is not None:
            self.scheduler.load_state_dict(kept.state["scheduler"])
        random_states = {name: state.cpu() for name, state in groups.get("random", {}).items()}
        set_torch_state(random_states, self._on)

    @property
    def _on(self) -> torch.device:
        return next(self.learner.parameters()).device

    def step_scheduler(self) -> None:
        """Step the scheduler, if there is one."""
        if self.scheduler is not None:
            self.scheduler.step()


def by_prefix(tensors: dict[str, Tensor]) -> dict[str, dict[str, Tensor]]:
    """Tensors by the part of their name before the first slash, then by the rest of it."""
    groups: dict[str, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        prefix, rest = name.split("/", 1)
        groups.setdefault(prefix, {})[rest] = tensor
    return groups


def without(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The tensors whose name does not begin with this and a slash."""
    return {name: t for name, t in tensors.items() if not name.startswith(f"{prefix}/")}


def _is_tensor(value: object) -> bool:
    return isinstance(value, Tensor)


def _state_dict(kept: dict[str, Any], tensors: dict[str, Tensor]) -> Any:
    state: dict[int, dict[str, Any]] = {}
    for name, tensor in tensors.items():
        index, key = name.split("/", 1)
        state.setdefault(int(index), {})[key] = tensor
    for index, key, number in kept["optimizer numbers"]:
        state.setdefault(index, {})[key] = number
    return {"state": state, "param_groups": kept["optimizer"]}


def _laid_out_like(parameter: Tensor, value: Any) -> Any:
    """Files hold rows one after the other; fused steps walk weights and moments side by side."""
    if not isinstance(value, Tensor) or value.shape != parameter.shape:
        return value
    laid_out = torch.empty_like(
        parameter, dtype=value.dtype, device=value.device, requires_grad=False
    )
    return laid_out.copy_(value)
