"""Run a program of this Python where there is no network: ``python -m tests.without_network ...``.

The arguments are those of Python. Where this user may not take the network away, that is said and
the program runs with it.
"""

from __future__ import annotations

import fcntl
import os
import socket
import struct
import subprocess
import sys

_ALONE = ("unshare", "--net", "--map-root-user")
_SET_FLAGS = 0x8914  # SIOCSIFFLAGS
_UP_AND_RUNNING = 0x41


def main() -> None:
    """Become the program; by way of this one again, with nothing but this machine in reach."""
    program = [sys.executable, *sys.argv[1:]]
    if is_alone():
        _switch_on_loopback()
    elif can_be_alone():
        program = [*_ALONE, sys.executable, "-m", "tests.without_network", *sys.argv[1:]]
    else:
        sys.stderr.write("this user may not take the network away: it stays in reach\n")
    os.execvp(program[0], program)


def is_alone() -> bool:
    """Whether this machine itself is all that can be reached."""
    return [name for _, name in socket.if_nameindex()] == ["lo"]


def can_be_alone() -> bool:
    """Whether this user may have a network of its own, with nothing in it."""
    try:
        done = subprocess.run([*_ALONE, "true"], capture_output=True, check=False)
    except FileNotFoundError:
        return False
    return done.returncode == 0


def _switch_on_loopback() -> None:
    """Without a network not even this machine answers itself, until it is told to."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SET_FLAGS, struct.pack("16sh", b"lo", _UP_AND_RUNNING))


if __name__ == "__main__":
    main()
