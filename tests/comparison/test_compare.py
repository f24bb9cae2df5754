"""The comparison: equal by construction, learned where learnable, chance where not."""

from dataclasses import replace

import pytest
import torch

from metalearn_lab.comparison import compare as module
from metalearn_lab.comparison.compare import (
    Choice,
    check_never_tuned_on_test_classes,
    choose,
    compare,
    rates_of,
    score,
)
from metalearn_lab.comparison.methods import (
    METHODS,
    Budget,
    Method,
    Rates,
    build,
    gradient_evaluations,
    training_batches,
)
from metalearn_lab.comparison.ranges import LogUniform, OneOf
from metalearn_lab.comparison.table import mean_table, score_table
from metalearn_lab.comparison.world import ENCODER, NGRAMS, TF_IDF, make_world
from metalearn_lab.evaluation.adaptation_curves import adaptation_curves
from metalearn_lab.learners.line import Line
from metalearn_lab.models.cosine_head import CosineHead
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.types import Split, Task

TRAINED = [name for name, method in METHODS.items() if method.build]
SMALL = Budget(
    iterations=60, meta_batch=2, trials=2, test_steps=8, validation_episodes=20, test_episodes=80
)
BUDGETS = {NGRAMS: SMALL, TF_IDF: SMALL, ENCODER: replace(SMALL, iterations=20)}
"""On vectors that are good already a shorter training shows as much."""
TINY = replace(SMALL, iterations=2, validation_episodes=4, test_episodes=6)
LOOKS = Line("#123456", "-", "x")


def methods_on(representation):
    return [m for m in METHODS.values() if representation in m.representations]


def first_rates(name, world):
    return rates_of(METHODS[name].trials(world, SMALL.trials)[0])


def without_training(method, world, rates, budget, seed):
    return build(method.name, world, rates, budget, seed)


@pytest.fixture(scope="module")
def scores(represented):
    return {
        name: compare([world], BUDGETS[name], methods_on(name), progress=False)
        for name, world in represented.items()
    }


@pytest.mark.parametrize("representation", [NGRAMS, TF_IDF, ENCODER])
def test_every_method_is_scored_on_as_many_episodes_with_as_many_trials(scores, representation):
    there = scores[representation]
    assert [s.method for s in there] == [m.name for m in methods_on(representation)]
    assert {len(s.accuracy) for s in there} == {SMALL.test_episodes}
    for each in there:
        has_a_choice = METHODS[each.method].ranges(representation)
        assert each.choice.trials == (SMALL.trials if has_a_choice else 1), each.method
        assert set(each.choice.settings) == set(has_a_choice)


def test_every_method_is_in_some_comparison(scores):
    assert {s.method for there in scores.values() for s in there} == set(METHODS)


@pytest.mark.parametrize("representation", [NGRAMS, TF_IDF, ENCODER])
def test_every_method_is_well_above_chance_on_unseen_classes(scores, representation):
    for each in scores[representation]:
        accuracy, least = each.accuracy.mean().item(), 1 / 3 + 0.15
        assert accuracy > least, (
            f"{each.method} scores {accuracy:.3f} on {representation} after {each.iterations} "
            f"iterations of {SMALL.meta_batch} tasks, with {each.choice.settings}, the better of "
            f"{SMALL.trials} trials. A record of METHODS must be above {least:.3f}: give it other "
            "ranges, and see whether its first step moves what it adapts (the heads of the models "
            "start at zero)"
        )


def test_the_score_is_the_curve_at_the_chosen_step(scores):
    for each in scores[NGRAMS] + scores[ENCODER]:
        if each.curves is not None:
            assert torch.equal(each.accuracy, each.curves.accuracy[:, each.choice.steps])


def test_a_score_says_what_its_training_took(scores):
    for each in scores[ENCODER]:
        if METHODS[each.method].build is None:
            cost = (each.gradients, each.iterations, each.sentences, each.seconds, each.learner)
            assert cost == (0, 0, 0, 0.0, None)
        else:
            assert each.gradients == gradient_evaluations(each.learner, BUDGETS[ENCODER])
            assert (each.iterations, each.sentences) == (20, 20 * 2 * 3 * (2 + 4))
            assert each.seconds > 0


