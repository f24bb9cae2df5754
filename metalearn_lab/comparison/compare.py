"""Choose settings on validation classes, train, score on unseen classes; every method alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from torch import Tensor

from metalearn_lab.comparison.budget import Budget
from metalearn_lab.comparison.methods import (
    NGRAM_TRIALS,
    TITLES,
    TRAINED,
    MethodName,
    Rates,
    build,
    gradient_evaluations,
    outer_optimizer,
    training_batches,
    trials,
)
from metalearn_lab.comparison.nearest_class_mean import nearest_class_mean_accuracy
from metalearn_lab.comparison.world import World
from metalearn_lab.evaluation.adaptation_curves import AdaptationCurves, adaptation_curves
from metalearn_lab.learners.learner import Learner
from metalearn_lab.training.meta_train import meta_train


@dataclass(frozen=True)
class Choice:
    """What a method chose on the validation classes.

    Attributes:
        settings: α and β, or the n-gram range.
        steps: adaptation steps at test time; 0 for the untrained baseline.
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
        world: the class split and shot it was scored on.
        method: its name.
        seed: of training; 0 for the untrained baseline.
        choice: its settings.
        accuracy: on each test episode after the chosen number of steps, ``[episodes]``.
        curves: after each step, or None for the untrained baseline.
        learner: the trained learner, or None.
        seconds: of training.
        gradients: gradient evaluations of training.
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


def compare(
    worlds: Sequence[World],
    budget: Budget,
    *,
    seeds: int = 1,
    chosen: Callable[[World], dict[str, Choice] | None] = lambda world: None,
    progress: bool = True,
) -> list[Score]:
    """Score every method on every world, with settings chosen in each by the same code.

    Args:
        worlds: class splits and shots.
        budget: what every method may spend.
        seeds: trainings of each trained method, with other weights and other episodes.
        chosen: gives a world's settings by method if they were chosen beforehand; where it gives
            None they are chosen now, on the world's validation classes.
        progress: show a bar on stderr.

    Raises:
        ValueError: no worlds, or fewer than one seed.
    """
    from tqdm import tqdm

    if not worlds or seeds < 1:
        raise ValueError(
            f"a comparison needs a world and a seed, got {len(worlds)} worlds and {seeds} seeds"
        )
    methods = list(TITLES)
    steps = [(world, method) for world in worlds for method in methods]
    scores: list[Score] = []
    with tqdm(steps, disable=not progress, unit="method") as bar:
        for world, method in bar:
            bar.set_description(f"{world.shots}-shot, split {world.split_seed}: {TITLES[method]}")
            beforehand = chosen(world)
            choice = beforehand[method] if beforehand else choose(method, world, budget)
            runs = range(seeds if method in TRAINED else 1)
            scores += [score(method, world, budget, choice, seed) for seed in runs]
    return scores


def choose(method: str, world: World, budget: Budget) -> Choice:
    """Try every setting of a method and keep the one that does best on validation classes."""
    if method == "nearest_class_mean":
        return _choose_ngrams(world, budget)
    name = _trained(method)
    found = []
    for rates in trials(name):
        learner = _train(name, world, rates, budget, seed=0)
        tasks = world.sampler("validation").batch(0, budget.validation_episodes)
        accuracy = adaptation_curves(learner, tasks, budget.test_steps).mean_accuracy.mean
        steps = 1 + int(accuracy[1:].argmax())
        found.append(Choice(asdict(rates), steps, float(accuracy[steps]), len(trials(name))))
    return max(found, key=lambda choice: choice.validation_accuracy)


def score(method: str, world: World, budget: Budget, choice: Choice, seed: int = 0) -> Score:
    """Train with the chosen settings and score on the test classes."""
    if method == "nearest_class_mean":
        accuracy = nearest_class_mean_accuracy(
            world, "test", budget.test_episodes, tuple(choice.settings["ngrams"])
        )
        return Score(world, method, 0, choice, accuracy, None, None, 0.0, 0)
    name = _trained(method)
    start = time.perf_counter()
    learner = _train(name, world, Rates(**choice.settings), budget, seed)
    seconds = time.perf_counter() - start
    tasks = world.sampler("test").batch(0, budget.test_episodes)
    curves = adaptation_curves(learner, tasks, budget.test_steps)
    assert curves.accuracy is not None  # classification has accuracies
    accuracy = curves.accuracy[:, choice.steps]
    gradients = gradient_evaluations(name, budget)
    return Score(world, method, seed, choice, accuracy, curves, learner, seconds, gradients)


def _choose_ngrams(world: World, budget: Budget) -> Choice:
    found = [
        Choice(
            {"ngrams": list(ngrams)},
            0,
            nearest_class_mean_accuracy(world, "validation", budget.validation_episodes, ngrams)
            .mean()
            .item(),
            len(NGRAM_TRIALS),
        )
        for ngrams in NGRAM_TRIALS
    ]
    return max(found, key=lambda choice: choice.validation_accuracy)


def _train(name: MethodName, world: World, rates: Rates, budget: Budget, seed: int) -> Learner:
    learner = build(name, world, rates, budget, seed)
    meta_train(
        learner,
        training_batches(name, world, budget, seed),
        iterations=budget.iterations,
        optimizer=outer_optimizer(learner, rates),
        every=budget.iterations,
        progress=False,
    )
    return learner


def _trained(method: str) -> MethodName:
    for name in TRAINED:
        if name == method:
            return name
    raise ValueError(f"unknown method {method!r}: use one of {', '.join(TRAINED)}")
