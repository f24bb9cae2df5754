"""Disk, memory and cores: what is said of too little."""

from __future__ import annotations

import os
import shutil
from collections import namedtuple
from pathlib import Path

import psutil
import pytest

from metalearn_lab.workbook.doctor.finding import State
from metalearn_lab.workbook.doctor.machine import cores, disk, memory

Usage = namedtuple("Usage", "total used free")
Memory = namedtuple("Memory", "total available")


@pytest.mark.parametrize(
    ("free", "state", "to_do"),
    [
        (0.05e9, State.FAIL, "free 1 GB there: old runs in runs/"),
        (0.6e9, State.WARN, "a term's sweeps and downloads may take 1 GB"),
        (5e9, State.OK, ""),
    ],
)
def test_a_disk_by_its_free_space(monkeypatch, tmp_path, free, state, to_do):
    monkeypatch.setattr(shutil, "disk_usage", lambda place: Usage(9e9, 9e9 - free, free))
    [finding] = disk({"the notebooks": tmp_path})
    assert finding.state is state
    assert finding.found == f"{free / 1e9:.1f} GB free for the notebooks ({tmp_path})"
    assert finding.to_do.startswith(to_do)


def test_places_on_one_disk_are_one_line_and_others_their_own(monkeypatch, tmp_path):
    device = {"a": 1, "b": 2, "c": 1}
    monkeypatch.setattr(
        Path, "stat", lambda self, **_: namedtuple("Stat", "st_dev")(device[self.name])
    )
    monkeypatch.setattr(
        shutil, "disk_usage", lambda place: Usage(9e9, 0, {"a": 5e9, "b": 0}[place.name])
    )
    places = {
        "the notebooks": tmp_path / "a",
        "the rest": tmp_path / "b",
        "packages": tmp_path / "c",
    }
    first, second = disk(places)
    assert first.found.startswith("5.0 GB free for the notebooks, packages (")
    assert (second.state, second.found[:24]) == (State.FAIL, "0.0 GB free for the rest")


@pytest.mark.parametrize(
    ("free", "state", "to_do"),
    [
        (0.4e9, State.FAIL, "close other programs, above all browser tabs"),
        (1.8e9, State.WARN, "open one chapter at a time"),
        (6e9, State.OK, ""),
    ],
)
def test_memory_by_what_is_free(monkeypatch, free, state, to_do):
    monkeypatch.setattr(psutil, "virtual_memory", lambda: Memory(8e9, free))
    finding = memory()
    assert (finding.state, finding.found) == (state, f"{free / 1e9:.1f} of 8.0 GB free")
    assert finding.to_do.startswith(to_do)


@pytest.mark.parametrize(
    ("usable", "busy", "state", "to_do"),
    [
        ({3}, 4.0, State.WARN, "one core does, but while a chapter trains all else waits"),
        ({0, 1}, 97.4, State.WARN, "end what else computes here, or everything takes longer"),
        ({0, 1}, 40.0, State.OK, ""),
    ],
)
def test_few_or_busy_cores(monkeypatch, usable, busy, state, to_do):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: usable, raising=False)
    monkeypatch.setattr(psutil, "cpu_percent", lambda interval: busy)
    finding = cores()
    assert finding.found == f"{len(usable)} usable, {busy:.0f} % busy now"
    assert (finding.state, finding.to_do) == (state, to_do)


def test_this_machine_is_looked_at(tmp_path):
    [finding] = disk({"this": tmp_path})
    assert f"({tmp_path})" in finding.found
    assert "GB free" in memory().found
    assert "usable" in cores().found
