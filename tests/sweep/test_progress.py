from types import SimpleNamespace

from metalearn_lab.sweep import progress as module
from metalearn_lab.sweep.progress import Progress

POINT = SimpleNamespace(words="00_start_here steps=3")


def ended(error=None, not_finite=()):
    status = "failed" if error else "ok"
    return SimpleNamespace(error=error, status=status, seconds=2.04, not_finite=not_finite)


def test_the_time_left_is_that_of_the_runs_so_far(monkeypatch):
    now = iter([0.0, 10.0, 30.0, 61.0])
    monkeypatch.setattr(module.time, "monotonic", lambda: next(now))
    progress = Progress(points=5, kept=2, begin=next(now))
    place = "00_start_here steps=3"
    assert progress.line(POINT, ended()) == f"[3/5] {place}: ok (2.0 s), about 00:20 left"
    assert (
        progress.line(POINT, ended("no")) == f"[4/5] {place}: failed: no (2.0 s), about 00:15 left"
    )
    assert progress.line(POINT, ended()) == f"[5/5] {place}: ok (2.0 s)"
    assert (progress.ran, progress.kept, progress.failed) == (3, 2, 1)


def test_a_result_that_is_no_number_is_said():
    line = Progress(points=1, kept=0).line(POINT, ended(not_finite=["loss", "accuracy"]))
    assert line == "[1/1] 00_start_here steps=3: ok, but not finite: loss, accuracy (2.0 s)"


def test_the_first_and_last_line_count():
    progress = Progress(points=1, kept=1, begin=0.0)
    assert progress.first() == "1 point, 1 there already"
    assert progress.total().startswith("1 point: 0 ran in ")
    assert progress.total().endswith(" s, 1 there already, 0 failed")
