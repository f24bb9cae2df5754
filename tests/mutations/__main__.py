"""Plant each fault in a copy of the repository and see which tests fail: ``make mutations``.

``python -m tests.mutations [NUMBER …]`` plants some of them, by their numbers from 1. The exit
status is 1 where the tests do not see one.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.mutations.planted import FAULTS, Fault

ROOT = Path(__file__).resolve().parents[2]
SEEN = 3  # failures after which the tests of a fault stop


def main() -> int:
    """Plant the faults and print what saw them."""
    numbers = [int(each) for each in sys.argv[1:]] or range(1, len(FAULTS) + 1)
    unseen = 0
    for number in numbers:
        fault = FAULTS[number - 1]
        failed = failed_tests(fault)
        unseen += not failed
        seen = ", ".join(failed) or "NOT SEEN"
        sys.stdout.write(f"{number:2}. {fault.name} ({fault.file}): {seen}\n")
        sys.stdout.flush()
    return 1 if unseen else 0


def failed_tests(fault: Fault) -> list[str]:
    """Plant one fault in a copy and run its tests there; the first that fail."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "main")
        copy_tracked_files(copy)
        plant(fault, copy)
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-m",
            "",
            f"--maxfail={SEEN}",
            *fault.tests,
        ]
        # Before what is installed, also for the processes that the tests start.
        environment = {**os.environ, "PYTHONPATH": str(copy)}
        done = subprocess.run(
            command, cwd=copy, env=environment, capture_output=True, text=True, check=False
        )
    failed = re.findall(r"^(?:FAILED|ERROR) (\S+)", done.stdout, re.MULTILINE)
    if not failed and done.returncode:
        raise RuntimeError(f"the tests did not run: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return failed


def plant(fault: Fault, root: Path) -> None:
    """Put the wrong text in the place of the right one."""
    path = root / "metalearn_lab" / fault.file
    text = path.read_text(encoding="utf-8")
    if text.count(fault.right) != 1:
        raise ValueError(f"{fault.file} does not hold {fault.right!r} once: mend tests/mutations")
    path.write_text(text.replace(fault.right, fault.wrong), encoding="utf-8")


def copy_tracked_files(target: Path) -> None:
    """The repository's files as they are now, without what git ignores."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, listed.split("\0")):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target / name)


if __name__ == "__main__":
    sys.exit(main())
