"""What stops a command: Ctrl-C, a termination, or the end of its terminal; all end it alike."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

SIGNALS = [
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP")
    if hasattr(signal, name)  # Windows lacks one
]


class Stopped(KeyboardInterrupt):
    """A signal that ends the command, after what it started: kernels, workers."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.status = 128 + number


@contextmanager
def stoppable() -> Iterator[None]:
    """Let each of the signals end what is inside as Ctrl-C does.

    One that was ignored from the start stays ignored: Ctrl-C of a command in the background of a
    script, the terminal's end under `nohup`. The same signal once more ends the process at once.

    Raises:
        Stopped: one came.
    """
    handlers = {
        number: signal.signal(number, _stop)
        for number in SIGNALS
        if signal.getsignal(number) not in (signal.SIG_IGN, None)
    }
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _stop(number: int, _: Any) -> None:
    signal.signal(number, signal.SIG_DFL)
    raise Stopped(number)
