"""Install packages into the environment of the Python that runs this: as `pip install`, by uv.

    .venv/bin/python .ci/install.py -c constraints.txt -e .

uv takes seconds where pip takes minutes. It comes from the package index into ``build/uv``, so
that no environment holds more than was asked for. What pip was told by its configuration files and
its environment variables is handed on to uv: where packages come from, and which. Where uv cannot
be had or fails, or one of those settings cannot be handed on, pip does it, and a line says why.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "build" / "uv"
UV = FOLDER / "bin" / "uv"
VERSIONS = "uv>=0.8,<1"
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check"]

# pip asks every index for the newest version that fits; uv would stop at the first that has any.
AS_PIP = ["--index-strategy", "unsafe-best-match"]
# How uv is told pip's settings: by flags for one or more values, by switches, by variables.
VALUES = {
    "constraint": "-c",
    "extra-index-url": "--extra-index-url",
    "find-links": "--find-links",
    "index-url": "--index-url",
    "trusted-host": "--allow-insecure-host",
}
SWITCHES = {"no-cache-dir": "--no-cache", "no-index": "--no-index"}
VARIABLES = {
    "cert": ("SSL_CERT_FILE",),
    "client-cert": ("SSL_CLIENT_CERT",),
    "default-timeout": ("UV_HTTP_TIMEOUT",),
    "proxy": ("HTTP_PROXY", "HTTPS_PROXY"),
    "timeout": ("UV_HTTP_TIMEOUT",),
}
# These choose no package: what pip writes, asks and keeps.
OF_PIP_ALONE = {
    "break-system-packages",
    "cache-dir",
    "compile",
    "config-file",
    "disable-pip-version-check",
    "exists-action",
    "log",
    "no-color",
    "no-compile",
    "no-input",
    "no-python-version-warning",
    "no-warn-script-location",
    "prefer-binary",
    "progress-bar",
    "quiet",
    "require-virtualenv",
    "resume-retries",
    "retries",
    "root-user-action",
    "verbose",
}
WEAK_TO_STRONG = ("global", "install", ":env:")
OFF = {"", "0", "n", "no", "f", "false", "off"}


def main(arguments: list[str]) -> int:
    """Install; the exit status of what did it."""
    why_not = _by_uv(arguments)
    if why_not is None:
        return 0
    sys.stderr.write(f"installing with pip, which takes minutes: {why_not}\n")
    return subprocess.run([*PIP, "install", "--no-compile", *arguments], check=False).returncode


def _by_uv(arguments: list[str]) -> str | None:
    """Install with uv; why it was not possible, or ``None``."""
    settings = pip_settings()
    unknown = settings.keys() - {*VALUES, *SWITCHES, *VARIABLES, *OF_PIP_ALONE}
    if unknown:
        return f"it was told {', '.join(sorted(unknown))}, which is not handed on to uv"
    if not _runs(UV) and (not _fetched() or not _runs(UV)):
        return "uv cannot be had here"
    command = [UV, "pip", "install", "--python", sys.executable, *AS_PIP, *flags(settings)]
    environment = os.environ | variables(settings)
    done = subprocess.run([*command, *arguments], env=environment, check=False)
    return f"uv ended with status {done.returncode}" if done.returncode else None


def _fetched() -> bool:
    fetch = [*PIP, "install", "--quiet", "--upgrade", "--target", FOLDER, VERSIONS]
    return subprocess.run(fetch, check=False).returncode == 0


def _runs(program: Path) -> bool:
    try:
        done = subprocess.run([program, "--version"], capture_output=True, check=False)
    except OSError:
        return False
    return done.returncode == 0


def pip_settings() -> dict[str, str]:
    """What `pip install` takes from its files and variables, by name; the strongest of each."""
    listed = subprocess.run([*PIP, "config", "list"], capture_output=True, text=True, check=True)
    found = {}
    for line in listed.stdout.splitlines():
        place, _, value = line.partition("=")
        section, _, name = place.partition(".")
        found[section, name] = ast.literal_eval(value)
    return {
        name: value
        for wanted in WEAK_TO_STRONG
        for (section, name), value in found.items()
        if section == wanted
    }


def flags(settings: Mapping[str, str]) -> list[str]:
    """Flags of uv for pip's settings; a flag wins over uv's own files and variables."""
    several = [
        word
        for name, flag in VALUES.items()
        for value in settings.get(name, "").split()
        for word in (flag, value)
    ]
    on = {name for name, value in settings.items() if value.strip().lower() not in OFF}
    return several + [flag for name, flag in SWITCHES.items() if name in on]


def variables(settings: Mapping[str, str]) -> dict[str, str]:
    """Environment variables for those of pip's settings that uv takes from there."""
    return {
        variable: settings[name]
        for name, names in VARIABLES.items()
        if name in settings
        for variable in names
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
