"""Chapters need no network, and nothing that another chapter left.

Three run one after the other in a shuffled order, and in the reverse order in another folder. A
chapter that took something from another would find it there in one of the two runs only.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.chapter_runs import ROOT

NUMBERS = random.Random(5).sample(["00", "01", "06"], 3)
NO_NETWORK = ("unshare", "--net", "--map-root-user")

pytestmark = [pytest.mark.notebook, pytest.mark.long]


def can_unshare() -> bool:
    """Whether this user may have a network of its own, with nothing in it."""
    try:
        return (
            subprocess.run([*NO_NETWORK, "true"], capture_output=True, check=False).returncode == 0
        )
    except FileNotFoundError:
        return False


def run(folder: Path, numbers: list[str]) -> dict[str, Any]:
    alone = NO_NETWORK if can_unshare() else ()
    done = subprocess.run(
        [*alone, sys.executable, "-m", "tests.notebooks.chapters_in_order", str(folder), *numbers],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def shuffled(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return run(tmp_path_factory.mktemp("shuffled"), NUMBERS)


@pytest.fixture(scope="module")
def reverse(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return run(tmp_path_factory.mktemp("reverse"), NUMBERS[::-1])


@pytest.mark.parametrize("number", NUMBERS)
def test_a_chapter_says_the_same_whatever_ran_before_it(
    shuffled: dict[str, Any], reverse: dict[str, Any], number: str
) -> None:
    here, there = shuffled["checked"][number], reverse["checked"][number]
    assert len(here) >= 3
    assert all(here.values())
    assert here == there


@pytest.mark.skipif(not can_unshare(), reason="this user may not take the network away")
def test_it_was_run_without_a_network_and_the_hubs_source_says_what_to_do(
    shuffled: dict[str, Any],
) -> None:
    assert shuffled["interfaces"] == ["lo"]
    assert shuffled["hub"].startswith("cannot read 'clinc/clinc_oos' from the hub: ")
    assert 'Without a network use source="embedded"' in shuffled["hub"]
