"""The clock draws the times it was given, split by the model that fits them."""

import re

import pytest

from metalearn_lab.explorers.step_clock_explorer import StepClockExplorer

COUNTS, STEPS = (1, 4, 16, 64), (1, 5)
FIXED = {"loop": 0.0, "vmap": 3.0, "compiled": 0.5}
TASK = {"loop": 2.0, "vmap": 0.05, "compiled": 0.01}


def milliseconds(way, k, n):
    return k * (FIXED[way] + n * TASK[way])


def times(ways=("loop", "vmap", "compiled"), most_looped=16):
    return {
        (way, k): {n: milliseconds(way, k, n) for n in COUNTS if way != "loop" or n <= most_looped}
        for way in ways
        for k in STEPS
    }


@pytest.fixture
def explorer():
    return StepClockExplorer(times())


def move(explorer, **values):
    for name, value in values.items():
        explorer.controls[name].value = value


def bars(axes):
    """Where the bars of each row end, from left to right."""
    ends = {}
    for bar in axes.patches:
        row = round(bar.get_y() + bar.get_height() / 2)
        ends.setdefault(row, []).append(bar.get_x() + bar.get_width())
    return ends


def rows(explorer):
    found = re.findall(r'<tr><th scope="row".*?</tr>', explorer.view_widget.value)
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in found]
    return {row[0]: [*map(float, row[1:5]), row[5]] for row in cells}


@pytest.mark.parametrize("k", STEPS)
@pytest.mark.parametrize("n", COUNTS)
def test_the_bars_are_the_times_it_was_given(explorer, n, k):
    move(explorer, tasks=n, inner_steps=k)
    step, task, parts = explorer.scene.frame.axes
    for row, way in enumerate(("loop", "vmap", "compiled")):
        whole = milliseconds(way, k, n)
        assert bars(step)[row] == pytest.approx([whole])
        assert bars(task)[row] == pytest.approx([whole / n])
        percent = 100 * k * FIXED[way] / whole
        assert bars(parts)[row] == pytest.approx([percent, 100], abs=1e-6)
        assert rows(explorer)[way][:4] == pytest.approx(
            [whole, k * FIXED[way], k * n * TASK[way], whole / n], rel=1e-3, abs=1e-6
        )


def test_every_bar_is_within_its_panel(explorer):
    for n in COUNTS:
        for k in STEPS:
            move(explorer, tasks=n, inner_steps=k)
            for axes in explorer.scene.frame.axes:
                low, high = axes.get_xlim()
                assert all(low < end <= high for ends in bars(axes).values() for end in ends if end)


def test_a_time_that_is_missing_is_worked_out_and_looks_so(explorer):
    move(explorer, tasks=64)
    assert [row[4] for row in rows(explorer).values()] == ["no", "yes", "yes"]
    hatches = [bar.get_hatch() for bar in explorer.scene.frame.axes[0].patches]
    assert hatches == ["///", None, None]


def test_one_way_can_be_shown_alone(explorer):
    move(explorer, way="vmap")
    assert [*rows(explorer)] == ["vmap"]
    assert [*bars(explorer.scene.frame.axes[0])] == [1]
    assert "vmap" in explorer.current_view.metadata["image/png"]["alt"]


def test_more_tasks_make_the_step_longer_and_each_task_shorter(explorer):
    seen = []
    for n in COUNTS:
        move(explorer, tasks=n)
        seen.append(rows(explorer)["vmap"])
    assert [row[0] for row in seen] == sorted(row[0] for row in seen)
    assert [row[3] for row in seen] == sorted((row[3] for row in seen), reverse=True)


def test_it_begins_at_the_most_tasks_that_all_were_timed_with(explorer):
    assert explorer.controls["tasks"].value == 16


def test_without_a_compiler_there_are_two_ways():
    assert StepClockExplorer(times(("loop", "vmap"))).ways == ["loop", "vmap"]


def test_times_that_do_not_belong_together_are_refused():
    missing = times()
    del missing["vmap", 5]
    with pytest.raises(ValueError, match="every way"):
        StepClockExplorer(missing)
    with pytest.raises(ValueError, match="every way"):
        StepClockExplorer({("by magic", 1): {1: 1.0, 2: 2.0}})