@pytest.mark.parametrize("name", TRAINED)
def test_every_training_sees_the_same_sentences(name, world):
    """Equal data: each method's batch holds the items of the episodes, each as often."""

    def sentences(x):  # 0 is padding; a number below 0 says of which training class a sentence is
        return sorted(tuple(i for i in ids if i > 0) for ids in x.flatten(0, -2).tolist())

    rows = world.row_sampler("train").batch(3 * 2, 2)
    expected = sentences(world.inputs[torch.cat([split.x.flatten() for split in rows])])
    learner = build(name, world, first_rates(name, world), SMALL, 0)
    support, query = (s.x for s in training_batches(learner, world, SMALL, seed=0)(3))
    seen = sentences(support)
    assert (seen if torch.equal(support, query) else sorted(seen + sentences(query))) == expected


@pytest.mark.parametrize("name", [n for n in TRAINED if NGRAMS in METHODS[n].representations])
def test_shuffled_support_labels_bring_accuracy_down_to_chance(name, world, scores):
    """A learner that scored without reading its support set would stay above chance."""
    learner = next(s.learner for s in scores[NGRAMS] if s.method == name)
    tasks = world.sampler("test").batch(0, 300)
    orders = [torch.randperm(6, generator=generator("shuffle", i)) for i in range(300)]
    shuffled = torch.stack([y[o] for y, o in zip(tasks.support.y, orders, strict=True)])
    mixed = Task(Split(tasks.support.x, shuffled), tasks.query)
    steps = 8 if learner.adapted_names else 0
    found = adaptation_curves(learner, mixed, steps).mean_accuracy
    low, high = (found.mean + sign * found.half_width for sign in (-1, 1))
    # Of six labels shuffled, each stays right one time in three, as in a guess.
    assert low[-1] < 1 / 3 + 0.02
    assert high[-1] > 1 / 3 - 0.05
    clean = adaptation_curves(learner, tasks, steps).mean_accuracy
    assert clean.mean[-1] - clean.half_width[-1] > high[-1]


def test_choosing_keeps_the_best_trial(world, monkeypatch):
    found = {}

    def remember(method, world, rates, budget, seed):
        found[rates] = without_training(method, world, rates, budget, seed)
        return found[rates]

    monkeypatch.setattr(module, "_train", remember)
    budget = replace(SMALL, trials=4)
    choice = choose(METHODS["maml"], world, budget)
    tasks = world.sampler("validation").batch(0, SMALL.validation_episodes)
    best = {
        rates: adaptation_curves(learner, tasks, SMALL.test_steps).mean_accuracy.mean
        for rates, learner in found.items()
    }
    assert set(found) == {rates_of(trial) for trial in METHODS["maml"].trials(world, 4)}
    assert choice.validation_accuracy == pytest.approx(max(float(b.max()) for b in best.values()))
    assert best[Rates(**choice.settings)].argmax() == choice.steps
    assert choice.trials == len(found) == 4


def test_a_trial_that_diverges_is_a_poor_one_and_no_error(world):
    wild = replace(METHODS["maml"], ranges=lambda _: {"inner_lr": OneOf((1e30, 0.5)), **BETA})
    choice = choose(wild, world, TINY)
    assert choice.settings["inner_lr"] == 0.5
    assert choice.trials == 2
    hopeless = replace(wild, ranges=lambda _: {"inner_lr": OneOf((1e30, 1e31)), **BETA})
    assert choose(hopeless, world, TINY).validation_accuracy == 0


BETA = {"outer_lr": LogUniform(1e-3, 2e-3)}


@pytest.mark.parametrize(
    ("name", "representation"),
    [
        ("maml", NGRAMS),
        ("nearest_class_mean", TF_IDF),
        ("logistic", ENCODER),
        ("whitened_mean", ENCODER),
    ],
)
def test_settings_are_never_chosen_on_test_classes(represented, monkeypatch, name, representation):
    asked, world = [], represented[representation]
    sampler = type(world).sampler
    monkeypatch.setattr(
        type(world),
        "sampler",
        lambda self, part, *a, **k: asked.append(part) or sampler(self, part, *a, **k),
    )
    monkeypatch.setattr(module, "_train", without_training)
    choose(METHODS[name], world, SMALL)
    assert set(asked) == {"validation"}
    if METHODS[name].build is None:
        score(METHODS[name], world, SMALL, Choice(first_trial(name, world), 0, 0.5, 1))
        assert asked.pop() == "test"


def first_trial(name, world):
    return METHODS[name].trials(world, SMALL.trials)[0]


