"""A hub that goes away, and a disk that fills, on the way: what is said, and what is kept."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tasks.hub_kills import files_of
from tests.tasks.hub_stub import CONFIG, Hub, serve

pytestmark = pytest.mark.long

# The client's seconds of waiting between its attempts prove nothing.
BEGIN = """
import types
from huggingface_hub import file_download, utils
from tests.tasks.hub_client import digest
file_download.time = utils._http.time = types.SimpleNamespace(sleep=lambda _: None)
"""

GOES_AWAY = f"""{BEGIN}
from metalearn_lab.tasks.sources import HubUnavailableError
try:
    digest()
except HubUnavailableError as error:
    print(error, flush=True)
input()
print(digest(), digest())
"""

FILLS = f"""{BEGIN}
import os, subprocess
from pathlib import Path
folder, megabytes, free = Path(os.environ["HF_HOME"]).parent, 4, int(os.environ["FREE"])
subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={{megabytes}}m", "none", folder], check=True)
ballast = folder / "ballast"
ballast.write_bytes(bytes(megabytes * 2**20 - free))
try:
    digest()
except OSError as error:
    print(type(error).__name__, error)
ballast.unlink()
left = [each for each in folder.rglob("*.incomplete") if each.exists()]
print(len(left), digest())
"""


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return files_of(0)


@pytest.fixture
def hub(files: dict[str, bytes]) -> Iterator[Hub]:
    with serve(Hub(files)) as served:
        yield served


def start(hub: Hub, home: Path, code: str, *before: str, **more: str) -> subprocess.Popen[str]:
    """A Python that finds this hub, as a user's does with its own folder for the caches."""
    hub_of_user = {"HF_ENDPOINT": hub.endpoint, "HF_HOME": str(home), "PYTHONPATH": str(Path.cwd())}
    return subprocess.Popen(
        [*before, sys.executable, "-c", code],
        env=os.environ | hub_of_user | more,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_hub_that_goes_away_is_one_error_and_later_the_rest_is_fetched(
    hub: Hub, tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository)
    first = f"{CONFIG}/test-00000-of-00001.parquet"
    hub.cut_after = sum(map(len, hub.files.values())) - len(hub.files[first]) // 2
    process = start(hub, tmp_path / "home", GOES_AWAY)
    assert process.stdout is not None
    said = process.stdout.readline()
    hub.cut_after = None
    whole, complaints = process.communicate("\n", timeout=120)
    assert process.returncode == 0, complaints
    assert said.startswith("cannot read 'lab/small' from the hub: ")
    assert "run this again: the files that arrived whole are kept" in said
    assert 'Without a network use source="embedded"' in said
    once, again = whole.split()
    assert once == again
    assert len(once) == 64


def can_mount() -> bool:
    """Whether this user may have a small disk of its own."""
    trial = ["unshare", "--mount", "--map-root-user", "mount", "-t", "tmpfs", "none", "/mnt"]
    try:
        return subprocess.run(trial, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("free", [60_000, 150_000], ids=["on a download", "on the table"])
@pytest.mark.skipif(not can_mount(), reason="only Linux users who may mount can fill a disk")
def test_a_full_disk_is_named_with_what_to_do_and_then_the_load_succeeds(
    hub: Hub, tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch, free: int
) -> None:
    monkeypatch.chdir(repository)
    own_disk = ("unshare", "--mount", "--map-root-user")
    process = start(hub, tmp_path / "home", FILLS, *own_disk, FREE=str(free))
    said, complaints = process.communicate(timeout=120)
    assert process.returncode == 0, complaints
    message, afterwards = said.splitlines()
    assert message.startswith("OSError [Errno 28] no space left for the hub data set 'lab/small' (")
    assert "`hf cache prune` removes interrupted downloads" in message
    assert "set HF_HOME to a folder on another disk" in message
    assert str(tmp_path) in message
    left, digest = afterwards.split()
    assert left == "0"
    assert len(digest) == 64
