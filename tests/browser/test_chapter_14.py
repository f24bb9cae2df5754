"""Chapter 14: the clock, memory under a budget and shared outer steps follow every control."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.parametrize("chapter", ["14_scaling_up"], indirect=True)

BUDGET = "budget, MB"
TASKS, STEPS = "tasks at once n", "inner steps k"


def number(cell):
    return float(cell.replace(",", "").rstrip("%"))


def test_the_clock_follows_the_tasks_the_steps_and_the_way(chapter):
    """The times are this machine's, so only how they belong together is asked here."""
    explorer = chapter.explorer("StepClockExplorer")
    seen = [explorer.picture()]
    explorer.slide("tasks n", "Home")
    for tasks in (1, 4, 16):
        assert f"An outer step of {tasks} tasks, " in explorer.alt()
        for row in explorer.table():
            step, fixed, of_tasks, each = map(number, row[1:5])
            assert step == pytest.approx(fixed + of_tasks, rel=2e-3)
            assert each == pytest.approx(step / tasks, rel=2e-3)
        seen.append(explorer.picture())
        if tasks < 16:
            explorer.slide("tasks n", "ArrowRight")

    explorer.slide("inner steps k", "Home")
    assert "An outer step of 16 tasks, k = 1: loop" in explorer.alt()
    seen.append(explorer.picture())
    explorer.choose_next("show", "End")
    assert len(explorer.table()) == 1
    seen.append(explorer.picture())
    assert len(set(seen)) >= len(seen) - 1, "it may begin at the last of these numbers of tasks"
    chapter.assert_nothing_failed()


def test_what_fits_follows_the_budget_the_tasks_and_the_steps(chapter):
    explorer = chapter.explorer("MemoryBudgetExplorer")
    start = explorer.table()
    assert [row[0] for row in start] == ["second order", "second order, replayed", "first order"]
    seen = [explorer.picture()]

    explorer.slide(BUDGET, "End")
    rich = explorer.table()
    assert [row[1] for row in rich] == [row[1] for row in start], "the budget changes no need"
    assert number(rich[0][3]) > 90 * number(start[0][3]), "a hundred times the budget"
    seen.append(explorer.picture())
    explorer.slide(BUDGET, "Home")
    assert [row[2] for row in explorer.table()] == ["no"] * 3, "10 MB hold no four tasks"
    assert "Most steps that fit: second order 0" in explorer.alt()
    seen.append(explorer.picture())

    explorer.slide(TASKS, "Home")
    one = explorer.table()
    assert all(number(row[1]) < number(was[1]) / 3 for row, was in zip(one, start, strict=True))
    seen.append(explorer.picture())
    explorer.slide(STEPS, "ArrowRight")
    more = explorer.table()
    assert number(more[0][1]) > number(one[0][1]), "second order keeps every step"
    assert more[2][1] == one[2][1], "first order keeps none"
    seen.append(explorer.picture())
    assert len(set(seen)) == len(seen)
    chapter.assert_nothing_failed()


def speed_up(row):
    return number(row[6])


def test_the_speed_up_follows_every_constant(chapter):
    explorer = chapter.explorer("ShardingExplorer")
    assert [row[0] for row in explorer.table()] == ["alone", "your P", "fastest"]
    seen = [explorer.picture()]

    explorer.slide("ranks P", "Home")
    alone, chosen, _ = explorer.table()
    assert chosen[1:] == alone[1:], "one rank is alone"
    seen.append(explorer.picture())
    explorer.slide("ms a task w", "End")
    explorer.slide("fixed ms s", "Home")
    explorer.slide("ranks P", "ArrowRight")
    assert 1.9 < speed_up(explorer.table()[1]) <= 2, "slow tasks and no fixed part: nearly ideal"
    seen.append(explorer.picture())
    explorer.slide("ranks P", "End")
    explorer.says("no 1,024 equal shards of 64 tasks")
    seen.append(explorer.picture())

    explorer.slide("meta-batch B", "End")
    many = explorer.table()
    assert number(many[0][2]) == 4096 * 1000, "4,096 tasks of a second"
    seen.append(explorer.picture())
    explorer.slide("weights W", "End")
    heavy = explorer.table()
    assert speed_up(heavy[1]) < speed_up(many[1]), "a billion weights have to be sent"
    seen.append(explorer.picture())
    explorer.choose_next("network", "End")
    assert "over NVLink" in explorer.alt()
    seen.append(explorer.picture())
    explorer.slide("fixed ms s", "End")
    assert number(explorer.table()[1][3]) == 1000
    seen.append(explorer.picture())
    assert len(set(seen)) == len(seen)
    chapter.assert_nothing_failed()
