"""A learner's meta-loss and meta-gradient as one CUDA graph, for networks of small kernels."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.func import functional_call

from metalearn_lab.compiled.checking import check_same, loss_and_gradient, pure_snapshot
from metalearn_lab.compiled.not_compilable import NotCompilable, OtherLearner, OtherThanCompiled
from metalearn_lab.compiled.one_task import inputs_of, state_of
from metalearn_lab.learners.learner import Learner
from metalearn_lab.running.known_gradient import with_known_gradient
from metalearn_lab.running.per_task import Weights
from metalearn_lab.tasks.types import Split, Task

_WARM_UP = 3


class GraphReplay:
    """The same as ``learner(tasks)``, gradient included, launched on a CUDA device as a whole.

    A step of a small network is hundreds of kernels that each take less time to run than to
    launch. Recorded once, they are launched together, and Python is left out. The graph reads the
    learner's weights where they lie, so an optimiser may move them in place; all else that the
    learner holds is compared with what it was (see ``compiled.snapshot``), and the number of tasks
    and all other shapes are fixed.

    Args:
        learner: on a CUDA device.
        example: a batch of exactly the shapes to come.

    Raises:
        NotCompilable: the learner is not on a CUDA device, draws random numbers or changes its own
            state, waits for the device inside a step, or the replay disagrees with PyTorch.
    """

    def __init__(self, learner: Learner, example: Task) -> None:
        self.learner = learner
        expected = loss_and_gradient(learner, example)
        self.snapshot = pure_snapshot(learner, example)
        self.state_tensors = list(state_of(learner).values())
        self.addresses = [tensor.data_ptr() for tensor in self.state_tensors]
        self.inputs = [tensor.clone() for tensor in inputs_of(example)]
        self.shapes = [tensor.shape for tensor in expected.values()]
        self.names = [name.removeprefix("learner.") for name in list(expected)[1:]]
        self.moved_parameters: list[Tensor] = [learner.get_parameter(name) for name in self.names]
        self.replay, self.results = record(self._loss_and_gradient, self.inputs[0].device)
        self._compare(example, expected)

    def check(self, tasks: Task) -> None:
        """Compare with what PyTorch computes now.

        Raises:
            NotCompilable: they differ by more than rounding can explain.
        """
        self._compare(tasks, loss_and_gradient(self.learner, tasks))

    def _compare(self, tasks: Task, expected: Weights) -> None:
        # Under autocast a loss may be of less precision than its gradient.
        dtype = self.results.dtype
        check_same(
            {name: tensor.to(dtype) for name, tensor in expected.items()}, self.with_gradient(tasks)
        )

    def __call__(self, tasks: Task) -> Tensor:
        """Mean meta-loss over a batch, attached to the learner's parameters.

        Raises:
            OtherThanCompiled: as for ``with_gradient``.
        """
        parameters, loss, gradients = self.with_gradient(tasks)
        return with_known_gradient(loss, parameters, gradients)

    def with_gradient(self, tasks: Task) -> tuple[list[Tensor], Tensor, list[Tensor]]:
        """The parameters that get a gradient, the mean meta-loss, and its gradient in each.

        Loss and gradients are copies, which the next call leaves as they are.

        Raises:
            OtherThanCompiled: the batch is not like the example, a gradient is wanted in it, the
                learner has changed, or its weights lie elsewhere.
        """
        inputs = self._check_inputs(tasks)
        torch._foreach_copy_(self.inputs, inputs)
        self.replay()
        pieces = self.results.clone().split([shape.numel() for shape in self.shapes])
        loss, *gradients = map(Tensor.view, pieces, self.shapes)
        return self.moved_parameters, loss, gradients

    def _loss_and_gradient(self) -> Tensor:
        """Both in one tensor, so that one kernel copies them: what is recorded.

        The weights are read through new parameters in the same memory, for the learner's own may be
        tied to the stream of an earlier backward pass, which a recording must not touch.
        """
        own_weights: Weights = {
            name: nn.Parameter(parameter.detach(), parameter.requires_grad)
            for name, parameter in self.learner.named_parameters()
        }
        support_x, support_y, query_x, query_y = self.inputs
        tasks = Task(Split(support_x, support_y), Split(query_x, query_y))
        loss = functional_call(self.learner, own_weights, (tasks,))
        gradients = torch.autograd.grad(loss, [own_weights[name] for name in self.names])
        return torch.cat([tensor.detach().flatten() for tensor in (loss, *gradients)])

    def _check_inputs(self, tasks: Task) -> list[Tensor]:
        self.snapshot.check()
        if [tensor.data_ptr() for tensor in self.state_tensors] != self.addresses:
            raise OtherLearner(
                "the learner's weights were moved in memory after its step was recorded, as "
                "learner.to(...) does: make a new OuterStep"
            )
        inputs = inputs_of(tasks)
        if _kinds_of(self.inputs) != _kinds_of(inputs):
            raise OtherThanCompiled(
                f"the step was recorded for a batch of {_describe(self.inputs)} and was given "
                f"{_describe(inputs)}: keep the number of tasks and items, or use compiled=False"
            )
        return inputs


def record(step: Callable[[], Tensor], device: torch.device) -> tuple[Callable[[], None], Tensor]:
    """Record all that a function launches on a CUDA device.

    Args:
        step: reads and writes memory that stays where it is, and never waits for the device.
        device: the device.

    Returns:
        What launches it again, and the tensor that it then fills anew.

    Raises:
        NotCompilable: it is no CUDA device, or what the function does cannot be recorded.

    Source: PyTorch's notes on CUDA semantics, "CUDA Graphs", whole-network capture.
    """
    if device.type != "cuda":
        raise NotCompilable(f"only a CUDA device replays a recorded step, and this is a {device}")
    graph = torch.cuda.CUDAGraph()
    stream = torch.cuda.Stream(device)
    callers_stream = torch.cuda.current_stream(device)
    stream.wait_stream(callers_stream)
    # Also brings the caller's stream back after a failure, which torch.cuda.graph does not.
    with torch.cuda.stream(stream):
        # Libraries set themselves up at the first calls, which must not be recorded.
        for _ in range(_WARM_UP):
            step()
        try:
            with torch.cuda.graph(graph, stream=stream):
                results = step()
        except RuntimeError as failure:
            cause = str(failure.__context__ or failure).partition("\n")[0]
            raise NotCompilable(
                f"the step cannot be recorded as a CUDA graph ({cause}): use compiled=False"
            ) from failure
    callers_stream.wait_stream(stream)
    return graph.replay, results


def _kinds_of(tensors: list[Tensor]) -> list[tuple[object, ...]]:
    return [(tensor.shape, tensor.dtype, tensor.device) for tensor in tensors]


def _describe(tensors: list[Tensor]) -> str:
    return ", ".join(
        f"{tensor.dtype} {list(tensor.shape)} on {tensor.device}" for tensor in tensors
    )
