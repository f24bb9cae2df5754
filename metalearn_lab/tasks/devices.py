"""Which device to compute on."""

from __future__ import annotations

import torch


def choose_device(name: str = "auto") -> torch.device:
    """A device by name, or the best there is.

    Args:
        name: ``"auto"`` takes a CUDA card if there is one, else the CPU; otherwise a name such
            as ``"cpu"``, ``"cuda"`` or ``"cuda:1"``.

    Raises:
        ValueError: an unknown name, or a device that is not here.
    """
    here = ["cpu", *(f"cuda:{i}" for i in range(torch.cuda.device_count()))]
    if name == "auto":
        return torch.device("cuda" if len(here) > 1 else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ValueError(
            f"unknown device {name!r}: use 'auto', or one of {', '.join(here)}"
        ) from error
    if str(device) not in here and not (name == "cuda" and len(here) > 1):
        raise ValueError(f"no device {name!r} here: use 'auto', or one of {', '.join(here)}")
    return device


def device_in_words(device: torch.device) -> str:
    """What computes there, e.g. ``"CUDA: NVIDIA H100"`` or ``"CPU: 2 threads"``."""
    if device.type == "cuda":
        return f"CUDA: {torch.cuda.get_device_name(device)}"
    threads = torch.get_num_threads()
    return f"{device.type.upper()}: {threads} thread{'s' * (threads != 1)}"
