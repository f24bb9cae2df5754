"""A browser to show JupyterLab in."""

from __future__ import annotations

import shutil

from metalearn_lab.workbook.doctor.finding import Finding, ok, warn

BROWSERS = ("chromium", "google-chrome", "chromium-browser", "firefox", "open", "xdg-open")


def browser() -> Finding:
    """The first one that is known by name."""
    found = next((name for name in BROWSERS if shutil.which(name)), None)
    if found:
        return ok("browser", found)
    return warn(
        "browser",
        "none found",
        "install Firefox or Chrome; from another machine: `metalearn-lab lab --no-browser` and "
        "an SSH tunnel",
    )
