"""The rankings are those of the methods, and a rating takes its item out of them."""

import re
from time import perf_counter

import pytest
import torch
from torch.nn import functional as F

from metalearn_lab.experiments.recommendation import MELU, POPULARITY, RIDGE
from metalearn_lab.explorers.recommendation_explorer import (
    LISTED,
    RATED,
    RecommendationExplorer,
)
from tests.explorers.small_explorers import recommendation_explorer


def columns(explorer):
    rows = re.findall(r'<tr><th scope="row".*?</tr>', explorer.view_widget.value)
    cells = [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in rows]
    plain = [[re.sub(r" \([+-]\d+\)", "", cell) for cell in row] for row in cells]
    return list(map(list, zip(*plain, strict=True)))


@pytest.fixture
def explorer():
    return recommendation_explorer()


def test_without_a_rating_popularity_and_ridge_agree(explorer):
    popular, ridge, _ = columns(explorer)
    assert popular == ridge
    base = explorer.cold.base
    best = base.argsort(descending=True)[:LISTED].tolist()
    assert popular == [explorer.cold.world.names[i] for i in best]


def test_the_columns_are_computed_apart(explorer):
    explorer.controls["Samoa"].value = 5
    explorer.controls["Iceland"].value = 1
    cold, numbers = explorer.cold, explorer.numbers
    rated, values = [numbers["Iceland"], numbers["Samoa"]], torch.tensor([1.0, 5.0])
    others = [i for i in range(len(cold.world.names)) if i not in rated]

    setting = explorer.settings[RIDGE][1]
    x = F.pad(setting.second * cold.world.features, (1, 0), value=1.0)
    rest = values - cold.base[rated]
    inverse = torch.linalg.inv(x[rated].T @ x[rated] + setting.size * torch.eye(x.shape[1]))
    scores = cold.base + x @ (inverse @ x[rated].T @ rest)
    ranked = sorted(others, key=lambda i: -scores[i])
    assert columns(explorer)[1] == [cold.world.names[i] for i in ranked[:LISTED]]

    learner = explorer.methods[MELU].__closure__
    learner = next(c.cell_contents for c in learner if isinstance(c.cell_contents, torch.nn.Module))
    setting = explorer.settings[MELU][1]
    model = learner.model
    weights = [model.body[2].weight, model.body[2].bias, model.head.weight, model.head.bias]
    inputs = torch.cat([cold.world.features, (cold.base - cold.mean)[:, None]], 1)
    hidden = model.body[1](model.body[0](inputs)).detach()

    def outputs(h):
        return F.relu(h @ weights[0].T + weights[1]) @ weights[2].T + weights[3]

    for _ in range(int(setting.second)):
        loss = F.mse_loss(outputs(hidden[rated])[:, 0], values - cold.mean)
        gradients = torch.autograd.grad(loss, weights)
        weights = [w - setting.size * g for w, g in zip(weights, gradients, strict=True)]
    found = explorer.scores(MELU, {"Iceland": 1, "Samoa": 5})
    expected = cold.mean + outputs(hidden)[:, 0]
    for i in others:
        assert found[cold.world.names[i]] == pytest.approx(expected[i].item(), abs=1e-4)


def test_a_rated_destination_leaves_the_rankings(explorer):
    explorer.controls["Kenya"].value = 3
    assert "Kenya" not in explorer.scores(POPULARITY, {"Kenya": 3})
    assert "Your ratings: Kenya 3." in explorer.view_widget.value
    explorer.controls["Kenya"].value = 0
    assert "No rating yet" in explorer.view_widget.value


def test_popularity_does_not_listen(explorer):
    before = columns(explorer)[0]
    explorer.controls["Italy"].value = 1
    assert [n for n in before if n != "Italy"] == columns(explorer)[0][
        : LISTED - ("Italy" in before)
    ]


def test_a_move_is_quick_with_all_ratings(explorer):
    for name in RATED[1:]:
        explorer.controls[name].value = 4
    times = []
    for value in (1, 2, 3, 4, 5):
        start = perf_counter()
        explorer.controls[RATED[0]].value = value
        times.append(perf_counter() - start)
    assert min(times) < 0.06


def test_what_is_missing_is_named(explorer):
    methods = dict(explorer.methods)
    del methods[RIDGE]
    with pytest.raises(ValueError, match="ridge"):
        RecommendationExplorer(explorer.cold, methods, explorer.settings)


def test_likeness_is_the_mean_cosine_of_the_first_ten(explorer):
    cold = explorer.cold
    first = [cold.world.names.index(name) for name in columns(explorer)[0]]
    own = cold.world.features[cold.world.names.index("Kenya")]
    cosines = [F.cosine_similarity(cold.world.features[i], own, dim=0).item() for i in first]
    found = explorer.likeness(POPULARITY, {}, "Kenya")
    assert found == pytest.approx(sum(cosines) / LISTED, abs=1e-5)
