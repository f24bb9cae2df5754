"""The speed of the machine, and the times of the chapters that follow from it."""

from __future__ import annotations

import pytest

from metalearn_lab.workbook.chapters import CHAPTERS
from metalearn_lab.workbook.doctor import speed as module
from metalearn_lab.workbook.doctor.finding import State
from metalearn_lab.workbook.doctor.speed import STEP_MS, chapter_times, speed, step_milliseconds


@pytest.fixture
def step(monkeypatch):
    """Say how long a step takes, in milliseconds."""
    return lambda value: monkeypatch.setattr(module, "step_milliseconds", lambda: value)


def shown(finding):
    """The time of each chapter as it is said."""
    words = finding.found.rpartition("takes about: ")[2].split(", ")
    return dict(each.split(" ", 1) for each in words)


def test_every_chapter_has_its_time():
    """One that is new is added to chapter_seconds.csv from a run on a quiet machine."""
    assert [each.chapter for each in chapter_times()] == [f"{each.number:02d}" for each in CHAPTERS]
    assert all(5 <= each.seconds <= 300 for each in chapter_times())


def test_on_a_machine_like_that_of_the_table_the_times_are_those_of_the_table(step):
    step(STEP_MS)
    finding = speed(compiled=True)
    assert finding.state is State.OK
    assert "1.0 times that of the machine" in finding.found
    for each in chapter_times():
        number, unit = shown(finding)[each.chapter].split()
        seconds = int(number) * (60 if unit == "min" else 1)
        assert each.seconds - 10 < seconds < each.seconds + 61


def test_a_slow_machine_is_told_what_to_divide_by(step):
    step(4 * STEP_MS)
    finding = speed(compiled=True)
    assert finding.state is State.WARN
    assert "divide the `iterations` of the parameters cell by 4" in finding.to_do


def test_without_a_compiler_what_is_compiled_takes_longer_and_the_rest_does_not(step):
    step(STEP_MS)
    with_one, without = shown(speed(compiled=True)), shown(speed(compiled=False))
    assert int(without["03"].removesuffix(" min")) >= 4 + int(with_one["03"].removesuffix(" min"))
    assert without["01"] == with_one["01"]


def test_a_step_is_timed():
    assert 0.1 < step_milliseconds(budget=0.05) < 1000
