"""Choose settings on validation classes, train, score on unseen classes; every method alike."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from metalearn_lab.comparison.methods import (
    Budget,
    Method,
    Rates,
    gradient_evaluations,
    outer_optimizer,
    training_batches,
)
from metalearn_lab.comparison.world import World
from metalearn_lab.evaluation.adaptation_curves import AdaptationCurves, adaptation_curves
from metalearn_lab.learners.learner import Learner
from metalearn_lab.one_thread import one_thread
from metalearn_lab.training.meta_train import meta_train
from metalearn_lab.training.non_finite import NonFiniteLossError


@dataclass(frozen=True)
class Choice:
    """What a method chose on the validation classes.

    Attributes:
        settings: those of ``Rates`` that it has, or of its ``accuracy``.
        steps: adaptation steps at test time; 0 where there are none.
        validation_accuracy: of the choice, 0…1.
        trials: how many settings were tried.
    """

    settings: dict[str, Any]
    steps: int
    validation_accuracy: float
    trials: int


@dataclass(frozen=True)
class Score:
    """A method's accuracy on unseen classes, episode by episode.

    Attributes:
        world: the class split, shots and representation it was scored on.
        method: its name.
        seed: of training; 0 for what is not trained.
        choice: its settings.
        accuracy: on each test episode after the chosen number of steps, ``[episodes]``.
        curves: after each step, or None for what is not trained.
        learner: the trained learner, or None.
        seconds: of training.
        gradients: gradient evaluations of training.
        iterations: outer steps of training.
        sentences: that training saw, repeats counted.
    """

    world: World
    method: str
    seed: int
    choice: Choice
    accuracy: Tensor
    curves: AdaptationCurves | None
    learner: Learner | None
    seconds: float
    gradients: int
    iterations: int
    sentences: int


def compare(
    worlds: Sequence[World],
    budget: Budget,
    methods: Sequence[Method],
    *,
    seeds: int = 1,
    chosen: Mapping[str, Choice] | None = None,
    progress: bool = True,
) -> list[Score]:
    """Score every method on every world, with settings chosen once by the same code.

    Args:
        worlds: class splits that share ways, shots and representation. Settings are chosen on the
            validation classes of the first and used in all: give them the same validation classes
            (``tasks.class_splits.split_with_one_validation``), or one is tuned on what another is
            judged by.
        budget: what every method may spend.
        methods: of the package (``METHODS``), or records of your own.
        seeds: trainings of each trained method, with other weights and other episodes.
        chosen: settings by method that were chosen beforehand; the others are chosen now.
        progress: show a bar on stderr.

    Raises:
        ValueError: no worlds, fewer than one seed, a validation class that another world reports
            on, or a method that does not apply to the representation.
    """
    from tqdm import tqdm

    if not worlds or seeds < 1:
        raise ValueError(
            f"a comparison needs a world and a seed, got {len(worlds)} worlds and {seeds} seeds"
        )
    check_never_tuned_on_test_classes(worlds)
    scores: list[Score] = []
    with tqdm(methods, disable=not progress, unit="method") as bar:
        for method in bar:
            bar.set_description(f"{worlds[0].shots}-shot: {method.title}")
            choice = (chosen or {}).get(method.name) or choose(method, worlds[0], budget)
            runs = range(seeds if method.build else 1)
            scores += [score(method, w, budget, choice, seed) for w in worlds for seed in runs]
    return scores


def check_never_tuned_on_test_classes(worlds: Sequence[World]) -> None:
    """Refuse worlds of which one reports on classes that another chooses settings by.

    Raises:
        ValueError: names the classes.
    """
    by, on = (
        {worlds[0].table.classes[c] for world in worlds for c in getattr(world.classes, part)}
        for part in ("validation", "test")
    )
    if both := sorted(by & on):
        raise ValueError(
            f"settings would be chosen by classes that are reported on: {', '.join(both[:5])}. "
            "Give all worlds the same validation classes, see split_with_one_validation"
        )


def choose(method: Method, world: World, budget: Budget) -> Choice:
    """Try random settings of a method and keep those that do best on validation classes.

    Raises:
        ValueError: the method does not apply to the world's representation.
    """
    _check_applies(method, world)
    trials = method.trials(world, budget.trials)
    choices = [_validated(method, trial, world, budget, len(trials)) for trial in trials]
    return max(choices, key=lambda choice: choice.validation_accuracy)


def score(method: Method, world: World, budget: Budget, choice: Choice, seed: int = 0) -> Score:
    """Train with the chosen settings and score on the test classes.

    Raises:
        ValueError: the method does not apply to the world's representation.
    """
    _check_applies(method, world)
    if method.build is None and method.accuracy is not None:
        accuracy = method.accuracy(world, "test", budget.test_episodes, **choice.settings)
        return Score(world, method.name, 0, choice, accuracy, None, None, 0.0, 0, 0, 0)
    start = time.perf_counter()
    learner = _train(method, world, rates_of(choice.settings), budget, seed)
    seconds = time.perf_counter() - start
    tasks = world.sampler("test").batch(0, budget.test_episodes)
    with one_thread():
        curves = adaptation_curves(learner, tasks, _test_steps(learner, budget))
    assert curves.accuracy is not None  # classification has accuracies
    accuracy = curves.accuracy[:, choice.steps]
    episodes = budget.iterations * budget.meta_batch
    sentences = episodes * world.ways * (world.shots + world.queries)
    spent = (seconds, gradient_evaluations(learner, budget), budget.iterations, sentences)
    return Score(world, method.name, seed, choice, accuracy, curves, learner, *spent)


def rates_of(settings: Mapping[str, Any]) -> Rates:
    """The rates of a trained method, from the settings that it has."""
    return Rates(**{"inner_lr": None, **settings})


def _check_applies(method: Method, world: World) -> None:
    if world.representation not in method.representations:
        raise ValueError(
            f"{method.title} applies to {' and '.join(method.representations)}, "
            f"not to {world.representation}"
        )


def _test_steps(learner: Learner, budget: Budget) -> int:
    """None for what has no steps to take."""
    return budget.test_steps if learner.adapted_names else 0


def _validated(
    method: Method, trial: dict[str, Any], world: World, budget: Budget, count: int
) -> Choice:
    """The choice that one trial makes, with its accuracy on the validation classes."""
    episodes = budget.validation_episodes
    if method.build is None and method.accuracy is not None:
        accuracy = method.accuracy(world, "validation", episodes, **trial).mean().item()
        return Choice(trial, 0, accuracy, count)
    try:
        learner = _train(method, world, rates_of(trial), budget, seed=0)
        tasks = world.sampler("validation").batch(0, episodes)
        curves = adaptation_curves(learner, tasks, _test_steps(learner, budget))
    except NonFiniteLossError:  # of random settings some diverge: a poor trial
        return Choice(trial, 0, 0.0, count)
    means = curves.mean_accuracy.mean
    steps = int(means.argmax())
    return Choice(trial, steps, float(means[steps]), count)


def _train(method: Method, world: World, rates: Rates, budget: Budget, seed: int) -> Learner:
    assert method.build is not None  # or there is nothing to train
    learner = method.build(world, rates, budget, seed).to(world.inputs.device)
    with one_thread():  # many small products
        meta_train(
            learner,
            training_batches(learner, world, budget, seed),
            iterations=budget.iterations,
            optimizer=outer_optimizer(learner, rates),
            every=budget.iterations,
            progress=False,
        )
    return learner
