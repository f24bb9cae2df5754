"""Small learners and tasks for the tests, all in float64."""

import torch
from torch.nn import functional as F

from metalearn_lab.learners.first_order_maml import FirstOrderMAML
from metalearn_lab.learners.joint import JointPretraining
from metalearn_lab.learners.learner import Learner
from metalearn_lab.learners.maml import MAML
from metalearn_lab.learners.reptile import Reptile
from metalearn_lab.models.mlp import MLP
from metalearn_lab.models.text_encoder import TextClassifier
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.sinusoids import Sinusoids
from metalearn_lab.tasks.types import Split, Task, merge_splits

LEARNERS = [JointPretraining, MAML, FirstOrderMAML, Reptile]


def sinusoids(count: int = 3, first: int = 0) -> Task:
    """A batch of sinusoid tasks in float64."""
    tasks = Sinusoids(shots=5, queries=7).batch(first, count)
    return Task(*(Split(*(part.double() for part in split)) for split in tasks))


def sinusoid_learner(kind: type[Learner], **settings: object) -> Learner:
    """A learner on a small smooth network, all weights active."""
    defaults = {"inner_lr": 0.05, "inner_steps": 3}
    return kind(MLP([1, 8, 8, 1], activation="tanh"), F.mse_loss, **(defaults | settings)).double()


def text_tasks(count: int = 3, seed: int = 0) -> Task:
    """Random 3-way episodes of n-gram ids with some padding."""
    numbers = generator("text tasks", seed)
    labels = torch.arange(3).repeat(2)
    splits = []
    for _ in range(2):
        ids = torch.randint(0, 30, (count, 6, 9), generator=numbers)
        ids[..., 0] = 1 + ids[..., 0] % 29  # no text is all padding
        splits.append(Split(ids, labels.expand(count, 6)))
    return Task(*splits)


def text_learner(kind: type[Learner], **settings: object) -> Learner:
    """A learner on a small text classifier whose head has left zero."""
    model = TextClassifier(30, 3, dim=4, hidden=5)
    torch.nn.init.normal_(model.head.weight, generator=generator("head"))
    defaults = {"inner_lr": 0.5, "inner_steps": 3}
    return kind(model, F.cross_entropy, **(defaults | settings)).double()


def merged_for(kind: type[Learner], tasks: Task) -> Task:
    """The data a learner trains on: merged for the ones without a support-query split."""
    return merge_splits(tasks) if kind in (JointPretraining, Reptile) else tasks


def gradients(learner: Learner, tasks: Task) -> dict[str, torch.Tensor]:
    """The meta-gradient by plain ``backward``."""
    learner.zero_grad()
    learner(tasks).backward()
    return {name: p.grad.clone() for name, p in learner.named_parameters()}
