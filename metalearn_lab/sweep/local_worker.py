"""What Dask loads into a worker process of this machine when it starts."""

from __future__ import annotations

import signal


def dask_setup(worker: object) -> None:
    """Leave Ctrl-C, which the terminal sends to every process of a sweep, to the one that ends it.

    A handler is set and the signal not ignored, because kernels would inherit that.
    """
    signal.signal(signal.SIGINT, lambda *_: None)
