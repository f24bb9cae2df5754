"""HyperLoRA: a network that reads the support and emits the task's low-rank adapters."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from metalearn_lab.learners.closed_form import class_columns
from metalearn_lab.learners.line import Line
from metalearn_lab.learners.proto_net import ProtoNet, class_means
from metalearn_lab.learners.settings import names_matching, whole_number
from metalearn_lab.models.mlp import MLP
from metalearn_lab.running.per_task import Loss, Trajectory, Weights
from metalearn_lab.tasks.types import Split


class HyperLoRA(ProtoNet):
    """ProtoNet on features whose adapters a generator g emits for each task.

    With p_c the mean input of class c, and A_0, B_0 the adapters of the model:

        z = mean_c ReLU(E p_c + e),    (A, B) = (A_0, B_0) + g(z),

    and the class scores are those of the prototypes under W + s B A. No inner step is taken, and no
    gradient at test time. g is linear and begins at 0, so before training, and wherever g stays at
    0, this is ProtoNet with one adapter for all tasks. z does not depend on the order of items or
    of classes.

    Args:
        model: an encoder f with adapters in it, e.g. ``with_lora(encoder, layers, ...)``; what else
            it holds may be frozen.
        loss: of scores ``[items, ways]`` and labels, e.g. ``F.cross_entropy``.
        ways: N; labels are 0, …, N − 1.
        inputs: numbers of an input, which the generator reads.
        task_size: numbers of z.
        generates: pattern of the names of the parameters that g emits.
        seed: of E.
        settings: the other arguments of ``Learner``.

    Attributes:
        embed: E and e, ``[task_size, inputs]``.
        emit: g.

    Raises:
        ValueError: a size is below 1, or no parameter of the model has such a name.

    Source: after Mahabadi et al., "Parameter-efficient Multi-task Fine-tuning for Transformers via
    Shared Hypernetworks", ACL 2021, where adapters are emitted from a learned vector for each
    training task; here from a new task's support.
    """

    title = "HyperLoRA"
    line = Line("#a81878", (0, (1, 1, 1, 9, 5, 2)), "s")

    def __init__(
        self,
        model: nn.Module,
        loss: Loss,
        *,
        ways: int,
        inputs: int,
        task_size: int = 64,
        generates: str | tuple[str, ...] = "*lora_*",
        seed: int = 0,
        **settings: Any,
    ) -> None:
        super().__init__(model, loss, ways=ways, **settings)
        self.generated_names = names_matching(model, generates)
        adapters = [model.get_parameter(name) for name in self.generated_names]
        whole_number(task_size, 1, "task_size must be 1 or more numbers")
        generator = MLP([inputs, task_size, sum(w.numel() for w in adapters)], seed=seed)
        self.embed, self.emit = generator.body, generator.head
        nn.init.zeros_(self.emit.weight)
        nn.init.zeros_(self.emit.bias)
        self.to(adapters[0])

    def trajectory(self, support: Split, steps: int) -> Trajectory:
        """θ with the task's adapters and prototypes, which are there at once."""
        classes = class_columns(support.y, self.ways, support.x)
        theta = self.with_adapters(self.weights(), support.x, classes)
        prototypes = self.solution(self.call(theta, support.x), classes)
        return [{**theta, self.solution_name: prototypes}] * (steps + 1)

    def task_vector(self, x: Tensor, classes: Tensor) -> Tensor:
        """The z of one task, ``[task_size]``, from support inputs and their class columns."""
        return self.embed(class_means(x, classes)).mean(0)

    def with_adapters(self, theta: Weights, x: Tensor, classes: Tensor) -> Weights:
        """θ with (A_0, B_0) + g(z) in place of (A_0, B_0)."""
        adapters = [theta[name] for name in self.generated_names]
        # As a row: a dense layer adds its bias in place to a single vector under vmap.
        numbers = self.emit(self.task_vector(x, classes)[None])[0]
        parts = numbers.split([w.numel() for w in adapters])
        moved = [w + part.view_as(w) for w, part in zip(adapters, parts, strict=True)]
        return {**theta, **dict(zip(self.generated_names, moved, strict=True))}
