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
    heard = [each for each in SIGNALS if signal.getsignal(each) not in (signal.SIG_IGN, None)]
    before = {each: signal.signal(each, _stop) for each in heard}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _stop(number: int, _: Any) -> None:
    signal.signal(number, signal.SIG_DFL)
    raise Stopped(number)
