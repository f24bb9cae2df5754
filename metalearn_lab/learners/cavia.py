"""CAVIA: adapt a small context vector, and nothing of the network that reads it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from metalearn_lab.learners.line import Line
from metalearn_lab.learners.maml import MAML
from metalearn_lab.learners.settings import whole_number
from metalearn_lab.running.per_task import Loss, Weights
from metalearn_lab.tasks.seeds import generator

CONTEXT = "context"
"""Under which name ``adapt`` gives φ, beside the weights θ."""


class CAVIA(MAML):
    """Each task has a context φ, a further input of one layer; θ is shared by all tasks.

        φ_0 = 0,   φ_{j+1} = φ_j − α ∇_φ L_S(φ_j, θ),   minimise L_Q(φ_k, θ) in θ.

    The meta-gradient goes through the inner steps, as MAML's does. A dense layer whose input x is
    followed by φ computes V[x; φ] + b = Wx + b + Uφ, with V = [W, U]. So φ shifts what the layer
    gives by Uφ, and U is learned with θ. With ``film`` it scales that as well, in the way in which
    the paper's networks for images read φ:

        h + Uφ    or    (1 + Γφ) ∘ h + Uφ,    h = Wx + b.

    Both are the same layer with other weights, so no layer is added to the model.

    Args:
        model: as for every learner.
        loss: as for every learner.
        contexts: how many numbers φ holds.
        layer: name of the layer that φ enters, which has a weight and a bias; the model's first
            dense layer when not given. Of a convolution, φ shifts and scales channels.
        film: let φ scale as well, as the paper does for classes and not for curves.
        seed: of the first values of U and Γ.
        settings: the other arguments of ``GradientLearner``; it has no ``adapts``.

    Attributes:
        context_map: U, ``[outputs of the layer, contexts]``; with ``film``, Γ and below it U.

    Raises:
        ValueError: ``contexts`` is below 1, there is no such layer, or ``contexts``, ``film`` or
            the size of the layer is changed later.

    Source: Zintgraf, Shiarlis, Kurin, Hofmann and Whiteson, "Fast Context Adaptation via
    Meta-Learning", ICML 2019, section 3 and algorithm 1.
    """

    title = "CAVIA"
    line = Line("#3c0c78", (0, (1, 1, 1, 2, 2, 2)), "p")
    checked_settings = (*MAML.checked_settings, "contexts", "layer", "film")

    def __init__(
        self,
        model: nn.Module,
        loss: Loss,
        *,
        contexts: int,
        layer: str | None = None,
        film: bool = False,
        seed: int = 0,
        **settings: Any,
    ) -> None:
        # First, for they are checked with the other settings.
        self.contexts = contexts
        self.layer = _first_dense_layer(model) if layer is None else layer
        self.film = film
        super().__init__(model, loss, **settings)
        weight = model.get_parameter(self._weight)
        # As PyTorch draws further columns of W; as the released code draws the map of FiLM.
        bound = (3 / contexts) ** 0.5 if film else (weight[0].numel() + contexts) ** -0.5
        first_map = torch.empty(len(weight) * (2 if film else 1), contexts)
        first_map.uniform_(-bound, bound, generator=generator("context", seed))
        self.context_map = nn.Parameter(first_map.to(weight))

    def check(self) -> None:
        """Refuse a layer that the context cannot enter."""
        super().check()
        whole_number(self.contexts, 1, "contexts must be 1 or more numbers")
        self.check_added([CONTEXT])
        theta = dict(self.model.named_parameters())
        if not {self._weight, self._bias} <= theta.keys():
            biases = ", ".join(name for name in theta if name.endswith("bias"))
            raise ValueError(
                f"the context enters a layer that has a weight and a bias, and the model has no "
                f"such layer={self.layer!r}: its biases are {biases or 'none'}"
            )
        size = (len(theta[self._bias]) * (2 if self.film else 1), self.contexts)
        if "_is_made" in vars(self) and self.context_map.shape != size:
            raise ValueError("U belongs to the first layer, contexts and film: make a new CAVIA")

    @property
    def adapted_names(self) -> list[str]:
        """The context alone."""
        return [CONTEXT]

    def weights(self) -> Weights:
        """θ and φ_0 = 0, ``[contexts]``."""
        return {**super().weights(), CONTEXT: self.context_map.new_zeros(self.contexts)}

    def call(self, weights: Weights, x: Tensor) -> Tensor:
        """Outputs of one task, whose context has changed the weights of one layer."""
        theta = {name: weight for name, weight in weights.items() if name != CONTEXT}
        shift = self.context_map @ weights[CONTEXT]
        if self.film:
            weight = theta[self._weight]
            scale, shift = shift[: len(weight)], shift[len(weight) :]
            theta[self._weight] = weight + scale.view(-1, *[1] * (weight.ndim - 1)) * weight
            theta[self._bias] = theta[self._bias] + scale * theta[self._bias]
        theta[self._bias] = theta[self._bias] + shift
        return super().call(theta, x)

    @property
    def _weight(self) -> str:
        return f"{self.layer}.weight".lstrip(".")  # a model that is the layer has the name ""

    @property
    def _bias(self) -> str:
        return f"{self.layer}.bias".lstrip(".")


def _first_dense_layer(model: nn.Module) -> str:
    for name, layer in model.named_modules():
        if isinstance(layer, nn.Linear):
            return name
    raise ValueError("the model has no dense layer: name the layer that the context enters")


@dataclass(frozen=True)
class PublishedCAVIA:
    """The sinusoids of the paper, as its released code runs them.

    Each number is a default of ``regression/arguments.py`` in github.com/lmzintgraf/cavia. That
    code also clips each number of each task's meta-gradient to ±10, which training here does not.
    Its image classifiers (``classification/arguments.py``) have 100 contexts, FiLM in the third of
    four blocks, α = 1 and two steps.

    Attributes:
        contexts: numbers in φ, which enters the first layer.
        inner_lr: α, for the mean squared error.
        inner_steps: k, in training and evaluation.
        hidden: units of the two hidden layers, with ReLU.
        shots: support points of a task.
        queries: query points of a task.
        meta_batch: tasks of an outer step.
        outer_lr: of Adam.
        iterations: outer steps.
    """

    contexts: int = 5
    inner_lr: float = 1.0
    inner_steps: int = 1
    hidden: tuple[int, int] = (40, 40)
    shots: int = 10
    queries: int = 10
    meta_batch: int = 25
    outer_lr: float = 1e-3
    iterations: int = 50_000

    @property
    def settings(self) -> dict[str, Any]:
        """Those of the learner: ``CAVIA(model, loss, **settings)``."""
        return {name: getattr(self, name) for name in ("contexts", "inner_lr", "inner_steps")}
