"""Learners that adapt by gradient steps: θ_{j+1} = θ_j − α ∇L_S(θ_j)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from torch import Tensor, nn

from metalearn_lab.learners.inner_gradient import inner_gradient
from metalearn_lab.learners.learner import Learner
from metalearn_lab.learners.settings import inner_rate, names_matching, step_count
from metalearn_lab.running.low_rank import check_low_rank
from metalearn_lab.running.per_task import Loss, Trajectory, Weights
from metalearn_lab.running.replay import check_replay, replay_inner_step
from metalearn_lab.tasks.types import Split, Task


class GradientLearner(Learner):
    """Base of the learners that adapt by k gradient steps on the support split.

    Subclasses give ``meta_loss``. One with rates of its own gives ``rate_of`` and takes no α.

    Frozen parameters, those with ``requires_grad_(False)``, stay frozen: neither the inner loop
    nor the outer one moves them, whatever ``adapts`` says. They may be frozen or thawed at any
    time.

    Args:
        model: maps inputs ``[items, ...]`` to outputs; its parameters are the meta-parameters θ.
        loss: of outputs and targets, a mean over items.
        inner_lr: α, the inner step size (for a mean-reduced loss).
        inner_steps: k, the number of inner steps at training time and by default at test time.
        adapts: pattern of the parameter names that the inner loop moves, e.g. ``"*"`` for all or
            ``"head.*"`` for the head alone; or several, e.g. ``("body.1.*", "head.*")``. Frozen
            ones among them are left out.
        low_rank: adapt a wide first layer within the span of the support rows, which is exact
            and less work; by the rule ``running.low_rank.saves_work`` when not given.
        replay: bound the memory of differentiating through the inner loop: keep θ_0, …, θ_k and
            take each inner step again in the backward pass (see ``running.replay``).
        settings: the other arguments of ``Learner``.

    Raises:
        TypeError: α is missing, or was given to a learner that has rates of its own.
        ValueError: a setting is out of range, no parameter matches a pattern, all that match are
            frozen, ``adapts`` is given to a learner that has ``adapted_names`` of its own, or
            ``low_rank`` or ``replay`` is asked for and cannot be had.
    """

    inner_lr: float
    low_rank_pays = True

    checked_settings = (
        *(*Learner.checked_settings, "inner_lr", "inner_steps", "adapts"),
        *("low_rank", "replay"),
    )

    converters: ClassVar[dict[str, Callable[[Any], object]]] = {
        **Learner.converters,
        "inner_lr": inner_rate,
        "inner_steps": step_count,
    }

    one_rate: ClassVar[bool] = True
    """Whether α = ``inner_lr`` is the one rate of the inner steps. It is not inherited: a class
    that writes an inner step of its own says it anew, or it has no α that another could set."""

    def __init__(
        self,
        model: nn.Module,
        loss: Loss,
        *,
        inner_steps: int,
        inner_lr: float | None = None,
        adapts: str | tuple[str, ...] = "*",
        low_rank: bool | None = None,
        replay: bool = False,
        **settings: Any,
    ) -> None:
        has_own_rates = type(self).rate_of is not GradientLearner.rate_of
        if has_own_rates != (inner_lr is None):
            raise TypeError(
                f"{type(self).__name__} has rates of its own: leave inner_lr out"
                if has_own_rates
                else f"{type(self).__name__} needs inner_lr, the size α of its inner steps"
            )
        # First, for they are checked with the other settings.
        if inner_lr is not None:
            self.inner_lr = inner_lr
        self.inner_steps = inner_steps
        self.adapts = adapts
        self.low_rank = low_rank
        self.replay = replay
        super().__init__(model, loss, **settings)

    def check(self) -> None:
        """Refuse settings that are out of range or cannot be had together."""
        super().check()
        if self.adapts != "*" and type(self).adapted_names is not GradientLearner.adapted_names:
            raise ValueError(
                f"{type(self).__name__} says itself what its inner loop moves: leave "
                f"adapts={self.adapts!r} out"
            )
        self._matching_names = names_matching(self.model, self.adapts)
        self._own_parameters: dict[str, nn.Parameter] = {}
        _ = self.adapted_names  # refused where it is empty
        if self.low_rank:
            check_low_rank(self)
        if self.replay:
            check_replay(self)

    @property
    def follows_plain_gradient(self) -> bool:
        """Whether each inner step is θ − α∇L with one α for all; another step says so here."""
        return all(getattr(type(self), n) is getattr(GradientLearner, n) for n in METHODS_OF_A_STEP)

    @property
    def gradients_per_task(self) -> int:
        """One for each inner step and one of the query loss; the way back through each as well."""
        k = self.inner_steps
        return 2 * k + 1 if self.differentiates_twice else k + 1

    @property
    def adapted_names(self) -> list[str]:
        """Names of the fast weights that the inner loop moves; ``weights()`` has each of them.

        Here, parameters in the model's order. A class that overrides this takes no ``adapts``.

        Raises:
            ValueError: all that ``adapts`` names are frozen.
        """
        for name, parameter in self.model.named_parameters():
            # A tensor that torch.func.functional_call puts there cannot tell whether it is frozen;
            # the learner's own parameter of that name does.
            if isinstance(parameter, nn.Parameter):
                self._own_parameters[name] = parameter
        names = [name for name in self._matching_names if self._own_parameters[name].requires_grad]
        if not names:
            raise ValueError(
                f"nothing remains to adapt: all that adapts={self.adapts!r} names are frozen "
                "(requires_grad is False); thaw some by requires_grad_(True), or name others"
            )
        return names

    def trajectory(self, support: Split, steps: int) -> Trajectory:
        """θ_0, …, θ_steps for one task."""
        return self.inner_loop(self.weights(), support, steps)

    def inner_loop(self, theta: Weights, support: Split, steps: int) -> Trajectory:
        """θ_0, …, θ_steps for one task, from any θ_0."""
        inner_step = replay_inner_step(self) if self.replay else self.inner_step
        trajectory = [theta]
        for step in range(steps):
            trajectory.append(inner_step(trajectory[-1], support, step))
        return trajectory

    def inner_step(self, theta: Weights, support: Split, step: int) -> Weights:
        """θ_{j+1} = θ_j − α ∇L_S(θ_j) on the adapted weights; the others stay.

        Args:
            theta: θ_j.
            support: the task's support split.
            step: j, for learners whose step depends on it.
        """
        gradient = self.gradient(theta, support)
        return {**theta, **{n: theta[n] - self.rate_of(n) * g for n, g in gradient.items()}}

    def rate_of(self, name: str) -> float | Tensor:
        """α of a parameter; a tensor has a rate for each of its weights."""
        return self.inner_lr

    def gradient(self, theta: Weights, split: Split) -> Weights:
        """∇L(θ) on a split of one task, in the adapted weights alone."""
        return inner_gradient(
            lambda adapted: self.loss_at({**theta, **adapted}, split), self.adapted(theta)
        )

    def adapted(self, theta: Weights) -> Weights:
        """Of some weights, those that the inner loop moves."""
        return {name: theta[name] for name in self.adapted_names}

    def training_losses(self, task: Task) -> list[Tensor]:
        """Those of the inner loop."""
        return self.adaptation_losses(task)

    def check_rate(self) -> None:
        """Refuse to try other α where the inner steps may not follow it.

        Raises:
            ValueError: a class writes an inner step of its own and does not say
                ``one_rate = True``.
        """
        methods = {"inner_loop", "inner_step", "gradient", "rate_of"}
        writer = next(kind for kind in type(self).__mro__ if not methods.isdisjoint(vars(kind)))
        if not vars(writer).get("one_rate", False):
            raise ValueError(
                f"{type(self).__name__} has an inner step of its own, so another inner_lr may "
                "change nothing: if α = inner_lr is its one rate, write one_rate = True in "
                f"{writer.__name__}; otherwise leave α out and use it with the rates it has"
            )

    def check_steps_move(self) -> None:
        """Refuse to train where the meta-gradient is made of what the inner steps move.

        Raises:
            ValueError: there is no inner step, or α = 0.
        """
        if self.inner_steps == 0 or self.inner_lr == 0:
            raise ValueError(
                f"{type(self).__name__} learns from where its inner steps lead, and with "
                f"inner_steps={self.inner_steps} and inner_lr={self.inner_lr} they lead "
                "nowhere: give at least one step and a positive rate"
            )


METHODS_OF_A_STEP = (
    "inner_loop",
    "inner_step",
    "rate_of",
    "gradient",
    "loss_at",
    "call",
    "weights",
)
"""Methods that an inner step θ − α∇L is made of."""
