"""Starts for new tasks, chosen by a graph of past ones or without it, under equal trials."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor
from torch.func import vmap
from torch.nn import functional as F

from metalearn_lab.evaluation.frozen_class_means import class_mean_cosines
from metalearn_lab.evaluation.intervals import interval_over_tasks
from metalearn_lab.experiments.task_graph import (
    MEASURES,
    KnownTasks,
    World,
    neighbours,
    pair_auc,
    same_start,
    trained_apart,
    warm_start,
)
from metalearn_lab.learners.gradient_learner import GradientLearner
from metalearn_lab.learners.maml import MAML
from metalearn_lab.learners.reptile import Reptile
from metalearn_lab.learners.ridge_head import ridge
from metalearn_lab.one_thread import one_thread
from metalearn_lab.running.per_task import Weights
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.types import Split, Task, merge_splits
from metalearn_lab.training.meta_train import meta_train

if TYPE_CHECKING:
    from pandas import DataFrame, Series

SAVED_TASK_GRAPH = Path(__file__).parent / "task_graph.csv"
"""What ``benchmarks/task_graph.py`` gave."""

STEPS = (5, 20)
"""Inner steps that are tried."""

QUANTILES = (0.0, 0.05, 0.1, 0.2, 0.35, 0.5)
"""Which part of the pairs of validation and past tasks is within each threshold that is tried."""

WORST = 25.0
"""What a task counts at most whose loss is larger, or no number, because its steps diverged."""

POOLED_STEPS = (10, 30, 100, 300, 600, 1000)
META_STEPS = (100, 300, 600)


class Setting(NamedTuple):
    """What depends on the world.

    Attributes:
        rates: four α.
        widest: the smallest and largest of 24 α, for methods with nothing else to choose.
        known_lr: Adam's, where past tasks are trained.
        outer_lrs: two β of meta-training.
        inner_lr: α of meta-training.
        measure_rates: two α of the adapted loss, each tried with every second threshold.
    """

    rates: tuple[float, ...]
    widest: tuple[float, float]
    known_lr: float
    outer_lrs: tuple[float, float]
    inner_lr: float
    measure_rates: tuple[float, float]


SINUSOID_SETTING = Setting(
    (0.001, 0.003, 0.01, 0.03), (0.0003, 0.06), 0.01, (0.001, 0.005), 0.01, (0.001, 0.003)
)
INTENT_SETTING = Setting((1.0, 3.0, 10.0, 30.0), (0.1, 100.0), 0.03, (0.03, 0.3), 3.0, (1.0, 3.0))


class Candidate(NamedTuple):
    """Starts of validation and test tasks for one setting, every tensor ``[new, ...]``."""

    name: str
    validation: Weights
    test: Weights


@one_thread()
def judged(world: World, setting: Setting, seed: int) -> Iterator[dict[str, Any]]:
    """A row for each method: its choice on validation tasks, and loss and accuracy on test tasks.

    Each method has 48 trials: α and inner steps, and six of its own or five more times as many α.
    """
    learner = world.learner
    known = KnownTasks(learner, world.past, lr=setting.known_lr)
    score = partial(_score, world, learner)
    few, many = setting.rates, _log_spaced(*setting.widest, 24)
    for name, chosen in _fixed_choices(world).items():
        yield {"method": name, **score([_candidate(known, "", chosen)], many)}
    for measure in MEASURES:
        yield from graph_rows(world, known, setting, measure, seed)
    pooled = [_pooled(learner, known.all, steps, setting.known_lr) for steps in POOLED_STEPS]
    starts = [
        _everywhere(f"{steps} steps", weights, world)
        for steps, weights in zip(POOLED_STEPS, pooled, strict=True)
    ]
    yield {"method": "all tasks pooled", **score(starts, few)}
    for kind in (MAML, Reptile):
        trained = list(_meta_trained(kind, world, setting, seed))
        starts = [_everywhere(label, weights, world) for label, weights in trained]
        yield {"method": kind.title, **score(starts, few)}
    yield {"method": "ridge head", **_ridge(world, learner, pooled[3])}
    if _logistic(learner):
        yield {"method": "class means", **_class_means(world)}


def graph_rows(
    world: World, known: KnownTasks, setting: Setting, measure: str, seed: int
) -> Iterator[dict[str, Any]]:
    """Starts from neighbours by one measure, and from as many that are drawn at random."""
    adapts = measure == "adapted loss"
    rates = setting.measure_rates if adapts else setting.measure_rates[:1]
    clusters, pairs_of = world.clusters, {}
    candidates, random = [], []
    for rate in rates:
        known.learner.inner_lr = rate
        new = [known.distances(measure, part.support) for part in (world.validation, world.test)]
        pairs = {
            "new pairs": pair_auc(new[1], clusters["test"], clusters["past"]),
            "past pairs": pair_auc(_between_past(known, measure), *[clusters["past"]] * 2),
        }
        for quantile in QUANTILES[:: len(rates)]:
            threshold = torch.quantile(new[0].flatten(), quantile).item()
            chosen = [neighbours(distances, threshold) for distances in new]
            label = f"{quantile:.0%} of pairs" + (f", α = {rate}" if adapts else "")
            pairs_of[label] = pairs
            candidates.append(_candidate(known, label, chosen))
            numbers = generator("random neighbours", seed, measure)
            drawn = [_shuffled(mask, numbers) for mask in chosen]
            random.append(_candidate(known, label, drawn))
    for name, tried in (("graph", candidates), ("random, as many", random)):
        row = {"method": f"{name}: {measure}", **_score(world, known.learner, tried, setting.rates)}
        yield row | pairs_of[row["chosen"]] if name == "graph" else row


def _fixed_choices(world: World) -> dict[str, list[Tensor]]:
    """Past tasks by no measure: none, all, those of the same cluster and those of others."""
    past, parts = world.clusters["past"], ("validation", "test")
    same = [world.clusters[part][:, None] == past for part in parts]
    choices = {"from scratch": [mask & False for mask in same]}
    choices["mean of all"] = [mask | True for mask in same]
    if not all(mask.all() for mask in same):
        choices |= {"same cluster": same, "other clusters": [~mask for mask in same]}
    return choices


def _candidate(known: KnownTasks, name: str, chosen: list[Tensor]) -> Candidate:
    starts = [warm_start(known.start, known.weights, mask) for mask in chosen]
    return Candidate(name, *starts)


def _everywhere(name: str, weights: Weights, world: World) -> Candidate:
    """One start for all tasks."""
    counts = [len(part.support.x) for part in (world.validation, world.test)]
    return Candidate(
        name,
        *(same_start(weights, count) for count in counts),
    )


def _between_past(known: KnownTasks, measure: str) -> Tensor:
    """Distances between past tasks, NaN for a task and itself; the lower triangle and the upper."""
    distances = known.distances(measure, known.all)
    return distances.fill_diagonal_(torch.nan)


def _shuffled(chosen: Tensor, numbers: torch.Generator) -> Tensor:
    """As many neighbours of each task, drawn at random."""
    order = torch.stack([torch.randperm(chosen.shape[1], generator=numbers) for _ in chosen])
    return chosen.gather(1, order)


def _score(
    world: World, learner: GradientLearner, candidates: list[Candidate], rates: tuple[float, ...]
) -> dict[str, Any]:
    """The candidate, α and steps with the lowest loss on validation tasks, judged on test tasks."""
    best: tuple[float, Any] = (float("inf"), None)
    for candidate in candidates:
        for rate in rates:
            learner.inner_lr = rate
            along = _along(learner, candidate.validation, world.validation)
            for steps, (loss, _) in along.items():
                if loss < best[0]:
                    best = (loss, (candidate, rate, steps))
    candidate, rate, steps = best[1]
    learner.inner_lr = rate
    loss, accuracy = _along(learner, candidate.test, world.test)[steps]
    return {
        "loss": loss,
        "accuracy": accuracy,
        "chosen": candidate.name,
        "inner_lr": rate,
        "inner_steps": steps,
        "validation": best[0],
    }


def _along(
    learner: GradientLearner, starts: Weights, tasks: Task
) -> dict[int, tuple[float, float | None]]:
    """Mean query loss, and per cent right if the output is logistic, by number of steps."""

    def outputs(start: Weights, task: Task) -> Tensor:
        path = learner.inner_loop(start, task.support, max(STEPS))
        return torch.stack([learner.call(path[steps], task.query.x) for steps in STEPS])

    with torch.no_grad():
        predicted = vmap(outputs)(starts, tasks)
    scores: dict[int, tuple[float, float | None]] = {}
    for number, steps in enumerate(STEPS):
        own = predicted[:, number]
        right = _per_cent_right(own, tasks.query.y) if _logistic(learner) else None
        losses = vmap(learner.loss_of)(own, tasks.query.y)
        scores[steps] = (_capped(losses).mean().item(), right)
    return scores


def _capped(losses: Tensor) -> Tensor:
    """Each task's loss, but ``WORST`` where it is larger or no number."""
    return losses.nan_to_num(WORST, WORST).clamp(max=WORST)


