"""MAML: learn the initialisation from which a few gradient steps do best."""

from __future__ import annotations

from torch import Tensor

from metalearn_lab.learners.gradient_learner import GradientLearner
from metalearn_lab.learners.line import Line
from metalearn_lab.tasks.types import Task


class MAML(GradientLearner):
    """Model-agnostic meta-learning with the exact second-order meta-gradient.

    Minimises L_Q(θ_k), differentiated through the inner loop: the meta-gradient is
    [Π_j (I − αH_j)]ᵀ ∇L_Q(θ_k), with H_j the Hessian of the support loss at θ_j.

    Source: Finn, Abbeel and Levine, "Model-Agnostic Meta-Learning for Fast Adaptation of Deep
    Networks", ICML 2017, equation 1 and algorithm 2.
    """

    title = "MAML"
    line = Line("#0072b2", "-", "o")
    differentiates_twice = True

    def meta_loss(self, task: Task) -> Tensor:
        """L_Q(θ_k)."""
        trajectory = self.inner_loop(self.weights(), task.support, self.inner_steps)
        return self.loss_at(trajectory[-1], task.query)
