from types import SimpleNamespace

from metalearn_lab.sweep import progress as module
from metalearn_lab.sweep.progress import Progress
from metalearn_lab.workbook.record import Record

POINTS = [SimpleNamespace(words=f"00_start_here steps={key}", key=key) for key in "12345"]


def ended(key, error=None, **values):
    headlines = [{"text": "", "values": values, "curves": {}}]
    return Record(key, "00_start_here", "", {}, {}, error, "", 2.04, headlines)


def test_the_time_left_is_that_of_the_runs_so_far(monkeypatch):
    now = iter([0.0, 10.0, 30.0, 61.0])
    monkeypatch.setattr(module.time, "monotonic", lambda: next(now))
    progress = Progress(POINTS, {"1": ended("1"), "2": ended("2")})
    lines = [
        progress.count_run(point, ended(point.key, "no" if point.key == "4" else None))
        for point in progress.waiting_points
    ]
    assert lines == [
        "[3/5] 00_start_here steps=3: ok (2.0 s), about 00:20 left",
        "[4/5] 00_start_here steps=4: failed: no (2.0 s), about 00:15 left",
        "[5/5] 00_start_here steps=5: ok (2.0 s)",
    ]
    assert (progress.ran_count, progress.kept_count, progress.failed_count) == (3, 2, 1)


def test_one_that_failed_before_waits_again():
    progress = Progress(POINTS[:2], {"1": ended("1", "no"), "2": ended("2")})
    assert (progress.waiting_points, progress.kept_count) == (POINTS[:1], 1)
    progress.count_run(POINTS[0], ended("1"))
    assert progress.failed_count == 0


def test_a_result_that_is_no_number_is_said():
    line = Progress(POINTS[:1], {}).count_run(POINTS[0], ended("1", loss="nan", accuracy="inf"))
    assert line == "[1/1] 00_start_here steps=1: ok, but not finite: loss, accuracy (2.0 s)"


def test_the_first_and_last_line_count():
    progress = Progress(POINTS[:1], {"1": ended("1")})
    assert progress.first_line() == "1 point, 1 there already"
    assert progress.total_line().startswith("1 point: 0 ran in ")
    assert progress.total_line().endswith(" s, 1 there already, 0 failed")
