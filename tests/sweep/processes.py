"""Sweeps and clusters as processes of their own, which can be killed."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from distributed import Client


@contextmanager
def cluster(folder: Path, workers: int) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A real Dask scheduler and its workers, without nannies; its address and the workers.

    Their logs are ``scheduler.log`` and ``worker-0.log`` to ``worker-N.log`` in the folder.
    """
    file = folder / "scheduler.json"
    with ExitStack() as stack:
        listen = ["--host", "127.0.0.1", "--port", "0", "--dashboard-address", "127.0.0.1:0"]
        scheduler = ["scheduler", *listen, "--scheduler-file", str(file)]
        _start(stack, folder / "scheduler.log", *scheduler)
        wait_until(lambda: file.is_file() and file.stat().st_size > 0)  # made empty, then written
        address = json.loads(file.read_text())["address"]
        options = ["--nthreads", "1", "--no-nanny", "--no-dashboard"]
        options += ["--local-directory", str(folder), "--preload", "metalearn_lab.sweep.worker"]
        processes = [
            _start(stack, folder / f"worker-{i}.log", "worker", address, *options)
            for i in range(workers)
        ]
        with Client(address, set_as_default=False) as client:
            client.wait_for_workers(workers)
        yield address, processes


def _start(stack: ExitStack, log: Path, *arguments: str) -> subprocess.Popen[bytes]:
    file = stack.enter_context(log.open("wb"))
    command = [sys.executable, "-m", "dask", *arguments]
    process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT)
    stack.callback(process.wait)
    stack.callback(process.kill)
    return process


def wait_until(happened: Callable[[], object], seconds: float = 120) -> None:
    """Wait for something that must happen."""
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, f"{happened} did not happen in {seconds} s"
        time.sleep(0.01)
