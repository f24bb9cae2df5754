"""One thread inside an operation, where operations are too small to be shared out.

PyTorch shares an operation out to threads that wait for each other. Where it takes microseconds,
they gain little on idle cores; and if another process has one of the cores, each operation waits
for that process, and a training step takes ten times as long.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch

_outside = threading.local()


@contextmanager
def one_thread(wanted: bool = True) -> Iterator[None]:
    """PyTorch runs operations of this Python thread on one thread, and then on as many as before.

    Args:
        wanted: or nothing changes.
    """
    before = torch.get_num_threads()
    if not wanted or before == 1 or torch.compiler.is_compiling():
        yield
        return
    outer = getattr(_outside, "threads", None)
    _outside.threads = outer or before
    # A thread's number is its own, but also what threads begin with that are started meanwhile.
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
        _outside.threads = outer


def threads_outside() -> int:
    """How many threads the user allows: PyTorch's number, outside of ``one_thread``."""
    return getattr(_outside, "threads", None) or torch.get_num_threads()
