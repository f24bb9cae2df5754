"""The installer: uv is told what pip was told, and pip does it where uv cannot.

Its own process runs, with stand-ins: a module ``pip`` that stands before pip and a program ``uv``,
which note how they were called. One test asks pip itself for its settings.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[1] / ".ci" / "install.py"
UV = """\
#!/bin/sh
[ "$1" = --version ] && exit 0
echo "uv $*" >> "{log}"
env | grep -E '^(SSL_CERT_FILE|UV_HTTP_TIMEOUT|HTTPS_PROXY)=' | sort >> "{log}"
exit {status}
"""
PIP = """\
import pathlib, sys
_, *words = sys.argv[1:]
with open({log!r}, "a") as log:
    if words == ["config", "list"]:
        sys.stdout.write(pathlib.Path({settings!r}).read_text())
    elif "--target" in words:
        log.write("fetch uv\\n")
        folder = pathlib.Path(words[words.index("--target") + 1], "bin")
        if {uv!r}:
            folder.mkdir(parents=True)
            (folder / "uv").write_text({uv!r})
            (folder / "uv").chmod(0o755)
        sys.exit(not {uv!r})
    else:
        log.write("pip " + " ".join(words) + "\\n")
"""


@pytest.fixture
def installs(tmp_path):
    """What was called when it installs, with these lines of `pip config list`, and what was said.

    ``uv`` is the status that the stand-in ends with, or ``None`` where there is none to be had.
    """
    (tmp_path / "tools").mkdir()
    shutil.copy(SCRIPT, tmp_path / "tools")
    log, settings = tmp_path / "log", tmp_path / "settings"

    def _installs(*lines, uv=0, **environment):
        settings.write_text("\n".join(lines))
        (tmp_path / "fakes" / "pip").mkdir(parents=True, exist_ok=True)
        (tmp_path / "fakes" / "pip" / "__init__.py").touch()
        program = "" if uv is None else UV.format(log=log, status=uv)
        (tmp_path / "fakes" / "pip" / "__main__.py").write_text(
            PIP.format(log=str(log), settings=str(settings), uv=program)
        )
        done = run(tmp_path, PYTHONPATH=str(tmp_path / "fakes"), **environment)
        assert done.returncode == 0, done.stderr
        return log.read_text().splitlines(), done.stderr

    return _installs


def run(folder, **environment):
    return subprocess.run(
        [sys.executable, "tools/install.py", "-c", "pins.txt", "-e", "."],
        cwd=folder,
        env={k: v for k, v in os.environ.items() if not k.startswith(("PIP_", "UV_"))}
        | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def told(call):
    """The words that uv was given between its own first ones and ours."""
    words = call.split()
    first = ["uv", "pip", "install", "--python", sys.executable]
    first += ["--index-strategy", "unsafe-best-match"]
    assert words[: len(first)] == first
    assert words[-4:] == ["-c", "pins.txt", "-e", "."]
    return " ".join(words[len(first) : -4])


def test_uv_is_fetched_once_and_installs_into_this_python(installs):
    (fetch, call, *_), said = installs()
    assert fetch == "fetch uv"
    assert told(call) == ""
    assert said == ""
    assert [line.split()[0] for line in installs()[0]].count("fetch") == 1


def test_where_packages_come_from_and_which_is_handed_on(installs):
    (_, call, *variables), said = installs(
        "global.find-links='/wheels https://host/w'",
        "global.index-url='https://host/simple'",
        "install.extra-index-url='\\nfile:///a/simple\\nfile:///b/simple'",
        "global.constraint='limits.txt'",
        "global.trusted-host='host'",
        "global.no-index='false'",
        "global.cert='/certs.pem'",
        "global.timeout='90'",
        ":env:.proxy='http://proxy:1'",
        ":env:.disable-pip-version-check='1'",
        SSL_CERT_FILE="/another.pem",
        UV_FIND_LINKS="/not/these",
    )
    assert told(call) == (
        "-c limits.txt --extra-index-url file:///a/simple --extra-index-url file:///b/simple "
        "--find-links /wheels --find-links https://host/w --index-url https://host/simple "
        "--allow-insecure-host host"
    )
    assert variables == [
        "HTTPS_PROXY=http://proxy:1",
        "SSL_CERT_FILE=/certs.pem",
        "UV_HTTP_TIMEOUT=90",
    ]
    assert said == ""


def test_a_variable_wins_over_a_file_and_install_over_all_commands(installs):
    (_, call, *_), _ = installs(
        ":env:.find-links='/third'",
        "install.find-links='/second'",
        "global.find-links='/first'",
        "install.no-index='yes'",
        "global.no-index='no'",
        "download.index-url='https://of/another/command'",
    )
    assert told(call) == "--find-links /third --no-index"


def test_what_cannot_be_handed_on_is_left_to_pip_and_said(installs):
    calls, said = installs("global.only-binary=':all:'", ":env:.pre='1'")
    assert calls == ["pip install --no-compile -c pins.txt -e ."]
    assert said.startswith("installing with pip, which takes minutes: it was told only-binary, pre")


def test_where_there_is_no_uv_pip_installs_and_it_is_said(installs):
    calls, said = installs(uv=None)
    assert calls == ["fetch uv", "pip install --no-compile -c pins.txt -e ."]
    assert "installing with pip, which takes minutes: uv cannot be had here" in said


def test_where_uv_fails_pip_installs_and_it_is_said(installs):
    calls, said = installs(uv=2)
    assert [each.split()[0] for each in calls if "=" not in each] == ["fetch", "uv", "pip"]
    assert "installing with pip, which takes minutes: uv ended with status 2" in said


def test_pip_itself_lists_its_settings_as_they_are_read_here(tmp_path):
    """A uv that is there already notes what it is told by a real pip's files and variables."""
    (tmp_path / "tools").mkdir()
    shutil.copy(SCRIPT, tmp_path / "tools")
    uv, log = tmp_path / "build" / "uv" / "bin" / "uv", tmp_path / "log"
    uv.parent.mkdir(parents=True)
    uv.write_text(UV.format(log=log, status=0))
    uv.chmod(0o755)
    (tmp_path / "pip.conf").write_text(
        "[global]\nfind_links = /first\nextra-index-url =\n    file:///it's\n    file:///b\n"
        "constraint = limits.txt\nindex-url = https://host/simple\ncert = /certs.pem\n"
    )
    done = run(tmp_path, PIP_CONFIG_FILE=str(tmp_path / "pip.conf"), PIP_FIND_LINKS="/a /b")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    call, *variables = log.read_text().splitlines()
    assert told(call) == (
        "-c limits.txt --extra-index-url file:///it's --extra-index-url file:///b "
        "--find-links /a --find-links /b --index-url https://host/simple"
    )
    assert "SSL_CERT_FILE=/certs.pem" in variables
