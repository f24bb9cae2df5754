"""A clone with quick chapters, and a cluster for the tests that need one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.small_clone import clone, command_fixture, finished_run, write_chapter_fixture
from tests.sweep.processes import cluster
from tests.sweep.tiny_clone import make_clone

__all__ = ["clone", "command_fixture", "finished_run", "write_chapter_fixture"]


@pytest.fixture
def notebooks(tmp_path: Path) -> Path:
    """The folder of notebooks of a clone."""
    return make_clone(tmp_path / "clone")


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a cluster of two workers."""
    with cluster(tmp_path_factory.mktemp("cluster"), 2) as (address, _):
        yield address
