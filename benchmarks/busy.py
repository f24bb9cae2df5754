"""The two states of the machine in which training steps are timed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Literal

State = Literal["idle", "busy"]

STATES: tuple[State, ...] = ("idle", "busy")
"""Nothing else runs; or another process keeps one core busy, as on a shared machine."""

LOOP = "import os\nwhile os.getppid() == {parent}: pass"


def in_state(state: State) -> AbstractContextManager[None]:
    """While it lasts, the machine is in this state, as far as it is ours to say."""
    return one_core_busy() if state == "busy" else nullcontext()


@contextmanager
def one_core_busy() -> Iterator[None]:
    """Another process computes without end; it ends with the block, and with this process."""
    loop = subprocess.Popen([sys.executable, "-c", LOOP.format(parent=os.getpid())])
    try:
        yield
    finally:
        loop.kill()
        loop.wait()
