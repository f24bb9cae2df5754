"""Sweeps and clusters as processes of their own, which can be killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
from distributed import Client

from metalearn_lab.atomic_file import write_text
from metalearn_lab.sweep.run_sweep import run_sweep

MARK = "TINY_CLONE_MARK"
"""Environment variable that a process's children and their kernels have too."""


def drive(file: Path, notebooks: Path, out: Path, scheduler: str) -> None:
    """A sweep on a cluster, whose totals go into a file beside its folder."""
    progress = run_sweep(file, notebooks, out, scheduler=scheduler)
    write_text(out.with_suffix(".json"), json.dumps([progress.ran, progress.kept, progress.failed]))


def sweep_command(*arguments: str, cwd: Path, mark: str) -> subprocess.Popen[str]:
    """`metalearn-lab sweep ARGUMENTS` in a process group of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "metalearn_lab.cli", "sweep", *arguments],
        cwd=cwd,
        env=os.environ | {MARK: mark},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


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
        wait_until(file.is_file)
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


def marked(mark: str) -> list[psutil.Process]:
    """The processes that live and have a mark in their environment."""
    return [process for process in psutil.process_iter() if _environment(process).get(MARK) == mark]


def _environment(process: psutil.Process) -> dict[str, str]:
    try:
        return process.environ() if process.status() != psutil.STATUS_ZOMBIE else {}
    except psutil.Error:
        return {}
