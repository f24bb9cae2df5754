"""The comparison: equal by construction, learned where learnable, chance where not."""

from collections import Counter, defaultdict
from math import log

import pytest
import torch
from metalearn_lab.comparison.nearest_class_mean import (
    nearest_class_mean_accuracy,
    nearest_class_mean_by_shots,
    tf_idf,
)

from metalearn_lab.comparison import compare as module
from metalearn_lab.comparison.compare import choose, compare, score
from metalearn_lab.comparison.methods import (
    METHODS,
    Budget,
    Method,
    Rates,
    build,
    gradient_evaluations,
    training_batches,
)
from metalearn_lab.comparison.table import mean_table, score_table, verdict
from metalearn_lab.comparison.world import make_world
from metalearn_lab.evaluation.adaptation_curves import adaptation_curves
from metalearn_lab.learners.line import Line
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.types import Split, Task

TRAINED = [name for name, method in METHODS.items() if method.build]
SMALL = Budget(iterations=60, meta_batch=2, test_steps=8, validation_episodes=20, test_episodes=80)


@pytest.fixture(scope="module")
def scores(world):
    return compare([world], SMALL, methods=list(METHODS.values()), progress=False)


def test_every_method_is_scored_on_as_many_episodes_with_as_many_trials(scores):
    assert [s.method for s in scores] == list(METHODS)
    assert {len(s.accuracy) for s in scores} == {SMALL.test_episodes}
    trials = {s.method: s.choice.trials for s in scores}
    assert set(trials.values()) == {4}, f"a record of METHODS has four trials: {trials}"


def test_every_method_is_well_above_chance_on_unseen_classes(scores):
    for each in scores:
        accuracy, least = each.accuracy.mean().item(), 1 / 3 + 0.15
        assert accuracy > least, (
            f"{each.method} scores {accuracy:.3f} after {SMALL.iterations} iterations of "
            f"{SMALL.meta_batch} tasks, with {each.choice.settings} from its trials "
            f"{METHODS[each.method].trials}. A record of METHODS must be above {least:.3f}: give "
            "it other trials, and see whether its first step moves what it adapts (the head of the "
            "text model starts at zero)"
        )


def test_the_score_is_the_curve_at_the_chosen_step(scores):
    for each in scores:
        if each.curves is not None:
            assert torch.equal(each.accuracy, each.curves.accuracy[:, each.choice.steps])


@pytest.mark.parametrize("name", TRAINED)
def test_every_training_sees_the_same_sentences(name, world):
    """Equal data: each method's batch holds the items of the episodes, each as often."""
    rows = world.row_sampler("train").batch(3 * 2, 2)
    expected = sorted(map(tuple, world.inputs[torch.cat([s.x.flatten() for s in rows])].tolist()))
    learner = build(name, world, METHODS[name].trials[0], SMALL, 0)
    batch = training_batches(learner, world, SMALL, seed=0)(3)
    seen = (
        batch.support.x
        if torch.equal(batch.support.x, batch.query.x)
        else torch.cat([batch.support.x, batch.query.x], 1)
    )
    assert sorted(map(tuple, seen.flatten(0, 1).tolist())) == expected


@pytest.mark.parametrize("name", TRAINED)
def test_shuffled_support_labels_bring_accuracy_down_to_chance(name, world, scores):
    """A learner that scored without reading its support set would stay above chance."""
    learner = next(s.learner for s in scores if s.method == name)
    tasks = world.sampler("test").batch(0, 300)
    orders = [torch.randperm(6, generator=generator("shuffle", i)) for i in range(300)]
    shuffled = torch.stack([y[o] for y, o in zip(tasks.support.y, orders, strict=True)])
    mixed = Task(Split(tasks.support.x, shuffled), tasks.query)
    found = adaptation_curves(learner, mixed, 8).mean_accuracy
    low, high = (found.mean + sign * found.half_width for sign in (-1, 1))
    # Of six labels shuffled, each stays right one time in three, as in a guess.
    assert low[-1] < 1 / 3 + 0.02
    assert high[-1] > 1 / 3 - 0.05
    clean = adaptation_curves(learner, tasks, 8).mean_accuracy
    assert clean.mean[-1] - clean.half_width[-1] > high[-1]


