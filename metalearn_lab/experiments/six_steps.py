"""Six steps of "stepwise learning", run as they are written and with the step that they lack.

The steps, from a popular article: 1 initialise the weights; 2 generate training data of each new
task; 3 compute its similarity from the data of earlier tasks; 4 train the model on the new task;
5 update the weights with regard to the similarity; 6 repeat 2 to 5. The similarity of step 3 is
used in step 5 alone, when the new task has been learned already.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from metalearn_lab.experiments.task_graph import KnownTasks, same_start, trained_apart
from metalearn_lab.experiments.task_similarity import losses_along, support_gradients
from metalearn_lab.learners.gradient_learner import GradientLearner
from metalearn_lab.one_thread import one_thread
from metalearn_lab.running.per_task import Weights
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.types import Split, Task, select_tasks

AS_WRITTEN, HALF, LATEST, SCRATCH = "as written", "half for all", "all the way", "from scratch"
NEAREST = {"adapted loss": "nearest by adapted loss", "gradients": "nearest by gradients"}
RANDOM = "random past task"
WORST = 25.0
"""What a task counts at most, if its steps diverge."""

MOVING = (AS_WRITTEN, HALF, LATEST)
"""Ways that keep one model: it moves a part of the way to the new task's weights."""

WARM = (*NEAREST.values(), RANDOM)
"""Ways that keep every past task's weights, and start from those of one past task."""


class SixSteps(NamedTuple):
    """What the stream gave.

    Attributes:
        losses: by way, query loss of each task as it arrives, after the inner steps by each rate,
            ``[rates, tasks]``; no more than ``WORST``.
        similarity: of each task to the earlier ones in [0, 1], at the model of ``AS_WRITTEN``.
    """

    losses: dict[str, Tensor]
    similarity: Tensor

    def judged(self, way: str, first: int) -> Tensor:
        """Losses of the tasks after the first ones, by the rate that is best on the first ones."""
        early, late = self.losses[way][:, :first], self.losses[way][:, first:]
        return late[early.mean(1).argmin()]


@one_thread()
def six_steps(
    learner: GradientLearner,
    stream: Task,
    *,
    shots: int,
    rates: Sequence[float],
    steps: int,
    lr: float,
    seed: int = 0,
) -> SixSteps:
    """Tasks arrive in turn, with a few items at first and with all of them later.

    Each is judged after ``learner.inner_steps`` steps on its first ``shots`` items. Then every way
    trains on all of its items by Adam. The warm ways share one store, the weights that were trained
    from scratch; a new task starts from those of one past task: the nearest, or one at random.

    Args:
        learner: gives the start, the loss and the inner step.
        stream: ``[tasks, items, ...]``, two tasks or more.
        shots: of each task, an even number.
        rates: α of the judged steps, to choose from; the learner's own α serves the graph.
        steps: of Adam on each task.
        lr: of Adam.
        seed: draws the random past task.
    """
    first = {name: w.detach() for name, w in learner.weights().items()}
    moving = {way: dict(first) for way in MOVING}
    ways = (*MOVING, SCRATCH)
    losses: dict[str, list[Tensor]] = {way: [] for way in (*ways, *WARM)}
    numbers = generator("random past task", seed)
    similarity, stored = [], {name: w[None][:0] for name, w in first.items()}
    for number in range(len(stream.support.x)):
        task = select_tasks(stream, slice(number, number + 1))
        few = Split(task.support.x[:, :shots], task.support.y[:, :shots])
        starts = {way: moving.get(way, first) for way in ways}
        starts |= dict.fromkeys(WARM, first)
        if number:  # the missing step, between 3 and 4
            past = select_tasks(stream, slice(number))
            known = KnownTasks(learner, past, inner_steps=learner.inner_steps, weights=stored)
            for way, index in _past_tasks(known, few, numbers).items():
                starts[way] = {name: w[index] for name, w in stored.items()}
        for way, start in starts.items():
            judge = Task(few, task.query)
            losses[way].append(_by_rate(learner, same_start(start, 1), judge, rates))
        similarity.append(_similarity(learner, moving[AS_WRITTEN], stream.support, number))
        stacked = {name: torch.stack([starts[way][name] for way in ways]) for name in first}
        items = Split(*(values.expand(len(ways), *values.shape[1:]) for values in task.support))
        trained = trained_apart(learner, items, steps=steps, lr=lr, starts=stacked)
        for index, part in enumerate((similarity[-1], 0.5, 1.0)):
            model = moving[MOVING[index]]
            for name, weight in trained.items():
                model[name] = model[name] + part * (weight[index] - model[name])
        stored = {name: torch.cat([w, trained[name][-1:]]) for name, w in stored.items()}
    return SixSteps(
        {way: torch.stack(own, 1) for way, own in losses.items()}, torch.tensor(similarity)
    )


def _past_tasks(known: KnownTasks, few: Split, numbers: torch.Generator) -> dict[str, int]:
    """Which past task each warm way starts from."""
    chosen = {
        way: int(known.distances(measure, few)[0].argmin()) for measure, way in NEAREST.items()
    }
    past = len(known.all.x)
    return chosen | {RANDOM: int(torch.randint(past, (), generator=numbers))}


def _similarity(learner: GradientLearner, model: Weights, support: Split, number: int) -> float:
    """Mean of (1 + cos)/2 of the new task's gradient with those of earlier ones; 1 if none is."""
    if number == 0:
        return 1.0
    gradients = support_gradients(learner, model, Split(*(v[: number + 1] for v in support)))
    cosines = F.cosine_similarity(gradients[-1], gradients[:-1], dim=-1)
    return ((1 + cosines) / 2).mean().item()


def _by_rate(
    learner: GradientLearner, start: Weights, task: Task, rates: Sequence[float]
) -> Tensor:
    """Query loss after the inner steps by each rate, ``[rates]``."""
    own, losses = learner.inner_lr, []
    for rate in rates:
        learner.inner_lr = rate
        losses.append(losses_along(learner, start, task, learner.inner_steps)[0, -1])
    learner.inner_lr = own
    return torch.stack(losses).nan_to_num(WORST, WORST).clamp(max=WORST)
