"""`metalearn-lab doctor --class`: is this machine ready for a class, and what to do if not."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from metalearn_lab.workbook.doctor.clone import NO_CLONE, notebooks, packages
from metalearn_lab.workbook.doctor.finding import Finding, State, fail
from metalearn_lab.workbook.doctor.interpreter import clock, python, text_encoding
from metalearn_lab.workbook.doctor.jupyterlab import browser, kernel, ports
from metalearn_lab.workbook.doctor.machine import cores, disk, gpu, memory, network
from metalearn_lab.workbook.doctor.speed import compiler, speed
from metalearn_lab.workbook.errors import WorkbookError
from metalearn_lab.workbook.folder import notebooks_folder


def class_report() -> tuple[str, bool]:
    """What every check found, in plain words, and whether the workbook runs here."""
    findings = _findings()
    failed = ", ".join(finding.subject for finding in findings if finding.state is State.FAIL)
    warned = ", ".join(finding.subject for finding in findings if finding.state is State.WARN)
    verdict = f"Ready. Worth a look: {warned}." if warned else "Ready for the class."
    if failed:
        verdict = f"Not ready: first mend {failed}, as said above."
    return "\n".join([*map(str, findings), "", verdict]), not failed


def _findings() -> list[Finding]:
    """Every check. The kernel and the network are waited for while the others are looked at."""
    core_finding = _guarded("cores", cores)
    with ThreadPoolExecutor(2) as pool:
        kernel_finding = pool.submit(_guarded, "kernel", kernel)
        network_finding = pool.submit(_guarded, "network", network)
        compiler_finding = _guarded("C compiler", compiler)
        compiled = compiler_finding.state is State.OK
        return [
            _guarded("Python", python),
            *_of_the_clone(),
            _guarded("memory", memory),
            core_finding,
            _guarded("port", ports),
            _guarded("browser", browser),
            compiler_finding,
            _guarded("GPU", gpu),
            kernel_finding.result(),
            # Last of those that compute: it times this machine, and nothing else should run.
            _guarded("speed", lambda: speed(compiled)),
            _guarded("text", text_encoding),
            _guarded("clock", clock),
            network_finding.result(),
        ]


def _of_the_clone() -> list[Finding]:
    """What lies beside the notebooks, and the disks."""
    folders = {"the environment": Path(sys.prefix), "temporary files": Path(tempfile.gettempdir())}
    try:
        folder = notebooks_folder()
    except WorkbookError as error:
        return [fail("notebooks", str(error), NO_CLONE), *disk(folders)]
    return [
        _guarded("packages", lambda: packages(folder.parent / "constraints.txt")),
        _guarded("notebooks", lambda: notebooks(folder)),
        *disk({"the notebooks": folder} | folders),
    ]


def _guarded(subject: str, check: Callable[[], Finding]) -> Finding:
    """What a check finds; that it cannot look is a finding too."""
    try:
        return check()
    except Exception as error:
        reason = f"cannot be looked at: {type(error).__name__}: {error}"
        return fail(subject, reason, "mend the packages first (`make lab` sets them up)")