def _per_cent_right(logits: Tensor, y: Tensor) -> float:
    return 100 * ((logits > 0) == (y > 0.5)).float().mean().item()


def _logistic(learner: GradientLearner) -> bool:
    return learner.loss is F.binary_cross_entropy_with_logits


def _pooled(learner: GradientLearner, tasks: Split, steps: int, lr: float) -> Weights:
    """Trained on the items of all tasks as if they were one."""
    one = Split(*(values.flatten(0, 1)[None] for values in tasks))
    return {name: w[0] for name, w in trained_apart(learner, one, steps=steps, lr=lr).items()}


def _meta_trained(
    kind: type[GradientLearner], world: World, setting: Setting, seed: int
) -> Iterator[tuple[str, Weights]]:
    """Starts by two β and three lengths of meta-training, on past tasks split anew each time."""
    items = merge_splits(world.past).support
    pairs, shots = items.x.shape[1] // 2, world.test.support.x.shape[1]

    def tasks(iteration: int) -> Task:
        order = torch.randperm(pairs, generator=generator("split anew", seed, iteration))
        order = torch.stack([2 * order, 2 * order + 1], 1).flatten().to(items.x.device)
        split = Task(
            Split(items.x[:, order[:shots]], items.y[:, order[:shots]]),
            Split(items.x[:, order[shots:]], items.y[:, order[shots:]]),
        )
        return merge_splits(split) if kind is Reptile else split

    for outer_lr in setting.outer_lrs:
        settings: dict[str, Any] = {"inner_lr": setting.inner_lr, "inner_steps": 5}
        if kind is Reptile:
            settings["inner_batch"] = 4
        learner = kind(deepcopy(world.learner.model), world.learner.loss, **settings)
        optimizer, done = torch.optim.Adam(learner.parameters(), outer_lr), 0
        for iterations in META_STEPS:
            meta_train(
                learner,
                partial(_later, tasks, done),
                iterations=iterations - done,
                optimizer=optimizer,
                every=iterations,
                progress=False,
            )
            done = iterations
            weights = {name: w.detach().clone() for name, w in learner.weights().items()}
            yield f"{iterations} steps, β = {outer_lr}", weights


