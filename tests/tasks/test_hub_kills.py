"""Downloads from the hub that are killed end with the table of one that was left in peace."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.long

KILLS = 20


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hub") / "home"


@pytest.fixture(scope="module")
def killed(home: Path, repository: Path) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.tasks.hub_kills", "0", str(KILLS), str(home)],
        cwd=repository,
        env=os.environ | {"HF_HUB_DISABLE_TELEMETRY": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_every_load_that_ends_gives_the_same_table(killed: dict[str, Any]) -> None:
    assert len(killed["kills"]) == KILLS
    assert len(killed["undisturbed"]) == 64
    assert set(killed["answers"]) == {killed["undisturbed"]}


def test_a_kill_never_takes_the_table_that_was_there(killed: dict[str, Any]) -> None:
    """Without a network there is the table, or the plain error where none was finished yet."""
    for kill in killed["kills"]:
        whole = kill["offline"] == killed["undisturbed"]
        assert whole or not kill["had"], kill
        assert whole or kill["offline"].startswith("HubUnavailableError: cannot read"), kill


def test_a_half_made_table_does_not_hide_the_finished_one(killed: dict[str, Any]) -> None:
    half_made = killed["half made"]
    assert half_made["answer"] is None
    assert half_made["left"] == 1
    assert half_made["offline"] == killed["undisturbed"]


def test_every_file_in_the_cache_is_whole(killed: dict[str, Any], home: Path) -> None:
    """A file is named by its hash; interrupted ones have another ending and are never read."""
    blobs = [each for each in home.glob("hub/*/blobs/*") if each.suffix != ".incomplete"]
    assert len(blobs) >= 4
    for each in blobs:
        assert hashlib.sha256(each.read_bytes()).hexdigest() == each.name