def test_worlds_that_would_choose_on_what_another_reports_are_refused(table, worlds):
    check_never_tuned_on_test_classes(worlds)
    others = [make_world(table, ways=2, split_seed=seed) for seed in range(2)]
    both = set(others[0].classes.validation) & set(others[1].classes.test)
    both |= set(others[1].classes.validation) & set(others[0].classes.test)
    names = ", ".join(sorted(table.classes[c] for c in both)[:5])
    message = f"chosen by classes that are reported on: {names}. Give all worlds the same valid"
    for order in (others, others[::-1]):
        with pytest.raises(ValueError, match=message):
            check_never_tuned_on_test_classes(order)
    with pytest.raises(ValueError, match=message):
        compare(others, TINY, [METHODS["maml"]])


def test_settings_are_chosen_once_on_the_first_world_and_used_in_all(worlds, monkeypatch):
    chosen_on = []

    def noted(method, world, budget):
        chosen_on.append((method.name, world))
        return choose(method, world, budget)

    monkeypatch.setattr(module, "choose", noted)
    three = [METHODS[name] for name in ("ridge", "proto_net", "whitened_mean")]
    given = Choice({"shrinkage": 5.0}, 0, 0.5, 9)
    chosen = {"whitened_mean": given, "maml": given}
    found = compare(worlds[1:], TINY, three, seeds=2, chosen=chosen, progress=False)
    assert chosen_on == [("ridge", worlds[1]), ("proto_net", worlds[1])]
    assert [(s.method, s.world.split_seed, s.seed) for s in found] == [
        *(("ridge", split, 0) for split in (1, 2, 3)),
        *(("proto_net", split, seed) for split in (1, 2, 3) for seed in (0, 1)),
        *(("whitened_mean", split, 0) for split in (1, 2, 3)),
    ]
    assert len({id(s.choice) for s in found}) == 3
    assert found[-1].choice is given


def test_another_seed_is_another_start_and_other_episodes(world, monkeypatch):
    batches = []

    def first_batch(learner, tasks, **settings):
        batches.append(tasks(0).support.x)

    monkeypatch.setattr(module, "meta_train", first_batch)
    choice = Choice({"outer_lr": 0.01}, 0, 0.5, 1)
    once, again, other = (
        score(METHODS["proto_net"], world, TINY, choice, seed).learner.state_dict()
        for seed in (0, 0, 1)
    )
    assert all(torch.equal(once[name], again[name]) for name in once)
    assert not any(torch.equal(once[name], other[name]) for name in once)
    assert torch.equal(batches[0], batches[1])
    assert not torch.equal(batches[0], batches[2])


def test_the_same_training_twice_is_the_same(world):
    choice = Choice({"outer_lr": 0.01}, 0, 0.5, 1)
    once, again = (score(METHODS["proto_net"], world, TINY, choice, 3) for _ in range(2))
    assert torch.equal(once.curves.loss, again.curves.loss)
    assert (once.seed, again.seed) == (3, 3)


def test_gradients_are_counted_for_every_method(world):
    counts = {
        name: gradient_evaluations(build(name, world, first_rates(name, world), SMALL, 0), SMALL)
        for name in TRAINED
    }
    episodes = SMALL.iterations * SMALL.meta_batch
    k = SMALL.inner_steps
    assert counts == {
        "frozen_class_means": episodes,
        "fine_tuning": episodes,
        "linear_probe": episodes,
        "baseline_plus_plus": episodes,
        "maml": (2 * k + 1) * episodes,
        "maml_mlp": (2 * k + 1) * episodes,
        "first_order_maml": (k + 1) * episodes,
        "reptile": k * episodes,
        "head_only": (2 * k + 1) * episodes,
        "body_only": (2 * k + 1) * episodes,
        "meta_sgd": (2 * k + 1) * episodes,
        "maml_plus_plus": 3 * k * episodes,
        "cavia": (2 * k + 1) * episodes,
        "proto_maml": (2 * k + 1) * episodes,
        "proto_net": episodes,
        "ridge_head": episodes,
        "signatures": episodes,
    }


