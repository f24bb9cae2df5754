"""MAML++: MAML with a query loss after every inner step, and learned rates by layer and step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from metalearn_lab.learners.line import Line
from metalearn_lab.learners.maml import MAML
from metalearn_lab.learners.settings import inner_rate, whole_number
from metalearn_lab.running.per_task import Loss, Weights
from metalearn_lab.tasks.types import Split, Task


class MAMLPlusPlus(MAML):
    """Two parts of MAML++ that make MAML's training steadier.

    **Multi-step loss.** It minimises Σ_j v_j L_Q(θ_j) over the steps j = 1, …, k, so that each step
    gets a gradient of its own. The weights v begin equal and move to the last step.
    **Learned rates.** θ_{j+1} = θ_j − α_{n,j} ∇L_S(θ_j), with a learned rate for each parameter
    tensor n and each step j. Steps after the k-th take the last rate.

    With v = (0, …, 0, 1), and all rates equal and held there, this is MAML.

    The paper's other parts are left out: first-order gradients early in training (the released
    settings have none), batch-norm statistics and biases for each step, and the ensemble of five
    checkpoints behind its scores. A cosine schedule of the outer rate is the optimiser's.

    Args:
        model: as for every learner.
        loss: as for every learner.
        first_rate: where every rate begins.
        annealing: outer steps until the last inner step's loss alone counts; 0 for from the start.
        epoch: outer steps in which v stays as it is.
        settings: the other arguments of ``GradientLearner``; it has no ``inner_lr``.

    Attributes:
        rates: one ``[k]`` for each parameter tensor that adapts.
        step_weights: v, ``[k]``; ``before_iteration`` sets it.

    Raises:
        ValueError: ``first_rate`` is negative or no number, there is no inner step, ``annealing``
            is negative or ``epoch`` below 1, or ``adapts`` or ``inner_steps`` is changed later.

    Source: Antoniou, Edwards and Storkey, "How to train your MAML", ICLR 2019, section 4; v as in
    ``get_per_step_loss_importance_vector`` of the released code,
    github.com/AntreasAntoniou/HowToTrainYourMAMLPytorch.
    """

    title = "MAML++"
    line = Line("#241818", (0, (1, 1, 2, 5, 1, 1)), "h")
    checked_settings = (*MAML.checked_settings, "annealing", "epoch")

    step_weights: Tensor

    def __init__(
        self,
        model: nn.Module,
        loss: Loss,
        *,
        first_rate: float,
        annealing: int,
        epoch: int = 1,
        **settings: Any,
    ) -> None:
        # First, for they are checked with the other settings.
        self.annealing = annealing
        self.epoch = epoch
        super().__init__(model, loss, **settings)
        rate = inner_rate(first_rate)
        self.with_rates = self._matching_names, self.inner_steps
        moved = [model.get_parameter(name) for name in self._matching_names]
        self.rates = nn.ParameterList(w.new_full((self.inner_steps,), rate) for w in moved)
        self.register_buffer("step_weights", moved[0].new_empty(self.inner_steps))
        self.before_iteration(0)

    def check(self) -> None:
        """Refuse what has no rates, and an annealing that is none."""
        super().check()
        whole_number(self.inner_steps, 1, "MAML++ has a loss after each step: give inner_steps ≥ 1")
        whole_number(self.annealing, 0, "annealing must be 0, 1, 2, … outer steps")
        whole_number(self.epoch, 1, "epoch must be 1 or more outer steps")
        now = self._matching_names, self.inner_steps
        if getattr(self, "with_rates", now) != now:
            raise ValueError(
                "the rates belong to what adapts and inner_steps said first: make a new "
                "MAMLPlusPlus"
            )

    @property
    def gradients_per_task(self) -> int:
        """One for each inner step and one for the way back through it, and k query losses."""
        return 3 * self.inner_steps

    def before_iteration(self, iteration: int) -> None:
        """Set v to that of an outer step."""
        begun = iteration // self.epoch * self.epoch
        progress = begun / self.annealing if begun < self.annealing else 1.0
        weights = annealed_weights(self.inner_steps, progress)
        self.step_weights.copy_(torch.tensor(weights, dtype=torch.float64))

    def rate_of(self, name: str) -> Tensor:
        """α_n of a parameter tensor, one rate for each step: ``[k]``."""
        return self.rates[self._matching_names.index(name)]

    def inner_step(self, theta: Weights, support: Split, step: int) -> Weights:
        """θ_{j+1} = θ_j − α_{n,j} ∇L_S(θ_j)."""
        j = min(step, self.inner_steps - 1)
        gradient = self.gradient(theta, support)
        return {**theta, **{n: theta[n] - self.rate_of(n)[j] * g for n, g in gradient.items()}}

    def meta_loss(self, task: Task) -> Tensor:
        """Σ_j v_j L_Q(θ_j) over the steps j = 1, …, k."""
        trajectory = self.inner_loop(self.weights(), task.support, self.inner_steps)
        terms = [
            self.step_weights[j] * self.loss_at(theta, task.query)
            for j, theta in enumerate(trajectory[1:])
        ]
        return sum(terms[1:], start=terms[0])


def annealed_weights(steps: int, progress: float) -> list[float]:
    """v_1, …, v_k: those before the last fall from 1/k, the last has the rest.

        v_j = max(1 − p, 0.03)/k for j < k,   v_k = 1 − Σ_{j<k} v_j;   (0, …, 0, 1) at p = 1.

    Args:
        steps: k.
        progress: p, the share of the annealing that is over, 0…1.
    """
    earlier = max(1 - progress, 0.03) / steps if progress < 1 else 0.0
    return [earlier] * (steps - 1) + [1 - (steps - 1) * earlier]


@dataclass(frozen=True)
class PublishedMAMLPlusPlus:
    """What the released code was run with: Omniglot, unless another name is given.

    Each number stands in ``experiment_config/omniglot_maml++-*.json``, or for ``MINI_IMAGENET`` in
    ``mini-imagenet_maml++-*.json``, of github.com/AntreasAntoniou/HowToTrainYourMAMLPytorch. They
    are the same for all ways and shots there.

    Attributes:
        first_rate: where the learned rates begin, for the mean cross-entropy.
        inner_steps: k, in training and evaluation.
        annealing: outer steps until the last loss alone counts: epochs times their length.
        epoch: outer steps of an epoch.
        queries: query images of a class.
        filters: of each of four convolutions.
        meta_batch: tasks of an outer step.
        outer_lr: of Adam, at the start.
        last_outer_lr: where its cosine schedule ends.
        iterations: outer steps.
    """

    first_rate: float = 0.1
    inner_steps: int = 5
    annealing: int = 10 * 500
    epoch: int = 500
    queries: int = 1
    filters: int = 64
    meta_batch: int = 8
    outer_lr: float = 1e-3
    last_outer_lr: float = 1e-5
    iterations: int = 100 * 500

    @property
    def settings(self) -> dict[str, Any]:
        """Those of the learner: ``MAMLPlusPlus(model, loss, **settings)``."""
        names = ("first_rate", "inner_steps", "annealing", "epoch")
        return {name: getattr(self, name) for name in names}


OMNIGLOT = PublishedMAMLPlusPlus()
MINI_IMAGENET = PublishedMAMLPlusPlus(
    first_rate=0.01,
    annealing=15 * 500,
    queries=15,
    filters=48,
    meta_batch=2,
    last_outer_lr=1e-3,
)
