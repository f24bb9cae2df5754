"""What `make lab` shows first: a chapter with its contents at the side, and no question."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.server_process import free_port, stop

CHAPTER = "00_start_here.ipynb"


@pytest.fixture
def first_screen(browser: Browser, repository: Path, tmp_path: Path) -> Iterator[tuple[Page, list]]:
    """The page that opens, and what it asked of other hosts; the chapter's source is older."""
    names = [CHAPTER, "images/*", "source/00_start_here.py"]
    for origin in (path for name in names for path in (repository / "notebooks").glob(name)):
        copy = tmp_path / origin.relative_to(repository)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(origin, copy)
    os.utime(tmp_path / "notebooks" / "source" / "00_start_here.py", (0, 0))
    address, token = f"http://127.0.0.1:{free_port()}", "t" * 24
    arguments = ["lab", "--no-browser", "--port", address.rpartition(":")[2]]
    own = {"JUPYTER_TOKEN": token, "JUPYTER_CONFIG_DIR": str(tmp_path / "config")}
    elsewhere: list[str] = []

    def stay_here(route):
        if route.request.url.startswith((address, "data:", "blob:")):
            route.continue_()
        else:
            elsewhere.append(route.request.url)
            route.abort()

    with (tmp_path / "log").open("w") as log, browser.new_context() as context:
        command = [sys.executable, "-m", "metalearn_lab.cli", *arguments]
        process = subprocess.Popen(
            command, cwd=tmp_path, env=os.environ | own, stdout=log, stderr=log
        )
        try:
            context.route("**/*", stay_here)
            page = context.new_page()
            _open(page, f"{address}/lab/tree/notebooks/{CHAPTER}?token={token}")
            yield page, elsewhere
        finally:
            stop(process)


def _open(page: Page, address: str) -> None:
    for _ in range(120):
        try:
            page.goto(address)
        except Exception:
            time.sleep(0.5)  # it has not come up yet
        else:
            return
    pytest.fail("JupyterLab did not come up")


def test_the_contents_are_open_the_first_cells_folded_and_no_question_is_asked(first_screen):
    page, elsewhere = first_screen
    expect(page.locator(".jp-Notebook h1").first).to_contain_text("Start here", timeout=60_000)
    contents = page.locator(".jp-TableOfContents-content")
    expect(contents.first).to_contain_text("A network and a new sinusoid", timeout=30_000)
    expect(page.locator(".jp-Notebook .jp-InputPlaceholder")).to_have_count(2)
    expect(page.locator(".jp-Notebook .jp-OutputPlaceholder").first).to_be_visible()  # an answer
    badge = page.locator(".jp-Notebook img").first
    expect(badge).to_be_visible()
    assert badge.evaluate("image => image.naturalWidth") > 50
    page.wait_for_timeout(3000)  # the question about news came after the page was there
    expect(page.locator(".jp-Dialog, .jp-toastContainer .Toastify__toast")).to_have_count(0)
    assert elsewhere == []
