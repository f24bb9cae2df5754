"""Python, its text and its clock: what is said of the wrong ones."""

from __future__ import annotations

import locale
import platform
import struct
import time

import pytest

from metalearn_lab.workbook.doctor.finding import State
from metalearn_lab.workbook.doctor.interpreter import clock, python, text_encoding


@pytest.mark.parametrize("version", ["3.10.12", "3.14.0"])
def test_an_unsupported_python(monkeypatch, version):
    monkeypatch.setattr(platform, "python_version", lambda: version)
    finding = python()
    assert finding.state is State.FAIL
    assert finding.found.startswith(f"{version}, 64 bit, ")
    assert finding.found.endswith("the workbook needs 64 bit and <3.14,>=3.11")
    assert finding.to_do.startswith("install a 64-bit Python 3.11, 3.12 or 3.13")


def test_a_32_bit_python(monkeypatch):
    monkeypatch.setattr(struct, "calcsize", lambda _: 4)
    finding = python()
    assert finding.state is State.FAIL
    assert ", 32 bit, " in finding.found


def test_this_python_is_fine():
    assert python().state is State.OK


def test_another_encoding(monkeypatch):
    monkeypatch.setattr(locale, "getpreferredencoding", lambda _: "cp1252")
    finding = text_encoding()
    assert finding.state is State.WARN
    assert finding.found.startswith("not UTF-8 but cp1252")
    assert "PYTHONUTF8=1" in finding.to_do


def test_a_clock_that_is_behind(monkeypatch):
    assert clock().state is State.OK
    monkeypatch.setattr(time, "time", lambda: 86_400.0)
    finding = clock()
    assert finding.state is State.WARN
    assert finding.found.startswith("1970-01-0")
    assert finding.to_do.startswith("set the date")
