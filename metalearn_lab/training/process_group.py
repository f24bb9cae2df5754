"""Joining the processes that ``torchrun`` started, one for each GPU, or several on a CPU."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import torch
import torch.distributed as dist

from metalearn_lab.tasks.devices import choose_device

LONGEST_WAIT = timedelta(minutes=5)
"""How long a rank waits for another that does not answer. One that was killed is noticed at once;
this is for one that hangs, and longer than any validation or compilation takes."""


@contextmanager
def process_group(device: str = "auto") -> Iterator[torch.device]:
    """Join the processes of this run; one that was started by itself stays alone.

    GPUs exchange gradients by NCCL, CPUs by Gloo. What PyTorch needs to find the others is in the
    environment (``RANK``, ``WORLD_SIZE`` and so on), where ``torchrun`` puts it.

    Args:
        device: as for ``tasks.devices.choose_device``; ``"auto"`` and ``"cuda"`` give each
            process of a machine a GPU of its own.

    Yields:
        The device of this process.

    Raises:
        ValueError: the device is not here, there are more processes than GPUs, or one GPU was asked
            for by its number for several processes.
    """
    if "WORLD_SIZE" not in os.environ:
        yield choose_device(device)
        return
    own = _own_device(choose_device(device))
    if dist.is_initialized():  # joined already, by a caller of this caller
        yield own
        return
    dist.init_process_group("nccl" if own.type == "cuda" else "gloo", timeout=LONGEST_WAIT)
    try:
        yield own
    finally:
        dist.destroy_process_group()


def _own_device(device: torch.device) -> torch.device:
    if device != torch.device("cuda"):
        here = int(os.environ.get("LOCAL_WORLD_SIZE", os.environ["WORLD_SIZE"]))
        if device.type == "cuda" and here > 1:
            raise ValueError(
                f"{device} would be the GPU of all {here} processes of this machine: ask for "
                "'cuda', which gives each its own"
            )
        return device
    local_rank, gpus = int(os.environ.get("LOCAL_RANK", "0")), torch.cuda.device_count()
    if local_rank >= gpus:
        raise ValueError(
            f"process {local_rank} of this machine has no GPU of its own, there are {gpus}: start "
            f"{gpus} (torchrun --nproc-per-node {gpus}), or use the CPU"
        )
    own = torch.device("cuda", local_rank)
    torch.cuda.set_device(own)
    return own
