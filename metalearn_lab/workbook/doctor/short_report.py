"""`metalearn-lab doctor`: what is installed, which device, what is missing and how to get it."""

from __future__ import annotations

import platform
import shutil

from metalearn_lab.workbook.doctor.browser import BROWSERS
from metalearn_lab.workbook.doctor.finding import Finding, State, fail
from metalearn_lab.workbook.doctor.notebooks import notebooks
from metalearn_lab.workbook.environment import (
    DISTRIBUTION,
    Installed,
    available_device,
    installed_version,
    requirements,
)
from metalearn_lab.workbook.errors import WorkbookError
from metalearn_lab.workbook.folder import notebooks_folder

EXTRAS = {
    "test": "what `make test` needs",
    "book": "what `metalearn-lab book` builds the web site with",
    "sentences": "a frozen pretrained sentence encoder, its weights inside the package",
}


def diagnose() -> tuple[str, bool]:
    """The report in plain words, and whether everything required is there."""
    required = requirements()
    missing = [each for each in required if not each.ok]
    chapters = _notebooks()
    lines = [
        f"Python {platform.python_version()} on {platform.system()} {platform.machine()}",
        f"Available device: {_device(required)}",
        f"Browser: {_browser()}",
        f"Embedded text: {_embedded_text()}",
        f"Notebooks: {chapters.found}",
        "",
        f"Required ({len(required) - len(missing)} of {len(required)} in order)",
        *(f"  {_line(each)}" for each in required),
        "",
        "Optional",
        *(f"  {_extra_line(name, use)}" for name, use in EXTRAS.items()),
        "",
        _verdict(missing, chapters),
    ]
    return "\n".join(lines), not missing and chapters.state is not State.FAIL


def _line(each: Installed) -> str:
    if each.ok:
        return f"{each.name} {each.found}"
    state = "missing" if each.found is None else f"{each.found} does not do"
    return f"{each.name}: {state}: pip install '{each.name}{each.wanted}'"


def _extra_line(extra: str, use: str) -> str:
    lacking = [each.name for each in requirements(extra) if not each.ok]
    if not lacking:
        return f"{extra}: installed ({use})"
    return (
        f"{extra}: lacks {', '.join(lacking)} ({use}): pip install '{DISTRIBUTION}[{extra}]', "
        f"or in a clone: pip install -c constraints.txt -e '.[{extra}]'"
    )


def _device(required: list[Installed]) -> str:
    torch = next(each for each in required if each.name == "torch")
    return f"{available_device()} (torch {torch.found})" if torch.found else "unknown without torch"


def _browser() -> str:
    found = next((name for name in BROWSERS if shutil.which(name)), None)
    if found:
        return found
    return "none found: `metalearn-lab lab --no-browser` prints the address to open elsewhere"


def _embedded_text() -> str:
    version = installed_version("home-assistant-intents")
    if version is None:
        return "missing: pip install home-assistant-intents hassil"
    from home_assistant_intents import get_languages

    return f"home-assistant-intents {version}, {len(get_languages())} languages, no network needed"


def _notebooks() -> Finding:
    try:
        return notebooks(notebooks_folder())
    except WorkbookError as error:
        return fail("notebooks", str(error), "git clone the repository and run this inside it")


def _verdict(missing: list[Installed], chapters: Finding) -> str:
    if not missing and chapters.state is State.FAIL:
        return f"The workbook needs its notebooks: {chapters.to_do}"
    if not missing:
        return "All that the workbook needs is here."
    wanted = " ".join(f"'{each.name}{each.wanted}'" for each in missing)
    return f"The workbook needs more: pip install {wanted}"
