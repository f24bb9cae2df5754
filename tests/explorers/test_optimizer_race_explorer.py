"""The race shows what each rule leaves, at every scale, size and step."""

import re

import pytest
import torch

from metalearn_lab.experiments.train_update_rule import run_rule
from metalearn_lab.explorers.optimizer_race_explorer import OptimizerRaceExplorer
from metalearn_lab.learners.update_rules import Adam, MLPRule, Momentum
from metalearn_lab.tasks.optimizees import random_quadratics

RULES = {"MLP": MLPRule(), "Adam": Adam(0.2), "SGD": Momentum(0.01)}


@pytest.fixture
def explorer():
    return OptimizerRaceExplorer(RULES, horizon=10, steps=40, problems=4, seed=3)


def rows(explorer):
    found = re.findall(r"<tr><th scope=\"row\".*?</tr>", explorer.view_widget.value)
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in found]
    return {row[0]: row[1:] for row in cells}


@pytest.mark.parametrize(
    ("step", "scale", "size"), [(10, 1.0, 10), (40, 1.0, 3), (20, 0.01, 10), (1, 100.0, 30)]
)
def test_the_table_is_each_rule_run_apart(explorer, step, scale, size):
    explorer.controls["step"].value = step
    explorer.controls["scale"].value = scale
    explorer.controls["size"].value = size
    problems = random_quadratics("race", 4, size=size, scale=scale, seed=3)
    for name, rule in RULES.items():
        loss = run_rule(rule, problems, step).mean(1)
        share = (loss[-1] / loss[0]).item()
        assert rows(explorer)[name][0] == (f"{share:.4f}" if share <= 10 else "above 10")


def test_as_trained_follows_the_step_alone(explorer):
    before = {name: cells[1] for name, cells in rows(explorer).items()}
    assert before == {name: cells[0] for name, cells in rows(explorer).items()}
    explorer.controls["scale"].value = 100.0
    explorer.controls["size"].value = 30
    assert before == {name: cells[1] for name, cells in rows(explorer).items()}
    assert rows(explorer)["SGD"][0] == "above 10"


def test_the_curves_are_the_shares_and_the_step_is_marked(explorer):
    explorer.controls["step"].value = 20
    [axes] = explorer.scene.frame.axes
    curves = [line for line in axes.get_lines() if len(line.get_xdata()) > 10]
    for curve, shares in zip(curves, explorer.shares[0, 10], strict=True):
        x = torch.as_tensor(curve.get_xdata()).long()
        torch.testing.assert_close(torch.as_tensor(curve.get_ydata()), shares[x].clamp(1e-3, 10))
    marked = [line for line in axes.get_lines() if list(line.get_xdata()) == [20, 20]]
    assert marked


def test_a_step_beyond_training_is_called_so(explorer):
    alt = explorer.current_view.metadata["image/png"]["alt"]
    assert "beyond" not in alt
    explorer.controls["step"].value = 40
    assert "Step 40 lies beyond training" in explorer.current_view.metadata["image/png"]["alt"]


def test_moving_a_control_runs_nothing(explorer, monkeypatch):
    monkeypatch.setattr(
        "metalearn_lab.explorers.optimizer_race_explorer.run_rule",
        lambda *_: pytest.fail("runs a rule"),
    )
    alts = set()
    for name, value in (("step", 5), ("scale", 10.0), ("size", 3)):
        explorer.controls[name].value = value
        alts.add(explorer.current_view.metadata["image/png"]["alt"])
    assert len(alts) == 3


def test_bad_settings_are_refused():
    with pytest.raises(ValueError, match="at least the horizon 10"):
        OptimizerRaceExplorer(RULES, horizon=10, steps=5)
    with pytest.raises(ValueError, match="1 to 6 rules"):
        OptimizerRaceExplorer({}, horizon=2, steps=5)
