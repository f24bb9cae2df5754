"""Where the streams of random numbers stand, so that what was drawn can be drawn again."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch


class RandomState:
    """The state of PyTorch's stream on the CPU and on one device, of Python's, and of NumPy's.

    Args:
        device: whose stream is kept beside the CPU's.
    """

    def __init__(self, device: torch.device) -> None:
        # A recording of a CUDA graph may not read the device's stream; it refuses to draw anyway.
        on_cuda = device.type == "cuda" and not torch.cuda.is_current_stream_capturing()
        self.device = device if on_cuda else None
        self.states = self._read()

    def _read(self) -> list[Any]:
        numpy = sys.modules.get("numpy")
        return [
            torch.get_rng_state(),
            torch.cuda.get_rng_state(self.device) if self.device else None,
            random.getstate(),
            numpy.random.get_state() if numpy else None,
        ]

    def has_moved(self) -> bool:
        """Whether numbers were drawn since."""
        return not all(_same(*pair) for pair in zip(self.states, self._read(), strict=True))

    def restore(self) -> None:
        """Let the same numbers be drawn once more."""
        on_cpu, on_device, of_python, of_numpy = self.states
        torch.set_rng_state(on_cpu)
        if self.device:
            torch.cuda.set_rng_state(on_device, self.device)
        random.setstate(of_python)
        if of_numpy is not None:
            sys.modules["numpy"].random.set_state(of_numpy)

    @contextmanager
    def again(self) -> Iterator[None]:
        """Draw the same numbers inside, and outside go on as if nothing had been drawn."""
        now = RandomState(self.device or torch.device("cpu"))
        self.restore()
        try:
            yield
        finally:
            now.restore()


def _same(before: Any, after: Any) -> bool:
    if isinstance(before, torch.Tensor):
        return torch.equal(before, after)
    if before is None or after is None:  # NumPy was not there yet
        return True
    if isinstance(before[1], tuple):  # Python's
        return bool(before == after)
    return before[2:] == after[2:] and bool((before[1] == after[1]).all())