def test_choosing_keeps_the_best_trial(world, monkeypatch):
    found = {}

    def remember(method, world, rates, budget, seed):
        learner = build(method.name, world, rates, budget, seed)
        found[rates] = learner
        return learner

    monkeypatch.setattr(module, "_train", remember)
    choice = choose(METHODS["maml"], world, SMALL)
    tasks = world.sampler("validation").batch(0, SMALL.validation_episodes)
    best = {
        rates: adaptation_curves(learner, tasks, SMALL.test_steps).mean_accuracy.mean[1:].max()
        for rates, learner in found.items()
    }
    assert set(found) == set(METHODS["maml"].trials)
    assert choice.validation_accuracy == pytest.approx(float(max(best.values())))
    assert best[Rates(**choice.settings)] == max(best.values())


def test_settings_are_never_chosen_on_test_classes(world, monkeypatch):
    asked = []
    sampler = type(world).sampler
    monkeypatch.setattr(
        type(world),
        "sampler",
        lambda self, part, *a, **k: asked.append(part) or sampler(self, part, *a, **k),
    )
    monkeypatch.setattr(
        module,
        "_train",
        lambda method, world, rates, budget, seed: build(method.name, world, rates, budget, seed),
    )
    for name in ("maml", "nearest_class_mean"):
        choose(METHODS[name], world, SMALL)
    assert set(asked) == {"validation"}


def test_another_seed_is_another_training_of_the_same_settings(world):
    untrained = METHODS["nearest_class_mean"]
    choice = choose(untrained, world, SMALL)
    once, again = (score(untrained, world, SMALL, choice) for _ in range(2))
    assert torch.equal(once.accuracy, again.accuracy)
    rates = Rates(0.5, 3e-3)
    one, other = (build("maml", world, rates, SMALL, seed) for seed in (0, 1))
    assert not torch.equal(one.model.body[0].table, other.model.body[0].table)
    batches = [training_batches(one, world, SMALL, seed)(0).support.x for seed in (0, 1)]
    assert not torch.equal(*batches)


def tf_idf_by_hand(world):
    """Weights by n-gram of every row: (1 + log count) × (1 + log((1 + n) / (1 + df)))."""
    grams = [
        Counter(
            f" {word} "[i : i + size]
            for word in text.lower().split()
            for size in (2, 3)
            for i in range(len(word) + 3 - size)
        )
        for text in world.table.texts
    ]
    labels = world.table.labels
    known = [g for g, label in zip(grams, labels, strict=True) if label in world.classes.train]
    documents = Counter(ngram for each in known for ngram in each)
    return [
        {
            ngram: (1 + log(count)) * (1 + log((1 + len(known)) / (1 + documents[ngram])))
            for ngram, count in each.items()
        }
        for each in grams
    ]


def cosine(a, b):
    product = sum(value * b.get(ngram, 0.0) for ngram, value in a.items())
    return product / (sum(v * v for v in a.values()) * sum(v * v for v in b.values())) ** 0.5


def test_the_untrained_baseline_equals_a_plain_loop(world):
    """Cosine to the mean of the unit support vectors, without hashing or sparse algebra."""
    vectors = tf_idf_by_hand(world)
    expected = []
    for index in range(10):
        episode = world.row_sampler("test").episode(index)
        right = 0
        for row, truth in zip(episode.query_rows.tolist(), episode.task.query.y, strict=True):
            means = [defaultdict(float) for _ in range(world.ways)]
            for support, label in zip(
                episode.support_rows.tolist(), episode.task.support.y, strict=True
            ):
                length = sum(value * value for value in vectors[support].values()) ** 0.5
                for ngram, value in vectors[support].items():
                    means[label][ngram] += value / length
            cosines = [cosine(vectors[row], mean) for mean in means]
            right += cosines.index(max(cosines)) == truth
        expected.append(float(right) / len(episode.query_rows))
    found = nearest_class_mean_accuracy(world, "test", 10, (2, 3))
    assert found.tolist() == pytest.approx(expected)


