"""The table is the trace at the marked step, at the turn and at the end."""

import re

import pytest
import torch

from metalearn_lab.evaluation.intervals import interval_over_tasks
from metalearn_lab.experiments.over_fitting import OverFitting
from metalearn_lab.explorers.over_fitting_explorer import OverFittingExplorer
from metalearn_lab.figures.shots import label
from metalearn_lab.tasks.seeds import generator

STEPS, EPISODES = 40, 12
SHOTS = (1, 4)


def trace(name, shots):
    """A query loss that is least at step 10 · shots."""
    steps = torch.arange(STEPS + 1.0)
    noise = 0.1 * torch.rand(EPISODES, 1, generator=generator("trace", name, shots))
    query = 0.5 + (steps - 10 * shots) ** 2 / 1000 + noise
    support = 1.5 * torch.exp(-steps / 5) + noise
    return OverFitting(support, query, 1 - support / 3, 1 - query / 5)


@pytest.fixture(scope="module")
def traces():
    return {name: {k: trace(name, k) for k in SHOTS} for name in ("linear_probe", "lora_8")}


@pytest.fixture
def explorer(traces):
    return OverFittingExplorer(traces, chance=0.2)


def rows(explorer):
    found = re.findall(r'<tr><th scope="row".*?</tr>', explorer.view_widget.value)
    return [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in found]


def cells(each, step):
    intervals = [interval_over_tasks(part[:, step]) for part in each]
    return [str(step), *(f"{mean:.3f} ± {half:.3f}" for mean, half, _ in intervals)]


@pytest.mark.parametrize("method", ["linear_probe", "lora_8"])
@pytest.mark.parametrize("shots", SHOTS)
@pytest.mark.parametrize("step", [0, 3, STEPS])
def test_the_table_is_the_trace(explorer, traces, method, shots, step):
    for name, value in {"method": method, "shots": shots, "step": step}.items():
        explorer.controls[name].value = value
    each = traces[method][shots]
    assert [row[1:] for row in rows(explorer)] == [
        cells(each, at) for at in (step, 10 * shots, STEPS)
    ]
    assert f"{label(method)}, {shots}-shot" in explorer.view_widget.value
    assert f"least at step {10 * shots}," in explorer.current_view.metadata["image/png"]["alt"]


def test_the_step_moves_the_mark_alone(explorer):
    explorer.controls["step"].value = 1
    one, turn = explorer.current_view.data["image/png"], rows(explorer)[1:]
    explorer.controls["step"].value = 20
    assert explorer.current_view.data["image/png"] != one
    assert rows(explorer)[1:] == turn
    explorer.controls["step"].value = 1
    assert explorer.current_view.data["image/png"] == one


def test_the_stops_reach_both_ends(explorer):
    options = explorer.controls["step"].options
    assert (options[0], options[-1]) == (0, STEPS)
    assert list(options) == sorted(set(options))


def test_traces_that_cannot_be_compared_are_refused(traces):
    with pytest.raises(ValueError, match=r"shots \[\(1,\), \(1, 4\)\]"):
        OverFittingExplorer({**traces, "lora_8": {1: traces["lora_8"][1]}}, chance=0.2)
    short = OverFitting(*(part[:, :5] for part in traces["lora_8"][4]))
    with pytest.raises(ValueError, match=r"traces \[\(12, 5\), \(12, 41\)\]"):
        OverFittingExplorer({**traces, "lora_8": {**traces["lora_8"], 4: short}}, chance=0.2)
