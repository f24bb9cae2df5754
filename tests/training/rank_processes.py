"""Ranks of one process group as cheap processes: forked from a server that has torch already."""

import multiprocessing
import traceback
from collections.abc import Callable
from datetime import timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

RANKS = 2

# PyTorch imports the second at the first step of an optimiser, which takes longer than the run.
_PRELOADED = ["tests.training.resumable_run", "torch._dynamo", "safetensors.torch"]


def server():
    """Where processes are forked from; its imports are done once."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED)
    return context


def start(folder: Path, of_rank: Callable[..., Any], *arguments: Any) -> list[BaseProcess]:
    """Start two ranks.

    Args:
        folder: an empty one, where they meet and leave what ``of_rank`` returned (``0.pt``,
            ``1.pt``) or the traceback of its error (``0.txt``, ``1.txt``).
        of_rank: importable.
        arguments: of it.
    """
    folder.mkdir(parents=True)
    processes = [
        server().Process(target=_rank, args=(rank, folder, of_rank, arguments))
        for rank in range(RANKS)
    ]
    for process in processes:
        process.start()
    return processes


def _rank(rank: int, folder: Path, of_rank: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    import torch
    from torch import distributed

    distributed.init_process_group(
        "gloo",
        init_method=f"file://{folder / 'meeting'}",
        rank=rank,
        world_size=RANKS,
        timeout=timedelta(seconds=60),
    )
    try:
        result = of_rank(*arguments)
    except Exception:
        (folder / f"{rank}.txt").write_text(traceback.format_exc())
        raise SystemExit(1) from None
    torch.save(result, folder / f"{rank}.pt")
    distributed.destroy_process_group()


def results(folder: Path, processes: list[BaseProcess]) -> list[Any]:
    """What each rank returned."""
    import torch

    for process in processes:
        process.join()
    said = [path.read_text() for path in sorted(folder.glob("*.txt"))]
    assert [process.exitcode for process in processes] == [0] * RANKS, said
    return [torch.load(folder / f"{rank}.pt") for rank in range(RANKS)]
