"""The table is the model at the chosen constants, and Amdahl's law is seen in it."""

import re

import pytest

from metalearn_lab.experiments.sharding_time import Network, ShardingTime
from metalearn_lab.explorers.sharding_explorer import NETWORKS, RANKS, ShardingExplorer

HERE = Network(latency=0.5, per_number=1e-6)
STEP = ShardingTime(tasks=64, work=1.0, fixed=10.0, weights=10_000, network=HERE)


@pytest.fixture
def explorer():
    return ShardingExplorer(STEP, "here")


def rows(explorer):
    found = re.findall(r'<tr><th scope="row".*?</tr>', explorer.view_widget.value)
    return [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in found]


def numbers(row):
    return [float(cell.replace(",", "").rstrip("%")) for cell in row[1:]]


def move(explorer, **values):
    for name, value in values.items():
        explorer.controls[name].value = value


def test_it_begins_with_what_was_measured(explorer):
    alone, chosen, _ = rows(explorer)
    assert numbers(alone) == [1, 64, 10, 0, 74, 1, 100]
    exchange = 2 * (0.5 + 1e-6 * 5000)
    assert numbers(chosen)[:5] == pytest.approx([2, 32, 10, exchange, 42 + exchange], rel=1e-3)


@pytest.mark.parametrize("ranks", [1, 4, 64])
def test_the_table_is_the_model(explorer, ranks):
    move(explorer, ranks=ranks, tasks=256, work=0.1, fixed=1.0, weights=1e6)
    step = ShardingTime(256, 0.1, 1.0, 1e6, HERE)
    _, chosen, fastest = rows(explorer)
    assert numbers(chosen)[4:6] == pytest.approx(
        [step.milliseconds(ranks), step.speed_up(ranks)], rel=0.01
    )
    best = min((p for p in RANKS if p <= 256), key=step.milliseconds)
    assert numbers(fastest)[0] == best


def test_with_a_large_fixed_part_no_number_of_ranks_helps_much(explorer):
    move(explorer, fixed=1000.0, ranks=64)
    assert all(numbers(row)[5] < 1.1 for row in rows(explorer))


def test_a_slow_network_makes_it_slower_than_alone(explorer):
    move(explorer, weights=1e9, ranks=16)
    assert numbers(rows(explorer)[1])[5] < 1
    assert "Slower than one rank" in explorer.view_widget.value


def test_a_faster_network_helps(explorer):
    speeds = []
    move(explorer, weights=1e8, ranks=8, work=100.0)
    for name in NETWORKS:
        move(explorer, network=name)
        speeds.append(numbers(rows(explorer)[1])[5])
    assert speeds == sorted(speeds)
    assert speeds[0] < speeds[-1]


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"tasks": 8, "ranks": 16}, "no 16 equal shards of 8 tasks"),
        ({"ranks": 2, "work": 100.0}, "Another rank still pays"),
        ({"ranks": 32}, "another one costs more than it saves"),
    ],
)
def test_the_note_says_where_one_stands(explorer, values, says):
    move(explorer, **values)
    assert says in explorer.view_widget.value


def test_the_picture_has_the_speed_up_of_the_model(explorer):
    move(explorer, ranks=4)
    speed, parts = explorer.scene.frame.axes
    [drawn] = [
        line
        for line in speed.get_lines()
        if line.get_marker() == "o" and len(line.get_xdata()) == len(RANKS)
    ]
    assert list(drawn.get_ydata()) == pytest.approx([STEP.speed_up(p) for p in RANKS])
    assert [list(line.get_xdata()) for line in parts.get_lines() if len(line.get_xdata()) == 2] == [
        [4, 4]
    ]
    assert "P = 4 is" in explorer.current_view.metadata["image/png"]["alt"]


def test_measurements_outside_the_controls_begin_at_their_ends():
    step = STEP._replace(work=0.0, fixed=0.0)
    assert ShardingExplorer(step, "here").controls["fixed"].value == pytest.approx(0.1)


def test_an_odd_meta_batch_is_refused():
    with pytest.raises(ValueError, match="must be one of"):
        ShardingExplorer(STEP._replace(tasks=25), "here")
