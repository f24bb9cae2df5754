"""Meta Networks: a memory of fast weights, one for each support item, made from its gradient."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import skip_init

from metalearn_lab.learners.learner import Learner, held_constant
from metalearn_lab.learners.line import Line
from metalearn_lab.learners.settings import whole_number
from metalearn_lab.learners.update_rules import log_and_sign
from metalearn_lab.models.mlp import MLP, initialise
from metalearn_lab.running.per_task import Loss, Trajectory, Weights
from metalearn_lab.tasks.types import Split, Task

KEYS, MEMORY = "memory_keys", "memory_"
"""Under which names ``adapt`` gives the keys, and before a parameter's name its fast weights."""

LEAST_LOG = 7.0
"""p of ``update_rules.log_and_sign``: gradients below e⁻ᵖ are small."""


class MetaNetworks(Learner):
    """Slow weights θ, and for every query item fast weights that it reads from a memory.

    Each support item i gives one slot of the memory: a key, and fast weights made from its own
    gradient, number by number, by a small network m:

        key_i = K x_i,    W*_i = m(∇_θ L(f_θ(x_i), y_i)).

    A query item x reads W*(x) = Σ_i a_i W*_i, where a is the softmax over i of the cosine between
    K x and key_i. Then each layer runs twice, with the slow weights and with those that were read,
    and the two are added *after* the activation σ:

        h ↦ σ(W h + b) + σ(W*(x) h + b*(x)).

    No inner step is taken. θ, K and m learn from L_Q, with the gradients that m reads held
    constant. Cosines lie in −1, …, 1, so one slot's weight a_i is never more than e² times
    another's.

    m begins with the output 0, so the network begins as the slow one.

    Args:
        model: the slow network; an ``MLP``, for each of its layers runs twice.
        loss: as for every learner.
        fast_layers: names of the layers that have fast weights, all if None.
        key_size: numbers of a key.
        seed: of K and m.
        settings: the other arguments of ``Learner``.

    Attributes:
        key: K.
        generator: m, from the two numbers of ``log_and_sign`` to one.

    Raises:
        ValueError: the model is no ``MLP`` or has no such layer, or ``key_size`` is below 1.

    Source: Munkhdalai and Yu, "Meta Networks", ICML 2017, section 2. Left out here: the paper gives
    the network that makes the keys fast weights of its own. Sizes of m, p, and constant gradients
    are those of a text version, ``models/metanet.py`` of github.com/thunlp/FewRel at commit
    0ea6694.
    """

    title = "Meta Networks"
    line = Line("#ff24e4", (0, (1, 1, 1, 1, 2, 1)), "v")

    model: MLP

    def __init__(
        self,
        model: nn.Module,
        loss: Loss,
        *,
        fast_layers: tuple[str, ...] | None = None,
        key_size: int = 64,
        seed: int = 0,
        **settings: Any,
    ) -> None:
        self.key_size = whole_number(key_size, 1, "key_size must be 1 or more numbers")
        super().__init__(model, loss, **settings)
        self.fast_layers = self._dense_layers() if fast_layers is None else tuple(fast_layers)
        if unknown := set(self.fast_layers) - set(self._dense_layers()):
            raise ValueError(
                f"no dense layer {', '.join(sorted(unknown))} for fast_layers: the model has "
                f"{', '.join(self._dense_layers())}"
            )
        weight = next(self.model.parameters())
        self.key: nn.Module = skip_init(nn.Linear, weight.shape[1], self.key_size, bias=False)
        initialise(self.key, "keys of Meta Networks", seed)
        self.generator = MLP([2, 20, 20, 1], seed=seed)
        nn.init.zeros_(self.generator.head.weight)
        nn.init.zeros_(self.generator.head.bias)
        self.to(weight)

    def check(self) -> None:
        """Refuse a model whose layers are not known."""
        super().check()
        if not isinstance(self.model, MLP):
            raise ValueError(
                "MetaNetworks runs each layer twice, with slow and with fast weights, so its model "
                f"must be an MLP, got {type(self.model).__name__}: give MLP([inputs, …, outputs])"
            )

    def _dense_layers(self) -> tuple[str, ...]:
        return (*(f"body.{i}" for i in range(0, len(self.model.body), 2)), "head")

    def meta_loss(self, task: Task) -> Tensor:
        """L_Q with the memory of the support items."""
        [adapted] = self.trajectory(task.support, 0)
        return self.loss_at(adapted, task.query)

    def trajectory(self, support: Split, steps: int) -> Trajectory:
        """θ with the memory, which is there at once."""
        theta = self.weights()
        gradients = self.item_gradients(held_constant(theta), support)
        fast = {MEMORY + name: self.fast_weights(g) for name, g in gradients.items()}
        return [{**theta, KEYS: self.key(support.x), **fast}] * (steps + 1)

    def item_gradients(self, theta: Weights, support: Split) -> Weights:
        """∇L(θ) of every support item alone, in the layers that have fast weights, with no graph.

        Each is ``[items, *weight.shape]``.
        """

        def loss(fast: Weights, x: Tensor, y: Tensor) -> Tensor:
            return self.loss_of(self.call({**theta, **fast}, x[None]), y[None])

        fast = {
            n: weight for n, weight in theta.items() if n.rpartition(".")[0] in self.fast_layers
        }
        of_each = torch.func.vmap(torch.func.grad(loss), in_dims=(None, 0, 0))
        return held_constant(of_each(fast, *support))

    def fast_weights(self, gradients: Tensor) -> Tensor:
        """What m makes of each number of some gradients, in their shape."""
        return self.generator(log_and_sign(gradients, LEAST_LOG))[..., 0]

    def call(self, weights: Weights, x: Tensor) -> Tensor:
        """Outputs ``[items, outputs]`` of one task; without a memory, of the slow network."""
        if KEYS not in weights:
            return super().call(weights, x)
        attention = read(self.key(x), weights[KEYS])
        *body, head = self._dense_layers()
        h = x
        for name, activation in zip(body, list(self.model.body)[1::2], strict=True):
            outputs = self._outputs(weights, name, attention, h)
            h = torch.stack([activation(output) for output in outputs]).sum(0)
        return torch.stack(self._outputs(weights, head, attention, h)).sum(0)

    def _outputs(self, weights: Weights, layer: str, attention: Tensor, h: Tensor) -> list[Tensor]:
        """W h + b with the slow weights and, where the layer has any, with those that are read."""
        weight, bias = f"{layer}.weight", f"{layer}.bias"
        slow = F.linear(h, weights[weight], weights[bias])
        if layer not in self.fast_layers:
            return [slow]
        # A layer is linear in its weights: reading its outputs is reading its weights.
        of_slots = torch.einsum("soi,ni->nso", weights[MEMORY + weight], h)
        of_slots = of_slots + weights[MEMORY + bias]
        return [slow, torch.einsum("ns,nso->no", attention, of_slots)]


def read(queries: Tensor, keys: Tensor) -> Tensor:
    """Softmax over the slots of cosines, ``[items, slots]``; every row sums to 1.

    Args:
        queries: ``[items, size]``.
        keys: ``[slots, size]``.
    """
    return (F.normalize(queries, dim=-1) @ F.normalize(keys, dim=-1).T).softmax(-1)
