"""The C compiler: what is said where there is none, or none that works."""

from __future__ import annotations

import os

import pytest

from metalearn_lab.compiled import c_compiler
from metalearn_lab.workbook.doctor.finding import State
from metalearn_lab.workbook.doctor.speed import compiler


@pytest.fixture(autouse=True)
def not_compiled_yet():
    c_compiler.load_library.cache_clear()
    yield
    c_compiler.load_library.cache_clear()


def test_no_compiler_is_slow_and_no_failure(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CC", raising=False)
    finding = compiler()
    assert finding.state is State.WARN
    assert finding.found.startswith("there is no C compiler on this machine")
    assert (
        "Chapters 00, 03, 04 and 05 train their small networks many times slower" in finding.found
    )
    assert "until then take fewer `iterations`" in finding.to_do


def test_a_compiler_that_does_not_work(monkeypatch, tmp_path):
    broken = tmp_path / "cc"
    broken.write_text("#!/bin/sh\necho no headers here >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("CC", str(broken))
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    finding = compiler()
    assert finding.state is State.WARN
    assert "refuses the compiled step: no headers here" in finding.found
