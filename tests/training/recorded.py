"""A stand-in for CUDA graphs on a CPU: what is recorded runs again into the same memory."""

from collections.abc import Callable

import torch
from torch import Tensor

from metalearn_lab.training import graph_replay


def on_the_cpu(monkeypatch) -> list[str]:
    """Let ``GraphReplay`` record on the CPU; returns the list of what was done."""
    done: list[str] = []

    def record(
        step: Callable[[], Tensor], device: torch.device
    ) -> tuple[Callable[[], None], Tensor]:
        done.append("recorded")
        results = torch.full_like(step(), torch.nan)  # recording runs nothing

        def replay() -> None:
            done.append("replayed")
            results.copy_(step())

        return replay, results

    monkeypatch.setattr(graph_replay, "record", record)
    return done
