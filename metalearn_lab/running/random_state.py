"""Where the streams of random numbers stand, so that what was drawn can be drawn again."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor


def torch_state(device: torch.device) -> dict[str, Tensor]:
    """Where PyTorch's streams on the CPU and on a CUDA device stand."""
    state = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        state["cuda"] = torch.cuda.get_rng_state(device)
    return state


def set_torch_state(state: dict[str, Tensor], device: torch.device) -> None:
    """Draw from here on what was drawn from there on; a stream without a state stays.

    Args:
        state: each in the CPU's memory.
        device: whose stream is set beside the CPU's.
    """
    if "cpu" in state:
        torch.set_rng_state(state["cpu"])
    if "cuda" in state and device.type == "cuda":
        torch.cuda.set_rng_state(state["cuda"], device)


class RandomState:
    """The state of PyTorch's stream on the CPU and on one device, of Python's, and of NumPy's.

    Args:
        device: whose stream is kept beside the CPU's.
    """

    def __init__(self, device: torch.device) -> None:
        # A recording of a CUDA graph may not read the device's stream; it refuses to draw anyway.
        recording = device.type == "cuda" and torch.cuda.is_current_stream_capturing()
        self.device = torch.device("cpu") if recording else device
        self.of_torch = torch_state(self.device)
        self.of_python = random.getstate()
        numpy = sys.modules.get("numpy")
        self.of_numpy: Any = numpy and numpy.random.get_state()

    def has_moved(self) -> bool:
        """Whether numbers were drawn since."""
        now = RandomState(self.device)
        unmoved = [torch.equal(state, now.of_torch[name]) for name, state in self.of_torch.items()]
        unmoved.append(self.of_python == now.of_python)
        if self.of_numpy:  # else it was not there yet
            keys_are_same = (self.of_numpy[1] == now.of_numpy[1]).all()
            unmoved.append(keys_are_same and self.of_numpy[2:] == now.of_numpy[2:])
        return not all(unmoved)

    def restore(self) -> None:
        """Let the same numbers be drawn once more."""
        set_torch_state(self.of_torch, self.device)
        random.setstate(self.of_python)
        if self.of_numpy:
            sys.modules["numpy"].random.set_state(self.of_numpy)

    @contextmanager
    def again(self) -> Iterator[None]:
        """Draw the same numbers inside, and outside go on as if nothing had been drawn."""
        now = RandomState(self.device)
        self.restore()
        try:
            yield
        finally:
            now.restore()
