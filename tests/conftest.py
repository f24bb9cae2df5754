"""What several test folders share."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from hypothesis import settings

from tests.browser.shared_out import MOVED, chapter_of, count
from tests.own_cache import pytest_configure  # noqa: F401

# A busy machine is no failure, so examples have no time limit.
settings.register_profile("lab", deadline=None)
settings.load_profile("lab")


@pytest.fixture(scope="session")
def repository() -> Path:
    """Root folder of the repository."""
    return Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared_data(repository: Path) -> Path:
    """Folder of real published sets beside the repository.

    They are not part of the project, so the tests that need them are skipped elsewhere.
    """
    folder = repository.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"the published data sets are not here: no folder {folder}")
    return folder


@pytest.fixture(scope="session")
def site(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workbook's web site, built by the command, once for all processes of the tests."""
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "site"
    with FileLock(folder.with_suffix(".lock")):
        if not folder.exists():
            command = [sys.executable, "-m", "metalearn_lab.cli", "book", str(folder)]
            subprocess.run(command, cwd=repository, check=True)
    return folder


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """A file of tests goes to one process, and so do all tests of one opened chapter."""
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return chapter_of(nodeid) or super()._split_scope(nodeid)

    return Scheduling(config, log) if config.getoption("dist") == "loadfile" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files begin first, so that no process is left with one when the others have ended."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """How many controls the browser tests have moved."""
    reports = [each for kind in terminalreporter.stats.values() for each in kind]
    properties = [pair for each in reports for pair in getattr(each, "user_properties", ())]
    lines = count(move for name, moves in properties if name == MOVED for move in moves)
    if lines:
        terminalreporter.section(MOVED)
        terminalreporter.write_line("\n".join(lines))
