"""What JupyterLab needs: a kernel that answers, a port to listen on, and a browser to show it."""

from __future__ import annotations

import ast
import shutil
import socket
import sys
import time
from pathlib import Path

from metalearn_lab.workbook.doctor.finding import Finding, fail, ok, warn
from metalearn_lab.workbook.kernel import KERNEL_ARGUMENTS, KERNEL_NAME

KERNEL_SECONDS = 7.0
FIRST_PORT = 8888  # JupyterLab's own; it tries the next ones by itself
TRIED_PORTS = 20
BROWSERS = ("chromium", "google-chrome", "chromium-browser", "firefox", "open", "xdg-open")


def kernel() -> Finding:
    """Whether a kernel starts, as JupyterLab starts it, and is of this Python."""
    from jupyter_client.kernelspec import NoSuchKernel

    begin = time.monotonic()
    try:
        prefix = _prefix_of_kernel(begin + KERNEL_SECONDS)
    except NoSuchKernel:
        return fail(
            "kernel",
            f"none is named {KERNEL_NAME}",
            f"{sys.executable} -m ipykernel install --sys-prefix --name {KERNEL_NAME}",
        )
    except (RuntimeError, TimeoutError, OSError) as error:
        return fail(
            "kernel",
            f"none that answers within {KERNEL_SECONDS:.0f} s: {error or type(error).__name__}",
            "restart the machine and look again; a virus scanner or a firewall may hold it up: "
            "allow Python to listen on localhost",
        )
    if Path(prefix).resolve() != Path(sys.prefix).resolve():
        return fail(
            "kernel",
            f"JupyterLab would start another Python, that of {prefix}",
            f"jupyter kernelspec remove {KERNEL_NAME}   (the kernel of this one then takes over)",
        )
    return ok("kernel", f"starts and answers in {time.monotonic() - begin:.1f} s")


def _prefix_of_kernel(deadline: float) -> str:
    """Start a kernel, and ask it for the prefix of its Python."""
    from jupyter_client.manager import KernelManager

    manager = KernelManager(kernel_name=KERNEL_NAME)
    manager.start_kernel(extra_arguments=KERNEL_ARGUMENTS)
    client = manager.client()
    try:
        client.start_channels()
        client.wait_for_ready(timeout=deadline - time.monotonic())
        reply = client.execute(
            "",
            user_expressions={"prefix": "__import__('sys').prefix"},
            reply=True,
            timeout=max(0.1, deadline - time.monotonic()),
        )
        answer = reply["content"]["user_expressions"]["prefix"]["data"]["text/plain"]
        return str(ast.literal_eval(answer))
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def ports() -> Finding:
    """The first port that JupyterLab will get on localhost."""
    tried = range(FIRST_PORT, FIRST_PORT + TRIED_PORTS)
    free_port = next((port for port in tried if not _refusal(port)), None)
    if free_port is None:
        return fail(
            "port",
            f"none of the ports {tried[0]} to {tried[-1]} of 127.0.0.1 can be had: "
            f"{_refusal(FIRST_PORT)}",
            "close other JupyterLabs; if there are none, ask who runs this machine to allow "
            "programs to listen on localhost, or take `metalearn-lab lab --port` with a number "
            "from 1024 on",
        )
    if free_port > FIRST_PORT:
        return warn(
            "port",
            f"{FIRST_PORT} is in use, JupyterLab will take {free_port}",
            "often a JupyterLab that was left open: `jupyter server list` says where, "
            f"`jupyter server stop {FIRST_PORT}` ends it",
        )
    return ok("port", f"{free_port} of 127.0.0.1 is free for JupyterLab")


def _refusal(port: int) -> str:
    """Why the port cannot be had; empty if it can."""
    try:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", port))
            listener.listen()
    except OSError as error:
        return error.strerror or str(error)
    return ""


def known_browser() -> str | None:
    """The command of the first browser that is installed, of those known by name."""
    return next((name for name in BROWSERS if shutil.which(name)), None)


def browser() -> Finding:
    """Whether there is a browser."""
    if name := known_browser():
        return ok("browser", name)
    return warn(
        "browser",
        "none found",
        "install Firefox or Chrome; from another machine: `metalearn-lab lab --no-browser` and "
        "an SSH tunnel",
    )
