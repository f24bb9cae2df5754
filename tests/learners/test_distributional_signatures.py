"""Distributional signatures: both statistics by hand, the ridge head where attention is even."""

from dataclasses import asdict

import numpy as np
import pytest
import torch
from scipy.stats import entropy
from sklearn.linear_model import Ridge
from torch import nn
from torch.nn import functional as F

from metalearn_lab.evaluation.adaptation_curves import adaptation_curves
from metalearn_lab.evaluation.few_shot_score import trainable_parameters
from metalearn_lab.evaluation.meta_gradient_check import check_meta_gradient
from metalearn_lab.learners.distributional_signatures import RELEASED, DistributionalSignatures
from metalearn_lab.learners.ridge_head import RidgeHead
from metalearn_lab.models.text_encoder import BagOfNgrams
from metalearn_lab.models.word_attention import BiLSTM, EachWord, WordAttention, random_vectors
from metalearn_lab.tasks.episodes import EpisodeSampler
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.text_features import word_counts
from metalearn_lab.tasks.types import Split, Task
from metalearn_lab.training.meta_train import meta_train
from metalearn_lab.training.non_finite import NonFiniteLossError
from tests.learners.builders import gradients, text_tasks

WORDS, WAYS = 30, 3
COUNTS = torch.randint(0, 9, (5, WORDS), generator=generator("counts")).double()


def learner(kind=EachWord, *, learned=True, counts=COUNTS, dim=4, **settings):
    torch.manual_seed(0)
    model = WordAttention(random_vectors(counts.shape[1], dim), kind(5), learned=learned)
    defaults = {"ways": WAYS, "word_counts": counts, "epsilon": 0.05}
    return DistributionalSignatures(model, F.cross_entropy, **(defaults | settings)).double()


def marked(tasks, classes):
    """The same tasks, each support sentence with a mark of its class."""
    marks = -1 - torch.tensor(classes)[tasks.support.y]
    support = torch.cat([marks.unsqueeze(-1), tasks.support.x], -1)
    return Task(Split(support, tasks.support.y), tasks.query)


def signatures_of(net, tasks):
    return net.adapt(tasks.support)[0]["signatures"]


def test_general_importance_is_that_of_the_counts():
    net, tasks = learner(), text_tasks()
    shares = COUNTS.sum(0) / COUNTS.sum()
    expected = (0.05 / (0.05 + shares)).expand(3, -1)
    torch.testing.assert_close(signatures_of(net, tasks)[..., 0], expected)
    without = COUNTS[[0, 4]].sum(0) / COUNTS[[0, 4]].sum()
    found = signatures_of(net, marked(tasks, [3, 1, 2]))[..., 0]
    torch.testing.assert_close(found, (0.05 / (0.05 + without)).expand(3, -1))
    nothing = learner(counts=torch.zeros(2, WORDS))
    assert signatures_of(nothing, tasks)[..., 0].eq(1).all(), "a word of no count tells the most"


