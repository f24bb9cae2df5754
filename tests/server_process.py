"""A server in a process of its own: a port that is free for it, and its end."""

from __future__ import annotations

import socket
import subprocess

SECONDS_TO_END = 30


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def stop(process: subprocess.Popen[bytes]) -> None:
    """Ask it to end; end it, if a busy machine or a kernel keeps it alive for half a minute."""
    process.terminate()
    try:
        process.wait(timeout=SECONDS_TO_END)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
