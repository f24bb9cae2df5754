"""The tables, their reduction, the folds, and the network in scikit-learn's form."""

import numpy as np
import pytest
import torch

from metalearn_lab.experiments.table_classifier import (
    PRIOR,
    InContext,
    cross_validated,
    load_classifier,
    new_classifier,
    reduced,
    rivals,
    save_classifier,
    small_tables,
)


class Commonest:
    """The share of each class in the training rows."""

    def fit(self, x, y):
        self.shares, self.seen = np.bincount(y) / len(y), x
        return self

    def predict_proba(self, x):
        return np.tile(self.shares, (len(x), 1))


@pytest.fixture
def network():
    learner = new_classifier()
    head = learner.model.tokens.head.weight
    torch.nn.init.normal_(head, generator=torch.Generator().manual_seed(0))
    return learner


def test_the_tables_have_few_classes_numbered_from_zero():
    tables = small_tables()
    assert len(tables) == 5
    for x, y in tables.values():
        assert len(x) == len(y)
        assert set(y) in ({0, 1}, {0, 1, 2})


def test_reduced_columns_depend_on_the_training_rows_alone():
    x, _ = small_tables()["wine"]
    train, test = reduced(x[:90], x[90:])
    again, _ = reduced(x[:90], 3 * x[90:])
    assert train.shape == (90, PRIOR.features)
    assert test.shape == (len(x) - 90, PRIOR.features)
    np.testing.assert_array_equal(train, again)
    inside = np.abs(train).max(0) < 5
    np.testing.assert_allclose(train.std(0)[inside], 1, rtol=1e-6)


def test_few_columns_are_filled_up():
    x, _ = small_tables()["iris"]
    train, _ = reduced(x, x)
    assert (train[:, 4:] == 0).all()
    np.testing.assert_allclose(train[:, :4].mean(0), 0, atol=1e-12)


def test_all_classifiers_see_the_same_rows_and_no_more_than_the_prior_has():
    x, y = small_tables()["breast cancer"]
    one, other = Commonest(), Commonest()
    rows = cross_validated({"one": one, "other": other}, x, y)
    assert len(rows) == 10
    np.testing.assert_array_equal(one.seen, other.seen)
    assert len(one.seen) == PRIOR.rows[1]
    accuracies = [row["accuracy"] for row in rows if row["classifier"] == "one"]
    assert np.mean(accuracies) == pytest.approx(100 * (y == 1).mean(), abs=0.5)
    share = (y == 1).mean()
    surprise = -(share * np.log(share) + (1 - share) * np.log(1 - share))
    assert np.mean([row["surprise"] for row in rows]) == pytest.approx(surprise, abs=0.01)


def test_in_context_gives_probabilities_of_the_classes_that_it_was_shown(network):
    x = np.random.default_rng(0).normal(size=(12, PRIOR.features))
    y = np.array([0, 2] * 6)
    probabilities = InContext(network).fit(x, y).predict_proba(x[:5])
    assert probabilities.shape == (5, 2)
    np.testing.assert_allclose(probabilities.sum(1), 1, rtol=1e-6)
    rows = (torch.tensor(v)[None].float() for v in (x, np.eye(3)[y], x[:5]))
    scores = network.model(*rows)[0, :, [0, 2]].detach()
    np.testing.assert_allclose(probabilities, scores.softmax(-1).numpy(), rtol=1e-4)


def test_what_is_saved_is_read_again(network, tmp_path):
    save_classifier(tmp_path / "c.safetensors", network, {"CPU seconds": 7})
    again, about = load_classifier(tmp_path / "c.safetensors")
    assert about == {"CPU seconds": 7}
    for name, weight in network.state_dict().items():
        assert torch.equal(again.state_dict()[name], weight)


def test_the_rivals_choose_by_inner_folds():
    x, y = small_tables()["iris"]
    rival = rivals()["nearest neighbours"].fit(x, y)
    assert rival.best_params_["n_neighbors"] in (3, 5, 9)
    assert set(rivals()) == {"logistic regression", "nearest neighbours", "gradient boosting"}
