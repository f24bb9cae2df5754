"""Every choice of layers is the learner adapting those weights alone."""

import copy
import math
from itertools import product

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from metalearn_lab.evaluation.adaptation_curves import AdaptationCurves, adaptation_curves
from metalearn_lab.experiments.layer_freeze import (
    Adapted,
    FreezeStudy,
    freeze_study,
    layer_features,
    layers_of,
)
from metalearn_lab.experiments.representation_similarity import linear_cka
from metalearn_lab.learners.first_order_maml import FirstOrderMAML
from metalearn_lab.learners.maml import MAML
from metalearn_lab.models.conv4 import Conv4
from metalearn_lab.models.mlp import MLP
from metalearn_lab.models.text_encoder import TextClassifier
from tests.learners.builders import sinusoid_learner, sinusoids, text_learner, text_tasks


@pytest.fixture(scope="module")
def learner():
    return sinusoid_learner(MAML)


@pytest.fixture(scope="module")
def study(learner):
    return freeze_study(learner, sinusoids(), 4)


def test_layers_go_from_the_input_to_the_head():
    first, second, head = layers_of(MLP([1, 8, 8, 1]))
    assert first == ("layer 1", ("body.0.weight", "body.0.bias"), "body.1")
    assert second == ("layer 2", ("body.2.weight", "body.2.bias"), "body.3")
    assert head == ("head", ("head.weight", "head.bias"), "head")
    table, hidden, _ = layers_of(TextClassifier(30, 3))
    assert table == ("layer 1", ("body.0.table",), "body.0")
    assert (hidden.weights, hidden.output) == (("body.1.weight", "body.1.bias"), "body.2")
    assert [layer.output for layer in layers_of(Conv4(5, filters=8))][-2:] == ["body.4", "head"]


def test_a_model_without_a_body_is_refused():
    with pytest.raises(ValueError, match="give both"):
        layers_of(nn.Linear(1, 1))


def test_every_weight_belongs_to_one_layer():
    for model in (MLP([1, 8, 8, 1]), TextClassifier(30, 3), Conv4(5, filters=8)):
        names = [name for layer in layers_of(model) for name in layer.weights]
        assert sorted(names) == sorted(name for name, _ in model.named_parameters())


@pytest.mark.parametrize(
    ("moves", "adapts"),
    [((True,) * 3, "*"), ((False, False, True), "head.*"), ((True, True, False), "body.*")],
)
def test_a_choice_is_the_learner_that_adapts_it(learner, study, moves, adapts):
    alone = sinusoid_learner(MAML, adapts=adapts)
    alone.load_state_dict(learner.state_dict())
    wanted = adaptation_curves(alone, sinusoids(), 4)
    torch.testing.assert_close(study.adapted[moves].curves.loss, wanted.loss)


def test_with_all_layers_frozen_nothing_changes(study):
    frozen = study.adapted[(False,) * 3]
    assert (frozen.curves.loss == frozen.curves.loss[:, :1]).all()
    torch.testing.assert_close(frozen.similarity, torch.ones_like(frozen.similarity))


def test_features_below_the_lowest_moving_layer_stay(study):
    for moves, adapted in study.adapted.items():
        below = moves.index(True) if any(moves) else 3
        assert adapted.similarity.shape == (3, 5, 3)
        torch.testing.assert_close(
            adapted.similarity[..., :below], torch.ones_like(adapted.similarity[..., :below])
        )
        assert (adapted.similarity[:, 1:, below:] < 1 - 1e-9).all()


def test_similarity_is_that_of_the_features_before_and_after(learner, study):
    tasks, layers = sinusoids(), layers_of(learner.model)
    after = learner.adapt(tasks.support, 4)[-1]
    for task in range(3):
        x = tasks.query.x[task]
        theta = {name: weight[task] for name, weight in after.items()}
        pair = [layer_features(learner, each, x, layers) for each in (learner.weights(), theta)]
        wanted = [linear_cka(a, b) for a, b in zip(*pair, strict=True)]
        found = study.adapted[(True,) * 3].similarity[task, 4]
        torch.testing.assert_close(found, torch.stack(wanted).detach())


def test_the_features_of_the_head_are_the_outputs(learner):
    x = sinusoids().query.x[0]
    *_, outputs = layer_features(learner, learner.weights(), x, layers_of(learner.model))
    torch.testing.assert_close(outputs, learner.model(x))


def test_classification_has_accuracies_and_one_by_one_is_the_same():
    vectorised = text_learner(FirstOrderMAML)
    looped = copy.copy(vectorised)
    looped.mapping = "loop"
    one, other = (freeze_study(each, text_tasks(), 2) for each in (vectorised, looped))
    for moves, adapted in one.adapted.items():
        torch.testing.assert_close(adapted.similarity, other.adapted[moves].similarity)
        assert torch.equal(adapted.curves.accuracy, other.adapted[moves].curves.accuracy)


def test_it_leaves_the_learner_as_it_was():
    learner = MAML(MLP([1, 8, 8, 1]), F.mse_loss, inner_lr=0.1, inner_steps=1, adapts="head.*")
    before = copy.deepcopy(learner.state_dict())
    freeze_study(learner.double(), sinusoids(), 1)
    assert learner.adapted_names == ["head.weight", "head.bias"]
    assert all(torch.equal(before[n], w.float()) for n, w in learner.state_dict().items())
    assert not learner.model.head._forward_hooks


def test_the_three_choices_are_those_of_the_layers(study):
    assert study.of("all") is study.adapted[(True, True, True)]
    assert study.of("head only") is study.adapted[(False, False, True)]
    assert study.of("body only") is study.adapted[(True, True, False)]


def made_up(of_all, of_some, kind):
    """A study of two layers whose scores before and after are said."""

    def adapted(scores):
        loss = torch.tensor([scores, scores])
        return Adapted(AdaptationCurves(loss, loss if kind == "accuracy" else None), loss)

    choices = product((False, True), repeat=2)
    return FreezeStudy(
        ("layer 1", "head"),
        {moves: adapted(of_all if all(moves) else of_some) for moves in choices},
    )


@pytest.mark.parametrize(
    ("kind", "of_all", "of_some", "share"),
    [
        ("loss", [4.0, 2.0], [4.0, 3.0], 0.5),
        ("loss", [4.0, 2.0], [4.0, 5.0], -0.5),
        ("loss", [4.0, 6.0], [4.0, 3.0], math.nan),
        ("loss", [4.0, math.inf], [4.0, 3.0], math.nan),
        ("loss", [4.0, 4.0], [4.0, 3.0], math.nan),
        ("accuracy", [0.2, 0.6], [0.2, 0.3], 0.25),
        ("accuracy", [0.6, 0.2], [0.6, 0.7], math.nan),
    ],
)
def test_what_is_kept_is_a_share_of_the_gain_where_there_is_one(kind, of_all, of_some, share):
    study = made_up(of_all, of_some, kind)
    assert study.kept("head only") == pytest.approx(share, nan_ok=True)
    assert study.kept("all") == pytest.approx(math.nan if math.isnan(share) else 1, nan_ok=True)


def test_scores_of_a_classification_are_accuracies_in_per_cent():
    found = freeze_study(text_learner(FirstOrderMAML), text_tasks(), 2)
    accuracy = found.of("body only").curves.accuracy
    torch.testing.assert_close(found.scores("body only", 1), 100 * accuracy[:, 1])