@pytest.mark.parametrize("importance", ["inverse entropy", "largest score"])
def test_task_importance_is_scikit_learns(importance):
    net, tasks = learner(task_importance=importance, classifier_regularisation=0.3), text_tasks()
    vectors = net.model.vectors.detach().numpy()
    found = signatures_of(net, tasks)[..., 1]
    for task in range(3):
        means = [vectors[row[row > 0]].mean(0) for row in tasks.support.x[task].numpy()]
        targets = np.eye(WAYS)[tasks.support.y[task]]
        scores = Ridge(alpha=0.3, fit_intercept=False).fit(means, targets).predict(vectors)
        shares = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
        of_paper, of_script = 1 / entropy(shares, axis=1), np.abs(scores).max(1)
        expected = of_paper if importance == "inverse entropy" else of_script
        torch.testing.assert_close(found[task], torch.from_numpy(expected), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("learned", [False, True])
def test_with_even_attention_it_is_the_ridge_head_on_mean_word_vectors(learned):
    net, tasks = learner(learned=learned), text_tasks()
    nn.init.zeros_(net.model.generator.layers[-1].weight)
    bag = BagOfNgrams(WORDS, 4)
    head = RidgeHead(bag, F.cross_entropy, ways=WAYS, regularisation=0.1).double()
    bag.table.data = net.model.vectors.data
    torch.testing.assert_close(net(tasks), head(tasks), rtol=1e-13, atol=1e-13)
    if learned:
        # Where all scores are equal nothing flows through the statistics.
        found, expected = gradients(net, tasks), gradients(head, tasks)
        torch.testing.assert_close(found["model.vectors"], expected["model.table"])
    [mine], [its] = net.adapt(tasks.support), head.adapt(tasks.support)
    torch.testing.assert_close(mine["ridge"], its["ridge"], rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("dim", [2, 12])
@pytest.mark.parametrize(
    "settings",
    [{}, {"learned": False}, {"kind": BiLSTM}, {"task_importance": "largest score"}],
)
def test_its_meta_gradient_is_right(settings, dim):
    net = learner(dim=dim, **settings)
    report = check_meta_gradient(net, marked(text_tasks(), [0, 2, 4]))
    assert report.passed, report
    names = {each.name for each in report.parameters}
    assert ("model.vectors" in names) == settings.get("learned", True)
    assert {"log_regularisation", "scale", "bias"} < names


def test_however_tasks_are_run_the_loss_is_the_same():
    tasks = marked(text_tasks(), [0, 1, 3])
    expected = learner()(tasks)
    for settings in ({"mapping": "loop"}, {"mapping": "vmap"}, {"chunk_size": 2}):
        torch.testing.assert_close(learner(**settings)(tasks), expected)


@pytest.mark.parametrize("kind", [EachWord, BiLSTM])
def test_padding_changes_nothing(kind):
    net, tasks = learner(kind), text_tasks()
    longer = Task(*(Split(F.pad(split.x, (0, 4)), split.y) for split in tasks))
    torch.testing.assert_close(net(longer), net(tasks), rtol=1e-14, atol=1e-15)


def test_the_order_of_words_leaves_the_signatures_and_the_loss_as_they_are():
    net, tasks = learner(), text_tasks()
    order = torch.randperm(9, generator=generator("order"))
    mixed = Task(*(Split(split.x[..., order], split.y) for split in tasks))
    torch.testing.assert_close(signatures_of(net, mixed), signatures_of(net, tasks))
    torch.testing.assert_close(net(mixed), net(tasks))


def test_one_hot_vectors_make_it_a_bag_of_words():
    """Any matrix of vectors will do: here a sentence is its attention, spread over the words."""
    model = WordAttention(torch.eye(WORDS), EachWord(5))
    net = DistributionalSignatures(model, F.cross_entropy, ways=WAYS, word_counts=COUNTS).double()
    tasks = text_tasks(1)
    [adapted] = net.adapt(tasks.support)
    signatures, ids = adapted["signatures"][0], tasks.query.x[0]
    bags = torch.zeros(6, WORDS).double()
    bags.scatter_add_(1, ids, model.attention(ids, signatures).detach())
    torch.testing.assert_close(model(ids, signatures), bags)
    expected = net.scale * bags @ adapted["ridge"][0] + net.bias
    torch.testing.assert_close(net.predict(adapted, tasks.query.x)[0], expected)


def test_dropout_draws_in_training_alone():
    net, tasks = learner(), text_tasks()
    net.model.generator.layers[2].p = 0.5
    assert net(tasks) != net(tasks)
    net.eval()
    assert net(tasks) == net(tasks)


def table():
    """Sentences of 8 classes: one word of its own each, and frequent words that tell nothing."""
    numbers = generator("table of words")
    labels = torch.arange(8).repeat_interleave(12)
    frequent = torch.randint(1, 5, (96, 6), generator=numbers)
    own = 5 + 3 * labels[:, None] + torch.randint(0, 2, (96, 1), generator=numbers)
    return torch.cat([frequent, own], 1), labels


def sampler(part):
    sizes = {"ways": WAYS, "shots": 2, "queries": 3}
    return EpisodeSampler(*table(), classes=part, split=str(part), **sizes)


def test_a_training_batch_marks_the_classes_of_its_support_alone():
    source, net = sampler(range(5)), learner()
    batch, plain = net.training_batch(source, 3, 4), source.batch(3, 4)
    assert torch.equal(batch.support.x[..., 1:], plain.support.x)
    assert torch.equal(batch.query.x, plain.query.x)
    assert torch.equal(batch.support.y, plain.support.y)
    for task, index in enumerate(range(3, 7)):
        classes = source.episode(index).classes
        assert torch.equal(-1 - batch.support.x[task, :, 0], classes[plain.support.y[task]])


def test_training_lowers_the_loss_on_classes_that_it_has_not_seen(tmp_path):
    ids, labels = table()
    counts = word_counts(ids, labels, range(5), vocabulary=WORDS)
    net = learner(learned=False, counts=counts, dim=16)
    unseen = sampler([5, 6, 7]).batch(0, 60)
    source, before = sampler(range(5)), adaptation_curves(net, unseen, 0)
    meta_train(
        net,
        lambda i: net.training_batch(source, 4 * i, 4),
        iterations=80,
        optimizer=torch.optim.Adam(net.parameters(), 1e-2),
        checkpoint=tmp_path / "run.checkpoint",
        progress=False,
    )
    after = adaptation_curves(net, unseen, 0)
    assert after.loss.mean() < 0.8 * before.loss.mean()
    # It has learned to look at the rare word, the last one of each sentence.
    signatures = signatures_of(net, unseen)[0]
    weights = net.model.attention(unseen.query.x[0], signatures)
    assert (weights.argmax(-1) == 6).all()
    assert weights[:, -1].mean() > 2 / 7


def test_a_checkpoint_keeps_all_of_it(tmp_path):
    def run(iterations):
        net = learner()
        meta_train(
            net,
            lambda i: text_tasks(seed=i),
            iterations=iterations,
            optimizer=torch.optim.Adam(net.parameters(), 1e-2),
            every=1,
            checkpoint=tmp_path / "run.checkpoint",
            progress=False,
        )
        return net

    run(2)
    resumed = run(4)
    (tmp_path / "run.checkpoint").unlink()
    for one, other in zip(resumed.parameters(), run(4).parameters(), strict=True):
        assert torch.equal(one, other)


def test_it_is_adapted_at_once():
    net, tasks = learner(), text_tasks()
    curves = adaptation_curves(net, tasks, 2)
    assert torch.equal(curves.loss, curves.loss[:, :1].expand(-1, 3))
    torch.testing.assert_close(curves.loss[:, 0].mean(), net(tasks).detach())
    assert trainable_parameters(net) == 0
    features = net.call(net.weights(), tasks.query.x[0])
    assert features.shape == (6, 4)
    with pytest.raises(ValueError, match="takes no inner steps at a rate α"):
        net.check_rate()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"ways": 1}, "an entropy needs 2 ways or more, got 1"),
        ({"epsilon": 0}, "epsilon must be a positive number, got 0"),
        ({"classifier_regularisation": -1.0}, "classifier_regularisation must be a positive"),
        ({"regularisation": 0}, "regularisation must be a positive number, got 0"),
        ({"task_importance": "entropy"}, "unknown task_importance 'entropy': use one of inverse"),
        ({"word_counts": COUNTS[0]}, r"word_counts must be \[classes, vocabulary\] with the mode"),
        ({"word_counts": COUNTS[:, :9]}, r"the model's 30 words, got \[5, 9\]"),
        ({"word_counts": -1 - COUNTS}, "word_counts must be 0 or more everywhere"),
    ],
)
def test_settings_out_of_range_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        learner(**settings)


