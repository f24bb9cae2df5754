"""Four tasks one after another by one network: what is forgotten, and what keeps it.

Each task deals five new intents to the same five labels, so the network must go on knowing which
label each old intent belongs to.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from pandas import DataFrame, Series
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap
from torch.nn import functional as F

from metalearn_lab.evaluation.forgetting import TransferScores
from metalearn_lab.evaluation.frozen_class_means import class_mean_cosines
from metalearn_lab.evaluation.intervals import interval_over_tasks
from metalearn_lab.learners.joint import JointPretraining
from metalearn_lab.learners.maml import MAML
from metalearn_lab.models.mlp import MLP
from metalearn_lab.one_thread import one_thread
from metalearn_lab.running.per_task import Weights
from metalearn_lab.tasks.dealing import dealable_classes
from metalearn_lab.tasks.episodes import EpisodeSampler
from metalearn_lab.tasks.table import LabelledTable
from metalearn_lab.tasks.types import Split, Task
from metalearn_lab.training.meta_train import meta_train

TASKS, WAYS, SHOTS, QUERIES, KEPT = 4, 5, 8, 10, 2
WIDTH, STEPS = 64, 50
ITERATIONS, META_BATCH, INNER_LR = 200, 4, 1.0
FINE_TUNING, ELASTIC, REPLAY, AT_ONCE = "fine-tuning", "EWC", "replay", "all at once"
UNTRAINED, PRETRAINED, META_TRAINED = "untrained", "pretrained", "meta-trained"
STARTS = (UNTRAINED, PRETRAINED, META_TRAINED)
CLASS_MEANS = "class means"
SAVED_SEQUENCES = Path(__file__).parent / "task_sequences.csv"
"""What ``benchmarks/task_sequences.py`` gave."""


class IntentSequence(NamedTuple):
    """Tasks in their order, and where other intents can be drawn from.

    Attributes:
        tasks: support is what is trained on; labels 0 to 4 in each.
        others: numbers of the classes that are not in the sequence.
    """

    tasks: Sequence[Task]
    others: tuple[int, ...]


def usable_classes(table: LabelledTable) -> list[int]:
    """Classes with enough sentences for a sequence."""
    return list(dealable_classes(table.labels, table.groups, shots=SHOTS, queries=QUERIES))


def sequence_of(
    table: LabelledTable, vectors: Tensor, seed: int, classes: Sequence[int] | None = None
) -> IntentSequence:
    """Draw twenty intents and deal them to four tasks.

    Args:
        table: of sentences.
        vectors: of its rows, ``[rows, dim]``.
        seed: of the draw.
        classes: to draw from; all that have enough sentences if None.
    """
    usable = usable_classes(table) if classes is None else list(classes)
    sampler = EpisodeSampler(
        vectors,
        table.labels,
        ways=TASKS * WAYS,
        shots=SHOTS,
        queries=QUERIES,
        classes=usable,
        groups=table.groups,
        split="sequence",
        seed=seed,
        class_names=table.classes,
    )
    episode = sampler.episode(0)
    tasks = []
    for t in range(TASKS):
        parts = (Split(x[y // WAYS == t], y[y // WAYS == t] % WAYS) for x, y in episode.task)
        tasks.append(Task(*parts))
    drawn = set(episode.classes.tolist())
    return IntentSequence(tasks, tuple(c for c in usable if c not in drawn))


@one_thread()
def start_of(
    kind: str, table: LabelledTable, vectors: Tensor, classes: Sequence[int], seed: int
) -> MLP:
    """A network before the sequence.

    "pretrained" learned to tell all the training intents apart, then got a head of zeros.
    "meta-trained" learned by MAML to learn five of them. Both saw the same sentences.

    Args:
        kind: one of ``STARTS``.
        table: of sentences.
        vectors: of its rows.
        classes: training intents.
        seed: of weights and episodes.

    Raises:
        ValueError: an unknown kind.
    """
    if kind not in STARTS:
        raise ValueError(f"no start {kind!r}: use one of {', '.join(STARTS)}")
    model = _zero_head(MLP([vectors.shape[1], WIDTH, WAYS], seed=seed)).to(vectors.device)
    if kind == UNTRAINED:
        return model
    settings = {"inner_lr": INNER_LR, "inner_steps": 3}
    learner: MAML | JointPretraining
    if kind == META_TRAINED:
        learner = MAML(model, F.cross_entropy, **settings)  # type: ignore[arg-type]
    else:
        head = nn.Linear(WIDTH, len(classes)).to(vectors.device)
        nn.init.zeros_(head.weight)
        nn.init.zeros_(head.bias)
        learner = JointPretraining(model, F.cross_entropy, pretraining_head=head, **settings)
    sampler = EpisodeSampler(
        vectors,
        table.labels,
        ways=WAYS,
        shots=5,
        queries=5,
        classes=list(classes),
        groups=table.groups,
        split="before the sequence",
        seed=seed,
        class_names=table.classes,
    )
    if kind == PRETRAINED:  # it trains a head of its own
        model.head.requires_grad_(False)
    meta_train(
        learner,
        lambda i: learner.training_batch(sampler, META_BATCH * i, META_BATCH),
        iterations=ITERATIONS,
        optimizer=torch.optim.Adam(learner.parameters(), 0.003),
        every=ITERATIONS,
        progress=False,
    )
    model.head.requires_grad_(True)
    return model


def _zero_head(model: MLP) -> MLP:
    nn.init.zeros_(model.head.weight)
    nn.init.zeros_(model.head.bias)
    return model


def diagonal_fisher(model: nn.Module, x: Tensor) -> Weights:
    """Mean over x of Σ_y p(y|x) (∂ log p(y|x)/∂w)², for each weight.

    The labels are the model's own, each with its probability; none is sampled.
    """
    weights = {name: p.detach() for name, p in model.named_parameters()}

    def log_probability(theta: Weights, item: Tensor, label: Tensor) -> Tensor:
        scores = functional_call(model, theta, (item[None],))[0]
        chosen: Tensor = scores.log_softmax(0) @ label
        return chosen

    with torch.no_grad():
        chances = functional_call(model, weights, (x,)).softmax(1)
    labels = torch.eye(chances.shape[1], device=x.device)
    of_labels = vmap(grad(log_probability), (None, None, 0))
    slopes = vmap(of_labels, (None, 0, None))(weights, x, labels)
    return {
        name: torch.einsum("nc,nc...->...", chances, g**2) / len(x) for name, g in slopes.items()
    }


class Learned(NamedTuple):
    """What a sequence gave.

    Attributes:
        accuracies: R: in row i, after task i, on every task, ``[T, T]``.
        before: of the start, on every task, ``[T]``.
    """

    accuracies: Tensor
    before: Tensor


@one_thread()
def learn_sequence(
    start: nn.Module,
    tasks: Sequence[Task],
    method: str,
    *,
    lr: float,
    strength: float = 0.0,
    steps: int = STEPS,
) -> Learned:
    """Train on one task after another, by Adam on all its sentences.

    Args:
        start: the network; a copy is trained.
        tasks: in their order.
        method: ``FINE_TUNING``; ``ELASTIC``, with a penalty λ/2 Σ F (w − w*)² for each task that
            was learned; ``REPLAY``, which keeps two sentences of every intent and adds λ times
            their loss; or ``AT_ONCE``, which has all sentences of the tasks so far.
        lr: of Adam.
        strength: λ.
        steps: of each task.

    Raises:
        ValueError: an unknown method.
    """
    if method not in (FINE_TUNING, ELASTIC, REPLAY, AT_ONCE):
        raise ValueError(f"no method {method!r}")
    model = copy.deepcopy(start)
    before, rows = _accuracies(model, tasks), []
    ties: list[tuple[Weights, Weights]] = []
    old = Split(tasks[0].support.x[:0], tasks[0].support.y[:0])
    for task in tasks:
        optimizer = torch.optim.Adam(model.parameters(), lr)
        new = task.support
        if method == AT_ONCE:
            new = Split(torch.cat([old.x, new.x]), torch.cat([old.y, new.y]))
        for _ in range(steps):
            loss = F.cross_entropy(model(new.x), new.y)
            if method == REPLAY and len(old.y):
                loss = loss + strength * F.cross_entropy(model(old.x), old.y)
            for fisher, kept in ties:
                for name, weight in model.named_parameters():
                    gap = (fisher[name] * (weight - kept[name]) ** 2).sum()
                    loss = loss + strength / 2 * gap
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        if method == ELASTIC:
            kept = {name: p.detach().clone() for name, p in model.named_parameters()}
            ties.append((diagonal_fisher(model, task.support.x), kept))
        count = KEPT * WAYS if method == REPLAY else len(task.support.y)
        x, y = (part[:count] for part in task.support)  # they stand shot by shot
        old = Split(torch.cat([old.x, x]), torch.cat([old.y, y]))
        rows.append(_accuracies(model, tasks))
    return Learned(torch.stack(rows), before)


@torch.no_grad()
def _accuracies(model: nn.Module, tasks: Sequence[Task]) -> Tensor:
    return torch.stack(
        [(model(q.x).argmax(1) == q.y).float().mean() for q in (task.query for task in tasks)]
    ).cpu()


def class_mean_sequence(tasks: Sequence[Task]) -> Learned:
    """Keep one mean of frozen vectors for each intent; answer with the label of the nearest."""
    means: list[Tensor] = []
    rows = []
    for task in tasks:
        x, y = task.support
        means += [x[y == label].mean(0) for label in range(WAYS)]
        kept = torch.stack(means)
        numbers = torch.arange(len(kept), device=x.device)
        row = []
        for judged in tasks:
            cosines = class_mean_cosines(kept[None], numbers[None], judged.query.x[None], len(kept))
            row.append((cosines[0].argmax(1) % WAYS == judged.query.y).float().mean())
        rows.append(torch.stack(row))
    return Learned(torch.stack(rows).cpu(), torch.full((len(tasks),), 1 / WAYS))


def score_table(saved: DataFrame) -> DataFrame:
    """Means of the four scores with their 95 % intervals over the draws, a row for each method.

    Args:
        saved: as ``benchmarks/task_sequences.py`` gave it.
    """

    def text(values: Series) -> str:
        mean, half, _ = interval_over_tasks(torch.tensor(values.to_list()).double())
        return f"{mean:.3f} ± {half:.3f}"

    scores = list(TransferScores._fields)
    table: DataFrame = saved.groupby(["start", "method"], sort=False)[scores].agg(text)
    return table
