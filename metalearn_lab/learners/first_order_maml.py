"""First-order MAML: MAML with the inner gradients held constant."""

from __future__ import annotations

from torch import Tensor

from metalearn_lab.learners.gradient_learner import GradientLearner
from metalearn_lab.learners.learner import held_constant
from metalearn_lab.learners.line import Line
from metalearn_lab.tasks.types import Task


class FirstOrderMAML(GradientLearner):
    """MAML without second derivatives: the meta-gradient is ∇L_Q(θ_k).

    With the inner gradients g_j held constant, θ_k = θ − α Σ_j g_j moves one for one with θ, so
    the product Π_j (I − αH_j) of MAML becomes the identity.

    Source: Finn, Abbeel and Levine, ICML 2017, section 5.2; Nichol, Achiam and Schulman, "On
    First-Order Meta-Learning Algorithms", 2018.
    """

    title = "first-order MAML"
    line = Line("#d55e00", (0, (5, 2)), "s")

    def meta_loss(self, task: Task) -> Tensor:
        """L_Q(θ + constant), the constant being θ_k − θ."""
        theta = self.weights()
        fixed = held_constant(theta)
        theta_k = self.inner_loop(fixed, task.support, self.inner_steps)[-1]
        shifted = {name: theta[name] + (theta_k[name] - fixed[name]) for name in theta}
        return self.loss_at(shifted, task.query)
