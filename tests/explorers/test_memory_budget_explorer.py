"""The table says what the model says fits, and the budget decides."""

import re

import pytest

from metalearn_lab.experiments.step_memory import StepMemory
from metalearn_lab.explorers.memory_budget_explorer import STEPS, MemoryBudgetExplorer

WAYS = {
    "second order": StepMemory(0.0, 4e6, 2e6),
    "second order, replayed": StepMemory(0.0, 4e6, 2e4),
    "first order": StepMemory(0.0, 4e6, 0.0),
}


@pytest.fixture
def explorer():
    return MemoryBudgetExplorer(WAYS, "a network")


def rows(explorer):
    found = re.findall(r'<tr><th scope="row".*?</tr>', explorer.view_widget.value)
    return [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in found]


def move(explorer, **values):
    for name, value in values.items():
        explorer.controls[name].value = value


def test_what_fits_into_a_budget_by_hand(explorer):
    move(explorer, megabytes=1000.0, tasks=4, steps=5)
    assert rows(explorer) == [
        ["second order", "56", "yes", "123", "71"],
        ["second order, replayed", "16.4", "yes", "12,300", "243"],
        ["first order", "16", "yes", "any", "250"],
    ]


def test_first_order_too_has_a_most_where_a_task_does_not_fit(explorer):
    move(explorer, megabytes=100.0, tasks=64, steps=5)
    assert [row[2:4] for row in rows(explorer)] == [["no", "0"]] * 3


@pytest.mark.parametrize("megabytes", [10.0, 1000.0, 100_000.0])
def test_the_most_is_the_models(explorer, megabytes):
    move(explorer, megabytes=megabytes, tasks=8, steps=50)
    memory = WAYS["second order"]
    row = rows(explorer)[0]
    assert row[3] == f"{memory.most_steps(1e6 * megabytes, 8):,}"
    assert row[4] == f"{memory.most_tasks(1e6 * megabytes, 50):,}"
    assert row[2] == ("yes" if memory.bytes(8, 50) <= 1e6 * megabytes else "no")


def test_twice_the_tasks_leave_fewer_steps(explorer):
    move(explorer, tasks=4)
    before = rows(explorer)
    move(explorer, tasks=8)
    assert int(rows(explorer)[0][3]) < int(before[0][3]) / 2
    assert [row[4] for row in rows(explorer)] == [row[4] for row in before]


def test_the_picture_has_a_line_for_each_way_and_the_budget(explorer):
    move(explorer, megabytes=100.0, tasks=2, steps=10)
    [axes] = explorer.scene.frame.axes
    drawn = [line for line in axes.get_lines() if len(line.get_xdata()) == len(STEPS)]
    for line, memory in zip(drawn, WAYS.values(), strict=True):
        assert list(line.get_ydata()) == pytest.approx([memory.bytes(2, k) / 1e6 for k in STEPS])
    flat = [list(line.get_ydata()) for line in axes.get_lines() if len(line.get_xdata()) == 2]
    assert [100.0, 100.0] in [pytest.approx(each) for each in flat]
    assert "second order 23" in explorer.current_view.metadata["image/png"]["alt"]


def test_no_way_is_refused():
    with pytest.raises(ValueError, match="one way"):
        MemoryBudgetExplorer({}, "nothing")
