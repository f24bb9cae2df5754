"""The report of all checks: every line is there, and the status follows from them."""

from __future__ import annotations

import re
import socket
import threading

import pytest
from typer.testing import CliRunner

from metalearn_lab import cli
from metalearn_lab.workbook.doctor import class_report as module
from metalearn_lab.workbook.doctor import machine
from metalearn_lab.workbook.doctor.class_report import class_report
from metalearn_lab.workbook.doctor.finding import State, fail, ok, warn
from metalearn_lab.workbook.doctor.jupyterlab import browser
from metalearn_lab.workbook.doctor.machine import network
from metalearn_lab.workbook.errors import WorkbookError

CHECKS = (
    *("python", "packages", "notebooks", "memory", "cores", "ports", "browser", "compiler"),
    *("gpu", "kernel", "speed", "text_encoding", "clock", "network"),
)


@pytest.fixture
def quick(monkeypatch):
    """Every check fine and at once; a test replaces the one that it is about."""
    for name in CHECKS:
        monkeypatch.setattr(module, name, lambda *_, name=name: ok(name, "fine"))
    return lambda name, finding: monkeypatch.setattr(module, name, lambda *_: finding)


def test_every_check_has_its_line(quick):
    report, ready = class_report()
    assert ready
    assert report.endswith("\n\nReady for the class.")
    subjects = [line.split()[1] for line in report.splitlines() if line.startswith("ok ")]
    assert set(subjects) == {*CHECKS, "disk"}


def test_a_warning_is_worth_a_look(quick):
    quick("gpu", warn("GPU", "asleep", "wake it"))
    report, ready = class_report()
    assert ready
    assert re.search(r"^warn  GPU +asleep\n +-> wake it$", report, re.MULTILINE)
    assert report.endswith("Ready. Worth a look: GPU.")


def test_a_failure_is_in_the_status(quick):
    quick("memory", fail("memory", "none", "buy some"))
    result = CliRunner().invoke(cli.app, ["doctor", "--class"])
    assert result.exit_code == 1
    assert "FAIL  memory         none\n" in result.output
    assert result.output.endswith("Not ready: first mend memory, as said above.\n")


def test_a_check_that_cannot_look_is_a_failure_and_the_others_go_on(quick, monkeypatch):
    def broken():
        raise ModuleNotFoundError("No module named 'torch'")

    monkeypatch.setattr(module, "gpu", broken)
    report, ready = class_report()
    assert not ready
    assert "cannot be looked at: ModuleNotFoundError: No module named 'torch'" in report
    assert "ok    network" in report


def test_without_a_clone_the_machine_is_looked_at_all_the_same(quick, monkeypatch):
    def none():
        raise WorkbookError("no notebooks in /here or above it")

    monkeypatch.setattr(module, "notebooks_folder", none)
    report, ready = class_report()
    assert not ready
    assert "FAIL  notebooks      no notebooks in /here or above it" in report
    assert "ok    memory" in report


def test_the_compiler_decides_how_the_speed_is_reckoned(quick, monkeypatch):
    given = []
    monkeypatch.setattr(module, "speed", lambda compiled: given.append(compiled) or ok("speed", ""))
    class_report()
    quick("compiler", warn("C compiler", "none", "install one"))
    class_report()
    assert given == [True, False]


def test_no_browser(monkeypatch):
    monkeypatch.setattr("shutil.which", lambda _: None)
    assert browser().state is State.WARN
    assert "`metalearn-lab lab --no-browser`" in browser().to_do


def test_a_network_and_none(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as hub:
        monkeypatch.setattr(machine, "HUB", hub.getsockname())
        assert network().found == '127.0.0.1 reached, for source="hub"'
    assert network().state is State.OK
    assert network().found.startswith("127.0.0.1 not reached: all runs without it")


def test_a_network_that_answers_nothing_is_not_waited_for(monkeypatch):
    released = threading.Event()

    def silent(*_, **__):
        released.wait(30)
        raise TimeoutError

    monkeypatch.setattr(machine, "HUB_SECONDS", 0.05)
    monkeypatch.setattr(socket, "create_connection", silent)
    assert "not reached" in network().found
    assert not released.is_set()
    released.set()