@pytest.mark.parametrize(
    ("name", "representation"),
    [
        (name, representation)
        for name in TRAINED
        for representation in METHODS[name].representations
        if "inner_lr" in METHODS[name].ranges(representation)
    ],
)
def test_the_first_step_of_an_untrained_learner_moves_its_scores(represented, name, representation):
    """What is below a head of zeros would stay where it is."""
    world = represented[representation]
    learner = build(name, world, Rates(0.5, 1e-3), SMALL, 0)
    task = world.sampler("train").batch(0, 2)
    scores = [learner.predict(weights, task.query.x) for weights in learner.adapt(task.support, 1)]
    assert not torch.allclose(*scores, atol=1e-5)


def test_pretraining_has_an_output_for_each_training_class(world):
    for name in ("fine_tuning", "linear_probe", "frozen_class_means", "baseline_plus_plus"):
        learner = build(name, world, Rates(0.5, 1e-3), SMALL, 0)
        head = learner.pretraining_head
        size = head.weight.shape[0] if isinstance(head, CosineHead) else head.out_features
        assert size == len(world.classes.train) == 6


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"iterations": 0}, "iterations must be 1 or more, got 0"),
        ({"trials": 0}, "trials must be 1 or more, got 0"),
        ({"test_episodes": 1}, "test_episodes must be 2 or more, got 1"),
    ],
)
def test_a_budget_out_of_range_is_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        Budget(**settings)


def test_a_comparison_of_nothing_is_refused(world):
    with pytest.raises(ValueError, match="got 0 worlds and 1 seeds"):
        compare([], SMALL, [METHODS["maml"]])
    with pytest.raises(ValueError, match="got 1 worlds and 0 seeds"):
        compare([world], SMALL, [METHODS["maml"]], seeds=0)


def test_a_method_on_what_it_does_not_apply_to_is_refused(represented):
    for name, representation, message in (
        ("signatures", ENCODER, "tional signatures applies to n-grams, not to sentence e"),
        ("maml", TF_IDF, "MAML applies to n-grams and sentence encoder, not to TF-IDF"),
        ("ridge", NGRAMS, "ridge regression applies to TF-IDF and sentence encoder, not to n-gr"),
    ):
        method, world = METHODS[name], represented[representation]
        with pytest.raises(ValueError, match=message):
            compare([world], TINY, [method], progress=False)
        with pytest.raises(ValueError, match=message):
            score(method, world, TINY, Choice({"outer_lr": 1e-3}, 0, 0.5, 1))


def test_reptiles_steps_see_every_item(table):
    """However many there are: k minibatches cover the merged splits."""
    big = make_world(table, ways=3, shots=5, queries=10)
    learner = build("reptile", big, Rates(0.5, 1e-3), Budget(inner_steps=2), 0)
    assert 2 * learner.inner_batch >= 3 * 15


def test_an_unknown_method_is_refused(world):
    for name in ("anil", "ridge"):
        with pytest.raises(ValueError, match=f"no trained method '{name}': use one of frozen_cl"):
            build(name, world, Rates(0.5, 1e-3), SMALL, 0)


def test_a_method_of_ones_own_stands_in_the_table(world):
    """By a record alone: an untrained guess, and MAML under another name."""

    def guess(world, part, episodes, luck):
        return torch.full((episodes,), luck / world.ways)

    plain = METHODS["maml"]
    own = Method("mine", "my MAML", LOOKS, ranges=plain.ranges, build=plain.build)
    lazy = Method(
        "guess",
        "a guess",
        LOOKS,
        "untrained",
        lambda representation: {"luck": OneOf((0.5, 1.0))},
        accuracy=guess,
    )
    found = compare([world], TINY, [own, lazy], progress=False)
    assert [each.method for each in found] == ["mine", "guess"]
    assert found[1].choice.settings == {"luck": 1.0}  # chosen by validation, as for all
    assert found[1].accuracy.mean() == pytest.approx(1 / world.ways)
    assert list(mean_table(score_table(found)).index) == [(NGRAMS, "mine"), (NGRAMS, "guess")]


def test_signatures_count_the_words_of_training_classes_alone(world):
    counts = build("signatures", world, Rates(None, 1e-3), SMALL, 0).word_counts.sum(1)
    assert set(counts.nonzero().flatten().tolist()) == set(world.classes.train)


@pytest.mark.parametrize("name", ["head_only", "linear_probe", "body_only"])
def test_a_part_adapts_alone(world, name):
    part = "body." if name == "body_only" else "head."
    names = build(name, world, Rates(0.5, 1e-3), SMALL, 0).adapted_names
    assert names
    assert all(each.startswith(part) for each in names)