def test_changed_settings_are_refused_too():
    net = learner()
    with pytest.raises(ValueError, match="epsilon must be a positive"):
        net.epsilon = 0.0
    with pytest.raises(ValueError, match="the model's 7 words"):
        net.model = WordAttention(random_vectors(7, 4))
    assert net.epsilon == 0.05
    assert len(net.model.vectors) == WORDS
    with pytest.raises(TypeError, match=r"the model must be a WordAttention, .* got BagOfNgrams"):
        DistributionalSignatures(
            BagOfNgrams(WORDS, 4), F.cross_entropy, ways=WAYS, word_counts=COUNTS
        )


def test_a_support_label_that_is_no_class_is_never_passed_over():
    net, tasks = learner(), text_tasks()
    labels = tasks.support.y.clone()
    labels[0, 0] = WAYS
    tasks = Task(Split(tasks.support.x, labels), tasks.query)
    optimizer = torch.optim.Adam(net.parameters())
    with pytest.raises(NonFiniteLossError, match=r"support labels are 0, …, ways − 1"):
        meta_train(net, lambda i: tasks, iterations=1, optimizer=optimizer, progress=False)


def test_the_released_settings_build_a_learner():
    settings = asdict(RELEASED)
    names = ("epsilon", "task_importance", "classifier_regularisation", "regularisation", "ways")
    model = WordAttention(
        random_vectors(WORDS, 4), BiLSTM(RELEASED.hidden, dropout=RELEASED.dropout)
    )
    net = DistributionalSignatures(
        model, F.cross_entropy, word_counts=COUNTS, **{name: settings[name] for name in names}
    )
    torch.testing.assert_close(net.log_regularisation.exp().item(), 0.1)
