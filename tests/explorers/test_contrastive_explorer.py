"""h is dragged: loss, weights, arrow and table are those computed apart."""

import math
import re

import pytest
import torch
from torch.nn import functional as F

from metalearn_lab.experiments.contrastive import alignment, contrastive_loss, uniformity
from metalearn_lab.explorers.contrastive_explorer import ContrastiveExplorer, views
from metalearn_lab.figures.drawing import Arrow, Curve, Dot


def cells(explorer):
    rows = re.findall(r'<tr><th scope="row".*?</tr>', explorer.view_widget.value)
    pairs = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in rows]
    return {name: float(value) for name, value in pairs}


def put(explorer, count, temperature, spread, gap, h):
    values = {"count": count, "temperature": temperature, "spread": spread, "gap": gap}
    for name, value in values.items():
        explorer.controls[name].value = value
    explorer.move("h", h)


@pytest.mark.parametrize(
    ("count", "temperature", "spread", "gap", "h"),
    [
        (4, 1.0, 1.0, 0.0, (1.0, 0.0)),
        (8, 0.1, 1.0, 30.0, (-0.4, 1.2)),
        (32, 0.5, 0.4, 90.0, (0, -1)),
    ],
)
def test_numbers_are_those_of_the_loss(count, temperature, spread, gap, h):
    explorer = ContrastiveExplorer()
    put(explorer, count, temperature, spread, gap, h)
    first, second = views(count, spread, gap)
    first[0] = F.normalize(torch.tensor(h, dtype=torch.float64), dim=0)
    start = first.clone().requires_grad_()
    scores = F.normalize(start[:1], dim=-1) @ second.T / explorer.controls["temperature"].value
    loss = F.cross_entropy(scores, torch.tensor([0]))
    loss.backward()
    shown = cells(explorer)
    assert shown["loss of h"] == pytest.approx(loss.item(), rel=1e-3)
    whole = contrastive_loss(first, second, explorer.controls["temperature"].value).item()
    assert shown["mean loss of all sentences"] == pytest.approx(whole, rel=1e-3)
    assert shown["alignment: squared distance of two views"] == pytest.approx(
        alignment(first, second).item(), abs=6e-4
    )
    assert shown["uniformity: 0 at collapse, lower is better"] == pytest.approx(
        uniformity(first).item(), abs=6e-4
    )
    weight = scores.softmax(-1)[0, 0].item()
    assert shown["weight of its own second view"] == pytest.approx(weight, abs=6e-4)
    arrows = [m for m in explorer.drawing.marks if isinstance(m, Arrow)]
    downhill = -start.grad[0]
    if downhill.norm() > 1e-9:
        moved = torch.tensor(arrows[0].end) - torch.tensor(arrows[0].start)
        cosine = F.cosine_similarity(moved.double(), downhill, dim=0).item()
        assert cosine == pytest.approx(1)
    (curve,) = [
        m for m in explorer.drawing.marks if isinstance(m, Curve) and m.label.startswith("loss")
    ]
    (dot,) = [m for m in explorer.drawing.marks if isinstance(m, Dot) and m.panel == 1]
    nearest = (curve.x - dot.x).abs().argmin()
    assert abs(curve.y[nearest].item() - dot.y) < 0.05 / temperature


def test_collapse_costs_log_n_at_every_temperature():
    explorer = ContrastiveExplorer()
    for temperature in (0.1, 1.0):
        put(explorer, 16, temperature, 0.0, 0.0, (1.0, 0.0))
        shown = cells(explorer)
        assert shown["loss of h"] == pytest.approx(math.log(16), rel=1e-3)
        assert shown["uniformity: 0 at collapse, lower is better"] == 0


def test_a_low_temperature_leaves_the_push_to_the_nearest():
    explorer = ContrastiveExplorer()
    shares = []
    for temperature in (1.0, 0.1):
        put(explorer, 16, temperature, 1.0, 0.0, (1.0, 0.15))
        shares.append(cells(explorer)["strongest other view, its share of the push"])
    assert shares[1] > 0.5 > 0.2 > shares[0]


def test_the_centre_has_no_direction_but_a_view():
    explorer = ContrastiveExplorer()
    explorer.move("h", (0.0, 0.0))
    assert math.isfinite(cells(explorer)["loss of h"])
