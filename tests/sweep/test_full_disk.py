"""A disk that fills during a run: it is said, what has ended is kept, and the run goes on later."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from metalearn_lab.workbook.record import read_record
from tests.sweep.run_here import folders_of

pytestmark = pytest.mark.long

WRITES_MUCH = """\
# %%
import os
print(os.urandom(400_000).hex())
"""

# A disk of one megabyte that nobody else sees. What was kept is copied off it at the end.
ON_A_SMALL_DISK = """
set -eu
mkdir small && mount -t tmpfs -o size=1m none small
"$@" || echo "status $?"
mount -o remount,size=50m small
"$@"
cp -r small kept
"""


def can_mount() -> bool:
    """Whether this user may have a small disk of its own."""
    trial = ["unshare", "--mount", "--map-root-user", "mount", "-t", "tmpfs", "none", "/mnt"]
    try:
        return subprocess.run(trial, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


@pytest.mark.skipif(not can_mount(), reason="only Linux users who may mount can fill a disk")
def test_a_full_disk_is_said_and_with_room_the_run_goes_on(tmp_path, write_chapter):
    write_chapter(tmp_path / "notebooks", "00_start_here", "# %%\nprint('little')\n")
    write_chapter(tmp_path / "notebooks", "01_tasks_and_episodes", WRITES_MUCH)
    own_disk = ["unshare", "--mount", "--map-root-user", "bash", "-c", ON_A_SMALL_DISK, "bash"]
    run = [sys.executable, "-m", "metalearn_lab.cli", "run", "00", "01", "--out", "small"]
    process = subprocess.run(
        [*own_disk, *run],
        cwd=tmp_path,
        env=os.environ | {"COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    before, _, after = process.stdout.partition("\nstatus ")
    assert "No space left on device" in before + process.stderr
    assert "Traceback" not in process.stderr
    assert "2 points, 1 there already" in process.stderr
    assert "0 failed" in after
    assert after.count("failed") == 1
    for name in ("00_start_here", "01_tasks_and_episodes"):
        folder = folders_of(tmp_path / "kept")[name]
        assert read_record(folder / "run.json").status == "ok"
    assert not list((tmp_path / "kept").rglob("*.tmp"))