def test_fewer_shots_are_those_of_an_episode_with_fewer(world):
    """One shot of a two-shot episode, against the means of its first items, one by one."""
    two = make_world(world.table, ways=world.ways, shots=2, queries=2, split_seed=world.split_seed)
    found = nearest_class_mean_by_shots(two, "test", 6, (2, 3), [1, 2])
    assert torch.equal(found[2], nearest_class_mean_accuracy(two, "test", 6, (2, 3)))
    vectors = tf_idf(two, (2, 3))
    for index in range(6):
        episode = two.row_sampler("test").episode(index)
        first = vectors[episode.support_rows[: two.ways].numpy()]
        cosines = (vectors[episode.query_rows.numpy()] @ first.T).toarray()
        right = torch.from_numpy(cosines.argmax(1)) == episode.task.query.y
        assert found[1][index].item() == pytest.approx(right.float().mean().item())


def test_gradients_are_counted_for_every_method(world):
    counts = {
        name: gradient_evaluations(build(name, world, METHODS[name].trials[0], SMALL, 0), SMALL)
        for name in TRAINED
    }
    episodes = SMALL.iterations * SMALL.meta_batch
    assert counts == {
        "fine_tuning": episodes,
        "linear_probe": episodes,
        "maml": 11 * episodes,
        "first_order_maml": 6 * episodes,
        "reptile": 5 * episodes,
        "meta_sgd": 11 * episodes,
        "proto_net": episodes,
        "ridge_head": episodes,
    }


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"iterations": 0}, "iterations must be 1 or more, got 0"),
        ({"test_episodes": 1}, "test_episodes must be 2 or more, got 1"),
    ],
)
def test_a_budget_out_of_range_is_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        Budget(**settings)


def test_a_comparison_of_nothing_is_refused(world):
    with pytest.raises(ValueError, match="got 0 worlds and 1 seeds"):
        compare([], SMALL)
    with pytest.raises(ValueError, match="got 1 worlds and 0 seeds"):
        compare([world], SMALL, seeds=0)


def test_reptiles_steps_see_every_item(table):
    """However many there are: k minibatches cover the merged splits."""
    big = make_world(table, ways=3, shots=5, queries=10)
    learner = build("reptile", big, Rates(0.5, 1e-3), Budget(inner_steps=2), 0)
    assert 2 * learner.inner_batch >= 3 * 15


def test_an_unknown_method_is_refused(world):
    with pytest.raises(ValueError, match="no trained method 'anil': use one of fine_tuning"):
        build("anil", world, Rates(0.5, 1e-3), SMALL, 0)


def test_a_method_of_ones_own_stands_in_the_table_and_the_verdict(world):
    """By a record alone: an untrained guess, and MAML under another name."""

    def guess(world, part, episodes, luck):
        return torch.full((episodes,), luck / world.ways)

    looks = Line("#123456", "-", "x")
    plain = METHODS["maml"]
    own = Method("mine", "my MAML", looks, plain.trials[:1], build=plain.build)
    lazy = Method("guess", "a guess", looks, ({"luck": 0.5}, {"luck": 1.0}), accuracy=guess)
    found = compare([world], SMALL, methods=[own, lazy], progress=False)
    assert [each.method for each in found] == ["mine", "guess"]
    assert found[1].choice.settings == {"luck": 1.0}  # chosen by validation, as for all
    assert found[1].accuracy.mean() == pytest.approx(1 / world.ways)
    assert list(mean_table(score_table(found)).index) == ["guess", "mine"]
    [sentence] = verdict(found, "guess")
    assert sentence.startswith("mine is above guess")
