"""Tasks that arrive one after another: what should the start for the next one be made of?

A task is first a test: the learner adapts to its support set and is judged on its query set. Only
then the whole task may be trained on. Learners differ in two choices: which tasks they train on
(all that came so far, or the newest), and for what (the loss after inner steps, or before).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import pi
from pathlib import Path
from typing import NamedTuple

import torch
from pandas import DataFrame, Series
from torch import Tensor, nn
from torch.nn import functional as F

from metalearn_lab.evaluation.adaptation_curves import adaptation_curves
from metalearn_lab.evaluation.frozen_class_means import frozen_class_means
from metalearn_lab.evaluation.intervals import interval_over_tasks
from metalearn_lab.learners.gradient_learner import GradientLearner
from metalearn_lab.learners.joint import JointPretraining
from metalearn_lab.learners.maml import MAML
from metalearn_lab.learners.ridge_head import ridge
from metalearn_lab.models.mlp import MLP
from metalearn_lab.one_thread import one_thread
from metalearn_lab.tasks.dealing import dealable_classes
from metalearn_lab.tasks.episodes import EpisodeSampler
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.table import LabelledTable
from metalearn_lab.tasks.types import Split, Task, merge_splits, select_tasks, stack_tasks

SAVED_STREAMS = Path(__file__).parent / "stream_results"
"""What ``benchmarks/task_streams.py`` gave: ``along.csv`` and ``summary.csv``."""

TASKS, VALIDATION_TASKS, LATER, BLOCK = 200, 100, 100, 5
SINUSOIDS, INTENTS = "sinusoids", "intents"
DRIFT, SHUFFLED = "drift", "shuffled"
WAYS, SHOTS, QUERIES = 5, 1, 5
VALIDATION_CLASSES, STREAM_CLASSES, WINDOW = 12, 24, 10
STEPS, META_BATCH, INNER_STEPS, LONGEST = 3, 10, 3, 20
_WIDTH = 64


@dataclass(frozen=True)
class TaskStream:
    """Tasks in their order, and others of the same family.

    Attributes:
        tasks: ``[T, ...]``.
        labelled: of classification: the same tasks, with one fixed label for every class.
        later: for the time after the stream, ``[LATER, ...]``.
        classes: how many fixed labels there are; 0 for regression.
    """

    tasks: Task
    labelled: Task
    later: Task
    classes: int = 0

    @property
    def regression(self) -> bool:
        """Whether targets are numbers."""
        return self.classes == 0

    def shuffled(self, seed: int) -> TaskStream:
        """The same tasks in a drawn order."""
        count = len(self.tasks.query.y)
        order = torch.randperm(count, generator=generator("stream order", seed))
        tasks, labelled = (select_tasks(each, order) for each in (self.tasks, self.labelled))
        return TaskStream(tasks, labelled, self.later, self.classes)


def sinusoid_stream(seed: int, *, tasks: int = TASKS, shots: int = 10) -> TaskStream:
    """Sinusoids whose phase drifts from 0 to π, with a little noise; amplitudes are drawn anew."""
    numbers = generator("sinusoid stream", seed)

    def drawn(phase: Tensor) -> Task:
        amplitude = 0.1 + 4.9 * torch.rand(len(phase), 1, 1, generator=numbers)
        x = 10 * torch.rand(len(phase), 2 * shots, 1, generator=numbers) - 5
        y = amplitude * torch.sin(x - phase[:, None, None])
        return Task(Split(x[:, :shots], y[:, :shots]), Split(x[:, shots:], y[:, shots:]))

    noise = 0.1 * torch.randn(tasks, generator=numbers)
    along = drawn((torch.linspace(0, pi, tasks) + noise).clamp(0, pi))
    return TaskStream(along, along, drawn(pi * torch.rand(LATER, generator=numbers)))


def intent_stream(
    table: LabelledTable, vectors: Tensor, seed: int, *, part: str = "stream", tasks: int = TASKS
) -> TaskStream:
    """5-way 1-shot episodes of sentence vectors; their intents come from a window that moves.

    The intents stand in the order of their names, so neighbours are alike.

    Args:
        table: of sentences.
        vectors: of its rows, ``[rows, dim]``.
        seed: of the classes and the episodes.
        part: ``"stream"``, or ``"validation"``: classes that no stream has.
        tasks: how many.
    """
    usable = torch.tensor(
        dealable_classes(table.labels, table.groups, shots=SHOTS, queries=QUERIES)
    )
    dealt = usable[torch.randperm(len(usable), generator=generator("validation intents"))]
    own = dealt[:VALIDATION_CLASSES]
    if part == "stream":
        others = dealt[VALIDATION_CLASSES:]
        chosen = torch.randperm(len(others), generator=generator("stream intents", seed))
        own = others[chosen[:STREAM_CLASSES]]
    classes = own.sort().values.tolist()
    names, last = table.classes, len(classes) - WINDOW
    samplers = [
        EpisodeSampler(
            vectors,
            table.labels,
            ways=WAYS,
            shots=SHOTS,
            queries=QUERIES,
            classes=classes[first : first + WINDOW],
            groups=table.groups,
            split=f"{part} {first}",
            seed=seed,
            class_names=names,
        )
        for first in range(last + 1)
    ]
    positions = {number: position for position, number in enumerate(classes)}

    def episodes(first: int, count: int) -> tuple[list[Task], list[Task]]:
        along, fixed = [], []
        for i in range(count):
            episode = samplers[round(i / (count - 1) * last)].episode(first + i)
            known = torch.tensor([positions[int(c)] for c in episode.classes])
            along.append(episode.task)
            fixed.append(Task(*(Split(x, known[y]) for x, y in episode.task)))
        return along, fixed

    along, fixed = map(stack_tasks, episodes(0, tasks))
    later = stack_tasks(episodes(tasks, LATER)[0])
    return TaskStream(along, fixed, later, len(classes))


class Rates(NamedTuple):
    """Inner step size α and outer step size β."""

    inner_lr: float
    outer_lr: float


class Way(NamedTuple):
    """What a start is trained on, and for what.

    Attributes:
        all_tasks: all that came so far, or the newest alone.
        meta: the loss after inner steps, or before.
    """

    all_tasks: bool
    meta: bool


WAYS_TO_TRAIN = {
    "follow the meta-leader": Way(all_tasks=True, meta=True),
    "train on everything": Way(all_tasks=True, meta=False),
    "MAML on the newest": Way(all_tasks=False, meta=True),
    "fine-tune the newest": Way(all_tasks=False, meta=False),
}
WHITENED = "whitened class means"
SCRATCH, CLASS_MEANS, RIDGE, ZERO = "from scratch", "class means", "ridge", "predicting 0"


def new_learner(stream: TaskStream, way: Way, inner_lr: float, seed: int) -> GradientLearner:
    """A network with a start that is still untrained.

    Args:
        stream: says how many inputs and classes there are.
        way: what it will be trained for.
        inner_lr: α.
        seed: of the weights.
    """
    dim = stream.tasks.support.x.shape[-1]
    model = MLP([1, 40, 40, 1] if stream.regression else [dim, _WIDTH, WAYS], seed=seed)
    loss = F.mse_loss if stream.regression else F.cross_entropy
    settings = {"inner_lr": inner_lr, "inner_steps": INNER_STEPS}
    if not stream.regression:
        for zero in model.head.parameters():
            nn.init.zeros_(zero)
    if way.meta:
        return MAML(model, loss, **settings)  # type: ignore[arg-type]
    if stream.regression:
        return JointPretraining(model, loss, **settings)  # type: ignore[arg-type]
    head = nn.Linear(_WIDTH, stream.classes)
    for zero in head.parameters():
        nn.init.zeros_(zero)
    return JointPretraining(model, loss, pretraining_head=head, **settings)


@one_thread()
def play(stream: TaskStream, way: Way, rates: Rates, seed: int) -> tuple[Tensor, Tensor]:
    """A learner meets the stream: what it gets wrong on every task, before it trains on it.

    Follow the meta-leader in practice takes some steps of MAML after each task, on tasks drawn
    from all that came so far.

    Returns:
        Errors (mean squared, or the share of wrong answers) after 0, …, ``LONGEST`` inner steps:
        of the stream ``[T, LONGEST + 1]``, and afterwards of the later tasks.

    Source: Finn, Rajeswaran, Kakade and Levine, "Online Meta-Learning", ICML 2019, algorithm 1.
    """
    learner = new_learner(stream, way, rates.inner_lr, seed)
    optimizer = torch.optim.Adam(learner.parameters(), rates.outer_lr)
    numbers = generator("stream draws", seed)
    known = stream.tasks if way.meta else merge_splits(stream.labelled)
    errors = []
    for t in range(len(stream.tasks.query.y)):
        errors.append(adapted_errors(learner, select_tasks(stream.tasks, slice(t, t + 1))))
        for _ in range(STEPS):
            count = min(META_BATCH, t + 1)
            chosen = torch.randperm(t + 1, generator=numbers)[:count]
            batch = chosen if way.all_tasks else torch.tensor([t])
            optimizer.zero_grad()
            learner(select_tasks(known, batch)).backward()
            optimizer.step()
    return torch.cat(errors), adapted_errors(learner, stream.later)


def adapted_errors(learner: GradientLearner, tasks: Task, steps: int = LONGEST) -> Tensor:
    """Errors after 0, …, k inner steps, ``[tasks, k + 1]``; what overflows is infinite."""
    curves = adaptation_curves(learner, tasks, steps, tasks_at_once=100)
    if curves.accuracy is not None:
        return 1 - curves.accuracy
    return curves.loss.nan_to_num(torch.inf)


@one_thread()
def from_scratch(tasks: Task, inner_lr: float, steps: int, seed: int) -> Tensor:
    """Gradient steps from an untrained network, or on vectors from a linear head of zeros.

    Returns:
        ``[tasks, steps + 1]``.
    """
    regression = tasks.query.y.is_floating_point()
    model = MLP([1, 40, 40, 1] if regression else [tasks.support.x.shape[-1], WAYS], seed=seed)
    loss = F.mse_loss if regression else F.cross_entropy
    if not regression:
        for zero in model.parameters():
            nn.init.zeros_(zero)
    learner = MAML(model, loss, inner_lr=inner_lr, inner_steps=1)
    return adapted_errors(learner, tasks, steps)


def kernel_ridge_errors(tasks: Task, width: float, penalty: float) -> Tensor:
    """Ridge regression on the support points, with the kernel exp(−d²/(2 width²)), ``[tasks]``."""
    (x, y), query = tasks.support, tasks.query

    def kernel(a: Tensor, b: Tensor) -> Tensor:
        return torch.exp(-(torch.cdist(a, b) ** 2) / (2 * width**2))

    gram = kernel(x, x) + penalty * torch.eye(x.shape[1])
    answers: Tensor = kernel(query.x, x) @ torch.linalg.solve(gram, y)
    return ((answers - query.y) ** 2).mean((1, 2))


def ridge_errors(tasks: Task, penalty: float) -> Tensor:
    """Share of wrong answers of ridge regression on one-hot labels, ``[tasks]``."""
    (x, y), query = tasks.support, tasks.query
    strength = torch.tensor(penalty)
    weights = [ridge(a, F.one_hot(b, WAYS).float(), strength) for a, b in zip(x, y, strict=True)]
    wrong = (query.x @ torch.stack(weights)).argmax(2) != query.y
    return wrong.float().mean(1)


def class_mean_errors(tasks: Task) -> Tensor:
    """Share of wrong answers of the nearest class mean by cosine, ``[tasks]``."""
    return 1 - frozen_class_means(tasks, WAYS)


@one_thread()
def whitened_errors(stream: TaskStream, shrinkage: float) -> tuple[Tensor, Tensor]:
    """Share of wrong answers of the nearest class mean, by cosine of whitened vectors.

    Vectors are whitened by the covariance within the classes of all tasks so far, (1 − γ)C + γ v I
    with v the mean variance. So the past is remembered, without any gradient.

    Args:
        stream: of episodes.
        shrinkage: γ; 1 is the plain class mean.

    Returns:
        Of the stream ``[T]``, and of the later tasks.
    """
    count, _, dim = stream.tasks.support.x.shape
    scatter, items, errors = torch.zeros(dim, dim), 0, []
    whitening = torch.eye(dim)
    for t in range(count + 1):
        judged = select_tasks(stream.tasks, slice(t, t + 1)) if t < count else stream.later
        seen = Task(*(Split(x @ whitening, y) for x, y in judged))
        errors.append(class_mean_errors(seen))
        if t < count:
            x, y = select_tasks(merge_splits(stream.tasks), t).support
            members = F.one_hot(y, WAYS).to(x.dtype)
            away = x - members @ ((members.T @ x) / members.sum(0)[:, None])
            scatter, items = scatter + away.T @ away, items + len(y) - WAYS
            covariance = (1 - shrinkage) * scatter / items
            covariance += shrinkage * scatter.trace() / items / dim * torch.eye(dim)
            inverse = torch.linalg.inv(covariance)
            whitening = torch.linalg.cholesky(inverse)
    return torch.cat(errors[:-1]), errors[-1]


def blocks(errors: Tensor) -> Tensor:
    """Means over blocks of ``BLOCK`` tasks, ``[T / BLOCK]``."""
    return errors.reshape(-1, BLOCK).mean(1)


def best_setting(errors: Sequence[Tensor]) -> tuple[int, int]:
    """Which trial has the lowest mean error on the validation stream, and after which step.

    Args:
        errors: of each trial, ``[T, steps + 1]``; a method without steps has one column.
    """
    means = torch.stack([each.mean(0) for each in errors])
    trial, step = divmod(int(means.argmin()), means.shape[1])
    return trial, step


def error_table(summary: DataFrame, stream: str) -> DataFrame:
    """Mean errors with their 95 % intervals over the seeds, a row for each method.

    Args:
        summary: as saved.
        stream: ``SINUSOIDS`` or ``INTENTS``.
    """
    own = summary[summary.stream.eq(stream)]

    def text(values: Series) -> str:
        mean, half, _ = interval_over_tasks(torch.tensor(values.to_list()).double())
        return f"{mean:.3f} ± {half:.3f}"

    columns = {}
    for order in (DRIFT, SHUFFLED):
        grouped = own[own.order.eq(order)].groupby("method", sort=False)
        columns[f"{order}: stream"] = grouped["error"].agg(text)
        columns[f"{order}: later tasks"] = grouped["later"].agg(text)
    return DataFrame(columns)
