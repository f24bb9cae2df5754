"""iMAML: the meta-gradient from the solution of the inner problem, not from the way to it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.func import grad, vjp

from metalearn_lab.learners.conjugate_gradient import conjugate_gradient
from metalearn_lab.learners.flat_weights import flat, unflat
from metalearn_lab.learners.gradient_learner import GradientLearner
from metalearn_lab.learners.learner import held_constant
from metalearn_lab.learners.line import Line
from metalearn_lab.learners.settings import whole_number
from metalearn_lab.running.per_task import Loss, Trajectory, Weights
from metalearn_lab.tasks.types import Split, Task


class IMAML(GradientLearner):
    """Model-agnostic meta-learning with implicit gradients: no graph of the inner loop.

    The inner loop is held near θ: φ* = argmin_φ L_S(φ) + λ/2 ‖φ − θ‖², approached by k gradient
    steps. At φ* the gradient vanishes, φ* = θ − ∇L_S(φ*)/λ, so however it was found

        dφ*/dθ = (I + H/λ)⁻¹,  H = ∇²L_S(φ*),

    and the meta-gradient is (I + H/λ)⁻¹ ∇L_Q(φ*), solved by conjugate gradient on products with
    H. It is exact as far as both are solved: too few inner steps bias it, and so do too few
    products. H + λI must be positive definite: λ above the largest negative curvature.

    Weights that ``adapts`` leaves alone get the total derivative of L_Q(φ*) too.

    Args:
        model: as for every learner.
        loss: as for every learner.
        regularisation: λ, how strongly φ is held near θ. Inner steps converge for
            α (λ + the largest curvature) < 2.
        cg_steps: products with H for each meta-gradient.
        settings: the other arguments of ``GradientLearner``.

    Raises:
        ValueError: λ or ``cg_steps`` is not positive, or ``replay`` was asked for; and in
            training, no inner step or α = 0, at which nothing is solved.

    Source: Rajeswaran, Finn, Kakade and Levine, "Meta-Learning with Implicit Gradients", NeurIPS
    2019, equations 3 and 6, algorithms 1 and 2.
    """

    title = "iMAML"
    line = Line("#0c047e", (0, (7, 2)), "d")
    differentiates_twice = True
    one_rate = True
    spoiled_by_rounding = "conjugate gradient multiplies the error, up to 97 % of the meta-gradient"
    checked_settings = (*GradientLearner.checked_settings, "regularisation", "cg_steps")

    def __init__(
        self,
        model: nn.Module,
        loss: Loss,
        *,
        regularisation: float,
        cg_steps: int = 5,
        **settings: Any,
    ) -> None:
        # First, for they are checked with the other settings.
        self.regularisation = regularisation
        self.cg_steps = cg_steps
        super().__init__(model, loss, **settings)

    def check(self) -> None:
        """Refuse settings that are out of range, and replay."""
        super().check()
        if not 0 < self.regularisation < float("inf"):
            raise ValueError(f"regularisation must be a positive number, got {self.regularisation}")
        whole_number(self.cg_steps, 1, "cg_steps must be 1 or more")
        if self.replay:
            raise ValueError("IMAML keeps no graph of its inner loop: leave replay out")

    @property
    def gradients_per_task(self) -> int:
        """K inner steps, both losses at φ*, and two for each product with the Hessian."""
        return self.inner_steps + 2 + 2 * self.cg_steps

    def inner_loop(self, theta: Weights, support: Split, steps: int) -> Trajectory:
        """φ_{j+1} = φ_j − α [∇L_S(φ_j) + λ (φ_j − θ)] from φ_0 = θ, for one task."""
        pull = self.inner_lr * self.regularisation
        trajectory = [theta]
        for step in range(steps):
            phi = trajectory[-1]
            stepped = self.inner_step(phi, support, step)
            pulled = {n: stepped[n] - pull * (w - theta[n]) for n, w in self.adapted(phi).items()}
            trajectory.append({**stepped, **pulled})
        return trajectory

    def meta_loss(self, task: Task) -> Tensor:
        """L_Q(φ*), attached to θ by x = (I + H/λ)⁻¹ ∇L_Q(φ*) through φ* = θ − ∇L_S(φ*)/λ."""
        self.check_steps_move()
        theta = self.weights()
        fixed = held_constant(theta)
        phi = self.inner_loop(fixed, task.support, self.inner_steps)[-1]
        adapted = self.adapted(phi)
        x = self.implicit_gradient(phi, task)
        slope = grad(lambda part: self.loss_at({**theta, **part}, task.support))(adapted)
        solution = {name: theta[name] - slope[name] / self.regularisation for name in adapted}
        attached = torch.stack([(x[name] * solution[name]).sum() for name in adapted]).sum()
        return self.loss_at({**theta, **adapted}, task.query) + attached - attached.detach()

    def implicit_gradient(self, phi: Weights, task: Task) -> Weights:
        """(I + H/λ)⁻¹ ∇L_Q(φ) in the adapted weights, at φ held constant."""
        adapted = self.adapted(phi)
        query = grad(lambda part: self.loss_at({**phi, **part}, task.query))(adapted)
        support = grad(lambda part: self.loss_at({**phi, **part}, task.support))
        hessian_product = vjp(support, adapted)[1]

        def product(v: Tensor) -> Tensor:
            (bent,) = hessian_product(unflat(v, adapted), create_graph=False)
            return v + flat(bent) / self.regularisation

        solved = conjugate_gradient(product, flat(query), self.cg_steps)
        return unflat(solved.detach(), adapted)
