"""Fixtures: one browser and one JupyterLab for all tests, each chapter opened and run once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from metalearn_lab.workbook.chapters import CHAPTERS
from metalearn_lab.workbook.views import View
from tests.browser.chapter import OpenChapter, open_chapter
from tests.browser.driver import (
    CHROMIUM,
    NO_CHROMIUM,
    Lab,
    Server,
    look_at,
    start_browser,
    start_server,
)
from tests.browser.shared_out import MOVED
from tests.chapter_runs import exercise_cells


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test here needs a browser, and all but each explorer once are left to `test-all`."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if item.path.stem != "test_each_explorer":
                item.add_marker(pytest.mark.long)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium; a machine without one skips, but CI fails."""
    if CHROMIUM is None:
        pytest.fail(NO_CHROMIUM) if os.environ.get("CI") else pytest.skip(NO_CHROMIUM)
    with start_browser() as browser:
        yield browser


@pytest.fixture(scope="session")
def server(browser: Browser) -> Iterator[Server]:
    """JupyterLab; asked for after the browser, since without one it is of no use."""
    with start_server() as server:
        yield server


@pytest.fixture
def lab(server: Server, browser: Browser) -> Iterator[Lab]:
    """A fresh profile on the running JupyterLab; nothing outside this machine can be reached."""
    with look_at(server, browser) as lab:
        yield lab


@pytest.fixture(scope="session")
def chapter(
    request: pytest.FixtureRequest,
    server: Server,
    browser: Browser,
    repository: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[OpenChapter]:
    """The chapter that the test is parametrized with, run once for the tests of all files.

    Its exercises are unsolved, as a reader finds them; their solutions are run after it.
    """
    name = request.param
    [here] = [each for each in CHAPTERS if each.name == name]
    solved = exercise_cells(here, View.SOLUTION)
    source = repository / "notebooks" / "source" / f"{name}.py"
    folder = tmp_path_factory.mktemp(name)
    with (
        look_at(server, browser) as lab,
        open_chapter(lab, source, folder, after=solved) as opened,
    ):
        yield opened


@pytest.fixture(autouse=True)
def _report_moves(request: pytest.FixtureRequest) -> Iterator[None]:
    """The test's report says which controls it moved; `tests/conftest.py` counts them."""
    if "chapter" not in request.fixturenames:
        yield
        return
    opened: OpenChapter = request.getfixturevalue("chapter")
    before = len(opened.moves)
    yield
    name = opened.notebook.file.stem
    moved = [[name, *move] for move in opened.moves[before:]]
    request.node.user_properties.append((MOVED, moved))
