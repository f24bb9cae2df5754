"""A kernel that really starts, answers, and is of this Python."""

from __future__ import annotations

import ast
import sys
import time
from pathlib import Path

from metalearn_lab.workbook.doctor.finding import Finding, fail, ok
from metalearn_lab.workbook.kernel import KERNEL_ARGUMENTS, KERNEL_NAME

SECONDS = 7.0


def kernel() -> Finding:
    """Start one as JupyterLab does and ask it which Python it is."""
    from jupyter_client.kernelspec import NoSuchKernel

    begin = time.monotonic()
    try:
        prefix = _ask(begin + SECONDS)
    except NoSuchKernel:
        return fail(
            "kernel",
            f"none is named {KERNEL_NAME}",
            f"{sys.executable} -m ipykernel install --sys-prefix --name {KERNEL_NAME}",
        )
    except (RuntimeError, TimeoutError, OSError) as error:
        return fail(
            "kernel",
            f"none that answers within {SECONDS:.0f} s: {error or type(error).__name__}",
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


def _ask(deadline: float) -> str:
    """The prefix of the kernel's Python."""
    from jupyter_client.manager import KernelManager

    manager = KernelManager(kernel_name=KERNEL_NAME)
    manager.start_kernel(extra_arguments=KERNEL_ARGUMENTS)
    client = manager.client()
    try:
        client.start_channels()
        client.wait_for_ready(timeout=_left(deadline))
        asked = {"prefix": "__import__('sys').prefix"}
        reply = client.execute("", user_expressions=asked, reply=True, timeout=_left(deadline))
        answer = reply["content"]["user_expressions"]["prefix"]["data"]["text/plain"]
        return str(ast.literal_eval(answer))
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def _left(deadline: float) -> float:
    return max(0.1, deadline - time.monotonic())
