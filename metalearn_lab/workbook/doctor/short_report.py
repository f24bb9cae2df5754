"""`metalearn-lab doctor`: what is installed, which device, what is missing and how to get it."""

from __future__ import annotations

import platform

from metalearn_lab.workbook.doctor.clone import NO_CLONE, notebooks
from metalearn_lab.workbook.doctor.finding import Finding, State, fail
from metalearn_lab.workbook.doctor.jupyterlab import known_browser
from metalearn_lab.workbook.environment import (
    Installed,
    available_device,
    how_to_install,
    installed_version,
    pip_arguments,
    requirements,
)
from metalearn_lab.workbook.errors import WorkbookError
from metalearn_lab.workbook.folder import notebooks_folder

EXTRAS = {
    "test": "what `make test` needs",
    "book": "what `metalearn-lab book` builds the web site with",
}
NO_BROWSER = "none found: `metalearn-lab lab --no-browser` prints the address to open elsewhere"


def diagnose() -> tuple[str, bool]:
    """The report in plain words, and whether everything required is there."""
    required = requirements()
    missing = [package for package in required if not package.ok]
    chapters = _notebooks()
    if missing:
        verdict = f"The workbook needs more: pip install {pip_arguments(missing)}"
    elif chapters.state is State.FAIL:
        verdict = f"The workbook needs its notebooks: {chapters.to_do}"
    else:
        verdict = "All that the workbook needs is here."
    lines = [
        f"Python {platform.python_version()} on {platform.system()} {platform.machine()}",
        f"Available device: {_device(required)}",
        f"Browser: {known_browser() or NO_BROWSER}",
        f"Embedded text: {_embedded_text()}",
        f"Notebooks: {chapters.found}",
        "",
        f"Required ({len(required) - len(missing)} of {len(required)} in order)",
        *(f"  {_required_line(package)}" for package in required),
        "",
        "Optional",
        *(f"  {_extra_line(name, use)}" for name, use in EXTRAS.items()),
        "",
        verdict,
    ]
    return "\n".join(lines), not missing and chapters.state is not State.FAIL


def _required_line(package: Installed) -> str:
    if package.ok:
        return f"{package.name} {package.found}"
    state = f"{package.found} does not do" if package.found else "missing"
    return f"{package.name}: {state}: pip install {pip_arguments([package])}"


def _extra_line(extra: str, use: str) -> str:
    if lacking := [package.name for package in requirements(extra) if not package.ok]:
        return f"{extra}: lacks {', '.join(lacking)} ({use}): {how_to_install(extra)}"
    return f"{extra}: installed ({use})"


def _device(required: list[Installed]) -> str:
    torch = next(package for package in required if package.name == "torch")
    return f"{available_device()} (torch {torch.found})" if torch.found else "unknown without torch"


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
        return fail("notebooks", str(error), NO_CLONE)
