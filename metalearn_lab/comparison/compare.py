"""Choose settings on validation classes, train, score on unseen classes; every method alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from torch import Tensor

from metalearn_lab.comparison.methods import (
    CHAPTER_06,
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
    methods: Sequence[Method] = CHAPTER_06,
    seeds: int = 1,
    chosen: Callable[[World], dict[str, Choice] | None] = lambda world: None,
    progress: bool = True,
) -> list[Score]:
    """Score every method on every world, with settings chosen in each by the same code.

    Args:
        worlds: class splits and shots.
        budget: what every method may spend.
        methods: of the package (``METHODS``), or records of your own.
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
    steps = [(world, method) for world in worlds for method in methods]
    scores: list[Score] = []
    with tqdm(steps, disable=not progress, unit="method") as bar:
        for world, method in bar:
            bar.set_description(f"{world.shots}-shot, split {world.split_seed}: {method.title}")
            choice = (chosen(world) or {}).get(method.name) or choose(method, world, budget)
            runs = range(seeds if method.build else 1)
            scores += [score(method, world, budget, choice, seed) for seed in runs]
    return scores


def choose(method: Method, world: World, budget: Budget) -> Choice:
    """Try every setting of a method and keep the one that does best on validation classes."""
    choices = [_validated(method, trial, world, budget) for trial in method.trials]
    return max(choices, key=lambda choice: choice.validation_accuracy)


def score(method: Method, world: World, budget: Budget, choice: Choice, seed: int = 0) -> Score:
    """Train with the chosen settings and score on the test classes."""
    if method.build is None and method.accuracy is not None:
        accuracy = method.accuracy(world, "test", budget.test_episodes, **choice.settings)
        return Score(world, method.name, 0, choice, accuracy, None, None, 0.0, 0)
    start = time.perf_counter()
    learner = _train(method, world, Rates(**choice.settings), budget, seed)
    seconds = time.perf_counter() - start
    tasks = world.sampler("test").batch(0, budget.test_episodes)
    curves = adaptation_curves(learner, tasks, budget.test_steps)
    assert curves.accuracy is not None  # classification has accuracies
    accuracy = curves.accuracy[:, choice.steps]
    gradients = gradient_evaluations(learner, budget)
    return Score(world, method.name, seed, choice, accuracy, curves, learner, seconds, gradients)


def _validated(method: Method, trial: Any, world: World, budget: Budget) -> Choice:
    """The choice that one trial makes, with its accuracy on the validation classes."""
    episodes, count = budget.validation_episodes, len(method.trials)
    if method.build is None and method.accuracy is not None:
        accuracy = method.accuracy(world, "validation", episodes, **trial).mean().item()
        return Choice(trial, 0, accuracy, count)
    learner = _train(method, world, trial, budget, seed=0)
    tasks = world.sampler("validation").batch(0, episodes)
    means = adaptation_curves(learner, tasks, budget.test_steps).mean_accuracy.mean
    steps = 1 + int(means[1:].argmax())
    return Choice(asdict(trial), steps, float(means[steps]), count)


def _train(method: Method, world: World, rates: Rates, budget: Budget, seed: int) -> Learner:
    assert method.build is not None  # or there is nothing to train
    learner = method.build(world, rates, budget, seed).to(world.ids.device)
    meta_train(
        learner,
        training_batches(learner, world, budget, seed),
        iterations=budget.iterations,
        optimizer=outer_optimizer(learner, rates),
        every=budget.iterations,
        progress=False,
    )
    return learner
