"""A function of one task, compiled and mapped over a batch of tasks."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from metalearn_lab.compiled.c_compiler import load_library
from metalearn_lab.compiled.not_compilable import NotCompilable, OtherThanCompiled
from metalearn_lab.compiled.program import write_program
from metalearn_lab.compiled.trace import trace
from metalearn_lab.one_thread import threads_outside

FEWEST_OPERATIONS = 100_000
"""In a group of tasks, for a second thread: it wakes up in half the time that these take, 45 µs."""

_RUN_TAKES = (
    *(ctypes.c_long, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p),
    *(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_long),
)


class CompiledTaskMap:
    """A function of one task as one C function over a batch, on the CPU.

    The function is traced once, for the shapes of the examples. Every number of the traced step
    becomes a vector over tasks, so that the smallest networks fill the processor, and the tasks'
    intermediate numbers stay in its caches.

    Args:
        function: of ``(*shared, *mapped)`` tensors of one task; returns tensors.
        shared: examples of the inputs that are the same for all tasks, e.g. weights.
        mapped: examples of the inputs with a leading task axis; the number of tasks may change
            from call to call.
        averaged_count: how many of the outputs, the first ones, are averaged over the tasks; the
            others gain a leading task axis.

    Attributes:
        uses: whether the function depends on each of its arguments.

    Raises:
        NotCompilable: an operation is not known, or there is no C compiler.
    """

    def __init__(
        self,
        function: Callable[..., Sequence[Tensor]],
        shared: Sequence[Tensor],
        mapped: Sequence[Tensor],
        *,
        averaged_count: int,
    ) -> None:
        shared = [tensor.detach().contiguous() for tensor in shared]
        one_task_inputs = [tensor[0].detach().contiguous() for tensor in mapped]
        graph = trace(function, [*shared, *one_task_inputs])
        self.uses = [bool(node.users) for node in graph.graph.nodes if node.op == "placeholder"]
        try:
            program = write_program(graph, shared, one_task_inputs, averaged_count)
        except (NotImplementedError, RecursionError, TypeError, ValueError, LookupError) as error:
            raise NotCompilable(
                f"the compiler fails on this step ({type(error).__name__}: {error}): use "
                "compiled=False, and please report the model"
            ) from error
        self.program = program
        self.averaged_count = averaged_count
        self.inputs = [(tensor.shape, tensor.dtype) for tensor in (*shared, *one_task_inputs)]
        self.shared_count = len(shared)
        self._library = load_library(program.units)
        self._lanes: int = self._library.lanes()
        self._library.run.argtypes = _RUN_TAKES
        self._means = [
            torch.empty(s, dtype=program.dtype) for s in program.outputs[:averaged_count]
        ]
        self._busy = threading.Lock()
        self._work = torch.empty(0, dtype=program.dtype)
        self._sums = torch.empty(0, dtype=program.dtype)

    def __call__(self, shared: Sequence[Tensor], mapped: Sequence[Tensor]) -> list[Tensor]:
        """The outputs for a batch of tasks.

        Args:
            shared: of the examples' shapes.
            mapped: of the examples' shapes behind the leading task axis.

        Raises:
            ValueError: there are no tasks.
            OtherThanCompiled: a tensor has another shape, type or device than its example.
        """
        tasks = mapped[0].shape[0]
        inputs = [x if x.is_contiguous() else x.contiguous() for x in (*shared, *mapped)]
        self._check(inputs, tasks)
        shapes = self.program.outputs[self.averaged_count :]
        of_tasks = (torch.empty((tasks, *shape), dtype=self.program.dtype) for shape in shapes)
        outputs = [*map(torch.empty_like, self._means), *of_tasks]
        with self._busy:
            self._run(tasks, inputs, outputs)
        return outputs

    def threads_for(self, tasks: int) -> int:
        """The most threads that a batch is run on: PyTorch's number, where groups are large enough.

        The caller's own runs every group that no other has begun, so it never waits for a thread
        that another process keeps from its core. The results are the same on any number.

        Args:
            tasks: in the batch.
        """
        worth_it = self.program.operations >= FEWEST_OPERATIONS
        return min(threads_outside(), self._groups(tasks)) if worth_it else 1

    def _groups(self, tasks: int) -> int:
        """How many times as many tasks as a vector holds."""
        return -(-tasks // self._lanes)

    def _run(self, tasks: int, inputs: list[Tensor], outputs: list[Tensor]) -> None:
        groups, threads = self._groups(tasks), self.threads_for(tasks)
        work = self._room("_work", threads * self.program.room * self._lanes)
        sums = self._room("_sums", groups * sum(mean.numel() for mean in self._means))
        pointers = _pointers(inputs), _pointers(outputs), sums.data_ptr(), work.data_ptr()
        self._library.run(tasks, threads, *pointers, self.program.room)

    def _room(self, name: str, numbers: int) -> Tensor:
        """Memory kept between calls, for fresh memory costs more than the step itself."""
        room: Tensor = getattr(self, name)
        if room.numel() < numbers:
            room = torch.empty(numbers, dtype=self.program.dtype)
            setattr(self, name, room)
        return room

    def _check(self, inputs: list[Tensor], tasks: int) -> None:
        if tasks == 0:
            raise ValueError("no tasks: a batch needs one or more")
        for index, (tensor, (shape, dtype)) in enumerate(zip(inputs, self.inputs, strict=True)):
            expected = shape if index < self.shared_count else (tasks, *shape)
            if tensor.shape != expected or tensor.dtype != dtype or not tensor.is_cpu:
                raise OtherThanCompiled(
                    f"this step was compiled for {list(expected)} {dtype} on the CPU, and got "
                    f"{list(tensor.shape)} {tensor.dtype} on {tensor.device}: compile again for "
                    "other shapes"
                )


def _pointers(tensors: list[Tensor]) -> ctypes.Array[ctypes.c_void_p]:
    return (ctypes.c_void_p * len(tensors))(*(tensor.data_ptr() for tensor in tensors))
