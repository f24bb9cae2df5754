"""`metalearn-lab doctor --class`: is this machine ready for a class, and what to do if not."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from metalearn_lab.workbook.doctor.browser import browser
from metalearn_lab.workbook.doctor.compiler import compiler
from metalearn_lab.workbook.doctor.finding import Finding, State, fail
from metalearn_lab.workbook.doctor.gpu import gpu
from metalearn_lab.workbook.doctor.interpreter import clock, python, text_encoding
from metalearn_lab.workbook.doctor.kernel import kernel
from metalearn_lab.workbook.doctor.network import network
from metalearn_lab.workbook.doctor.notebooks import notebooks
from metalearn_lab.workbook.doctor.packages import packages
from metalearn_lab.workbook.doctor.ports import ports
from metalearn_lab.workbook.doctor.room import cores, disk, environment_folder, memory
from metalearn_lab.workbook.doctor.speed import speed
from metalearn_lab.workbook.errors import WorkbookError
from metalearn_lab.workbook.folder import notebooks_folder


def class_report() -> tuple[str, bool]:
    """What every check found, in plain words, and whether the workbook runs here."""
    findings = list(_findings())
    failed = [each for each in findings if each.state is State.FAIL]
    warned = [each for each in findings if each.state is State.WARN]
    return "\n".join([*map(str, findings), "", _verdict(failed, warned)]), not failed


def _verdict(failed: list[Finding], warned: list[Finding]) -> str:
    if failed:
        return f"Not ready: first mend {', '.join(each.subject for each in failed)}, as said above."
    if warned:
        return f"Ready. Worth a look: {', '.join(each.subject for each in warned)}."
    return "Ready for the class."


def _findings() -> Iterator[Finding]:
    """Every check. The kernel and the network are waited for while the others are looked at."""
    how_busy = _guarded("cores", cores)
    with ThreadPoolExecutor(2) as meanwhile:
        started = meanwhile.submit(_guarded, "kernel", kernel)
        reached = meanwhile.submit(_guarded, "network", network)
        yield _guarded("Python", python)
        yield from _of_the_clone()
        yield _guarded("memory", memory)
        yield how_busy
        yield _guarded("port", ports)
        yield _guarded("browser", browser)
        compiled = _guarded("C compiler", compiler)
        yield compiled
        yield _guarded("GPU", gpu)
        yield started.result()
        # Last of those that compute: it times this machine, and nothing else should run.
        yield _guarded("speed", lambda: speed(compiled.state is State.OK))
        yield _guarded("text", text_encoding)
        yield _guarded("clock", clock)
        yield reached.result()


def _of_the_clone() -> Iterator[Finding]:
    """What lies beside the notebooks, and the disks."""
    places = {
        "the environment": environment_folder(),
        "temporary files": Path(tempfile.gettempdir()),
    }
    try:
        folder = notebooks_folder()
    except WorkbookError as error:
        yield fail("notebooks", str(error), "git clone the repository and run this inside it")
    else:
        places = {"the notebooks": folder} | places
        yield _guarded("packages", lambda: packages(folder.parent / "constraints.txt"))
        yield _guarded("notebooks", lambda: notebooks(folder))
    yield from disk(places)


def _guarded(subject: str, check: Callable[[], Finding]) -> Finding:
    """What a check finds; that it cannot look is a finding too."""
    try:
        return check()
    except Exception as error:
        reason = f"cannot be looked at: {type(error).__name__}: {error}"
        return fail(subject, reason, "mend the packages first (`make lab` sets them up)")