def _later(tasks: Callable[[int], Task], first: int, iteration: int) -> Task:
    """The tasks of an iteration of a training that goes on."""
    return tasks(first + iteration)


def _ridge(world: World, learner: GradientLearner, weights: Weights) -> dict[str, Any]:
    """Ridge regression on the features of the pooled network, λ chosen among 48."""
    body = {name[5:]: w for name, w in weights.items() if name.startswith("body.")}
    sign = _logistic(learner)

    def features(x: Tensor) -> Tensor:
        h = torch.func.functional_call(learner.model.get_submodule("body"), body, (x,))
        return torch.cat([h, torch.ones_like(h[..., :1])], -1)

    def outputs(task: Task, regularisation: float) -> Tensor:
        targets = 2 * task.support.y - 1 if sign else task.support.y
        heads = vmap(lambda h, y: ridge(h, y, torch.tensor(regularisation)))(
            features(task.support.x), targets
        )
        return features(task.query.x) @ heads

    def cost(task: Task, regularisation: float) -> float:
        own = outputs(task, regularisation)
        if sign:
            return 100 - _per_cent_right(own, task.query.y)
        return _capped(vmap(F.mse_loss)(own, task.query.y)).mean().item()

    with torch.no_grad():
        grid = _log_spaced(1e-4, 1e3, 48)
        best = min(grid, key=lambda strength: cost(world.validation, strength))
        lost = cost(world.test, best)
    own = {"accuracy": 100 - lost} if sign else {"loss": lost}
    return {"chosen": f"λ = {best:.3g}", **own}


def _class_means(world: World) -> dict[str, Any]:
    (x, y), query = world.test
    cosines = class_mean_cosines(x, y[..., 0].long(), query.x, 2)
    right = (cosines.argmax(2) == query.y[..., 0]).float().mean().item()
    return {"accuracy": 100 * right}


def _log_spaced(low: float, high: float, count: int) -> tuple[float, ...]:
    return tuple(torch.logspace(math.log10(low), math.log10(high), count).tolist())


def means_over_seeds(table: DataFrame, column: str) -> DataFrame:
    """Mean of a column with its 95 % interval over the seeds: methods down, worlds across.

    Args:
        table: as saved.
        column: such as ``"loss"``.
    """

    def text(values: Series) -> str:
        mean, half, _ = interval_over_tasks(torch.tensor(values.to_list()).double())
        return f"{mean:.2f} ± {half:.2f}"

    kept = table.dropna(subset=column)
    grouped = kept.groupby(["method", "world"], sort=False)[column].agg(text)
    return grouped.unstack("world").fillna("")


def by_seed(table: DataFrame, world: str, column: str) -> DataFrame:
    """A column of one world: methods down, seeds across."""
    own = table[table.world.eq(world)]
    return own.pivot_table(column, "method", "seed")
