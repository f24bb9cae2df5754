"""The baselines on frozen features against sklearn, and against what they are by definition."""

import pytest
import torch
from sklearn.linear_model import LogisticRegression
from torch.nn import functional as F

from metalearn_lab.evaluation.converged_probe import PENALTIES, converged_probe, fit_probe
from metalearn_lab.evaluation.frozen_class_means import class_mean_cosines, frozen_class_means
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.types import Split, Task

WAYS, SHOTS, QUERIES, DIM = 3, 4, 5, 6


def tasks(name, count=4):
    """Blobs around a centre of each class that lie within each other's reach."""
    numbers = generator("frozen baselines", name)
    centres = torch.randn(count, WAYS, DIM, generator=numbers)

    def side(items):
        labels = torch.arange(WAYS).repeat(items)
        order = torch.randperm(len(labels), generator=numbers)
        noise = torch.randn(count, len(labels), DIM, generator=numbers)
        return Split(centres[:, labels[order]] + noise, labels[order].repeat(count, 1))

    return Task(side(SHOTS), side(QUERIES))


def test_the_class_means_are_by_cosine():
    some = tasks("means")
    cosines = class_mean_cosines(*some.support, some.query.x, WAYS)
    for i in range(4):
        h, y = some.support.x[i], some.support.y[i]
        means = torch.stack([h[y == c].mean(0) for c in range(WAYS)])
        exact = F.cosine_similarity(some.query.x[i][:, None], means[None], dim=2)
        torch.testing.assert_close(cosines[i], exact)
        right = (exact.argmax(1) == some.query.y[i]).float().mean()
        assert frozen_class_means(some, WAYS)[i] == right


def test_their_lengths_do_not_matter():
    some = tasks("means")
    longer = Task(Split(7 * some.support.x, some.support.y), Split(3 * some.query.x, some.query.y))
    assert torch.equal(frozen_class_means(some, WAYS), frozen_class_means(longer, WAYS))


def test_the_mean_is_of_the_features_as_they_are():
    """Of features that were first brought to one length it would be nearer to the other class."""
    support = Split(
        torch.tensor([[[1.0, 1.0], [10.0, 1.0], [0.0, 1.0]]]), torch.tensor([[0, 1, 1]])
    )
    query = Split(torch.tensor([[[1.0, 0.3], [1.0, 2.0]]]), torch.tensor([[1, 0]]))
    assert frozen_class_means(Task(support, query), 2).tolist() == [1.0]


@pytest.mark.parametrize("penalty", PENALTIES)
def test_the_converged_probe_is_logistic_regression(penalty):
    some = tasks("probe")
    probe = fit_probe(some, WAYS, penalty)
    assert probe.gradient < 1e-5
    for i in range(4):
        x, q = some.support.x[i].double(), some.query.x[i].double()
        shift, length = x.mean(0), (x - x.mean(0)).norm(dim=1).mean()
        model = LogisticRegression(C=1 / (2 * penalty * len(x)), tol=1e-9, max_iter=10_000)
        model.fit((x - shift) / length, some.support.y[i])
        guesses = torch.from_numpy(model.predict((q - shift) / length))
        assert probe.accuracy[i] == (guesses == some.query.y[i]).float().mean()


def test_the_gradient_is_the_largest_of_the_tasks_and_also_that_of_the_bias(monkeypatch):
    monkeypatch.setattr(torch.optim.LBFGS, "step", lambda *_: None)  # it stays at zero
    some = tasks("unbalanced")
    some.support.y[1] = 0
    norms = []
    for x, y in zip(some.support.x.double(), some.support.y, strict=True):
        away = (x - x.mean(0)) / (x - x.mean(0)).norm(dim=1).mean()
        error = (1 / WAYS - F.one_hot(y, WAYS).double()) / len(x)
        norms.append(torch.cat([away.T @ error, error.sum(0)[None]]).norm().item())
    assert fit_probe(some, WAYS, PENALTIES[0]).gradient == pytest.approx(max(norms))


def test_the_penalty_is_chosen_on_validation_tasks_alone():
    validation, test = tasks("validation", 20), tasks("test", 20)
    mislabelled = Split(validation.query.x, (validation.query.y + 1) % WAYS)
    validation = validation._replace(query=mislabelled)  # another penalty is best than on test
    chosen = converged_probe(validation, test, WAYS)
    assert chosen.penalty != converged_probe(test, test, WAYS).penalty
    assert torch.equal(chosen.accuracy, fit_probe(test, WAYS, chosen.penalty).accuracy)
    means = {p: fit_probe(validation, WAYS, p).accuracy.mean() for p in PENALTIES}
    assert means[chosen.penalty] == max(means.values())
    shuffled = Task(test.support, Split(test.query.x, test.query.y.roll(1, dims=1)))
    assert converged_probe(validation, shuffled, WAYS).penalty == chosen.penalty
