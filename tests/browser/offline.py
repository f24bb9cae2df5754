"""Pages opened from a disk in a browser that can reach nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, Page

from tests.browser.driver import ACTION_MILLISECONDS


@dataclass
class Reader:
    """A page of a folder, and what went wrong on it: complaints, and calls to other hosts."""

    page: Page
    site: Path
    faults: list[str] = field(default_factory=list)

    def open(self, name: str) -> None:
        self.page.goto((self.site / name).as_uri())


@contextmanager
def reader(browser: Browser, site: Path, width: int = 1280) -> Iterator[Reader]:
    with browser.new_context(viewport={"width": width, "height": 900}) as context:
        context.set_default_timeout(ACTION_MILLISECONDS)
        opened = Reader(context.new_page(), site)

        def stay_here(route):
            if route.request.url.startswith((site.as_uri(), "data:")):
                route.continue_()
            else:
                opened.faults.append(f"asks for {route.request.url}")
                route.abort()

        context.route("**/*", stay_here)
        opened.page.on(
            "console",
            lambda said: opened.faults.append(said.text) if said.type == "error" else None,
        )
        opened.page.on("pageerror", lambda error: opened.faults.append(str(error)))
        yield opened
