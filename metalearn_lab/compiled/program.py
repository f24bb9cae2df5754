"""The C text of a function of one task, in a loop over tasks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import accumulate

import torch
from torch import Tensor
from torch.fx import GraphModule

from metalearn_lab.compiled import graph as of
from metalearn_lab.compiled.formulas import FUNCTIONS, LANEWISE
from metalearn_lab.compiled.kernels import Step
from metalearn_lab.compiled.lowering import Lowering
from metalearn_lab.compiled.memory import place_buffers
from metalearn_lab.compiled.not_compilable import NotCompilable
from metalearn_lab.compiled.rules import RULES
from metalearn_lab.compiled.values import Buffer, Stored, Value, contiguous

_TYPES = {
    torch.float32: ("float", "int", "f"),
    torch.float64: ("double", "long long", ""),
}


@dataclass(frozen=True)
class Program:
    """What the C compiler is given, and what its caller must know.

    Attributes:
        units: C texts, to be compiled side by side and linked.
        room: vectors of workspace that one group of tasks needs.
        outputs: shape of each output of one task.
        dtype: of the computation.
        operations: that one group of tasks needs, each on a vector of numbers.
    """

    units: tuple[str, ...]
    room: int
    outputs: list[torch.Size]
    dtype: torch.dtype
    operations: int


def write_program(
    graph: GraphModule,
    shared: Sequence[Tensor],
    mapped: Sequence[Tensor],
    averaged_count: int,
) -> Program:
    """Write the program of a traced function ``(*shared, *mapped) -> outputs``.

    Args:
        graph: as traced for one task.
        shared: inputs that are the same for all tasks.
        mapped: inputs of one task.
        averaged_count: how many of the outputs, the first ones, are averaged over the tasks; the
            others are given for each task.

    Raises:
        NotCompilable: an operation or a number type is not known.
    """
    dtype = _dtype([*shared, *mapped])
    inputs = [Buffer(tensor.numel(), "shared") for tensor in shared]
    inputs += [Buffer(tensor.numel()) for tensor in mapped]
    values = [
        contiguous(buffer, tensor.shape)
        for buffer, tensor in zip(inputs, [*shared, *mapped], strict=True)
    ]
    lowering = Lowering(RULES)
    results = lowering.run(graph, list(values))
    shapes = [of.shape(node) for node in of.outputs(graph.graph)]
    outputs = [_whole_buffer(lowering, v, s) for v, s in zip(results, shapes, strict=True)]
    loaded = inputs[len(shared) :]
    offsets, room = place_buffers(lowering.steps, loaded, [o.buffer for o in outputs])
    names = {buffer: f"in{i}" for i, buffer in enumerate(inputs) if buffer.place == "shared"}
    names |= {buffer: f"(w+{offset})" for buffer, offset in offsets.items()}
    words = "\n".join([_type_definitions(dtype), _read_file("prelude.c"), LANEWISE])
    # Every different loop once: its name by its text.
    texts = dict.fromkeys(step.function for step in lowering.steps)
    functions = {text: f"k{i}" for i, text in enumerate(texts)}
    calls = _calls(lowering.steps, functions, names, len(shared))
    group = _group(len(shared), mapped, loaded, outputs, averaged_count, names)
    declared = (f"void {name}{text[: text.index('{')]};" for text, name in functions.items())
    main = "\n".join([words, *declared, calls, group, _read_file("groups.c")])
    halves = ("\n".join([words, *half]) for half in _split_in_halves(functions))
    operations = sum(step.operations for step in lowering.steps)
    return Program((main, *halves), room, shapes, dtype, operations)


def _dtype(tensors: Sequence[Tensor]) -> torch.dtype:
    """The one floating-point type of the inputs."""
    kinds = {tensor.dtype for tensor in tensors}
    reals = kinds & set(_TYPES)
    if len(reals) != 1 or kinds - reals - {torch.int64}:
        names = ", ".join(sorted(str(kind) for kind in kinds))
        raise NotCompilable(
            "the compiler takes float32 or float64 tensors, all alike, and int64 labels; "
            f"got {names}"
        )
    return reals.pop()


def _whole_buffer(lowering: Lowering, value: Value, shape: torch.Size) -> Stored:
    """An output in a buffer of its own, row by row."""
    if isinstance(value, Stored) and value.buffer.place == "lanes":
        is_whole = value.layout.numel() == value.buffer.size
        if is_whole and value.layout.is_contiguous():
            return value
    return lowering.copy(value, shape)


def _type_definitions(dtype: torch.dtype) -> str:
    real, whole, suffix = _TYPES[dtype]
    names = "\n".join(f"#define {name}_ {name}{suffix}" for name in FUNCTIONS)
    return f"typedef {real} real;\ntypedef {whole} whole;\n{names}"


def _split_in_halves(functions: dict[str, str]) -> tuple[list[str], list[str]]:
    """The functions in two units of about the same length."""
    halves: tuple[list[str], list[str]] = ([], [])
    for text, name in sorted(functions.items(), key=lambda item: -len(item[0])):
        shorter = min(halves, key=lambda half: sum(map(len, half)))
        shorter.append(f"void {name}{text}")
    return halves


def _calls(
    steps: list[Step], functions: dict[str, str], names: dict[Buffer, str], shared: int
) -> str:
    """A function that calls the loops in order, and the tables they read."""
    read = dict.fromkeys(buffer for step in steps for buffer, _ in step.sources)
    constants = [buffer for buffer in read if buffer.place == "constant"]
    tables = [
        f"static const real t{i}[] = {{{', '.join(map(repr, buffer.numbers))}}};"
        for i, buffer in enumerate(constants)
    ]
    names = names | {buffer: f"t{i}" for i, buffer in enumerate(constants)}
    calls = []
    for step in steps:
        pointers = [f"{names[buffer]} + {first}" for buffer, first in (step.target, *step.sources)]
        calls.append(f"{functions[step.function]}({', '.join(pointers)});")
    inputs = "".join(f", const real *in{i}" for i in range(shared))
    return "\n".join([*tables, f"static void steps(v *w{inputs}) {{", *calls, "}"])


def _group(
    shared: int,
    mapped: Sequence[Tensor],
    loaded: list[Buffer],
    outputs: list[Stored],
    averaged_count: int,
    names: dict[Buffer, str],
) -> str:
    """One group of tasks: load their numbers, take the steps, hand out the results."""
    lines = [
        f"load_{'whole' if tensor.dtype == torch.int64 else 'real'}"
        f"({names[buffer]}, in[{shared + i}], {buffer.size}, first, count);"
        for i, (buffer, tensor) in enumerate(zip(loaded, mapped, strict=True))
        if buffer in names
    ]
    lines.append(f"steps(w{''.join(f', in[{i}]' for i in range(shared))});")
    sizes = [output.buffer.size for output in outputs]
    offsets = list(accumulate(sizes[:averaged_count], initial=0))
    for i, (output, size) in enumerate(zip(outputs, sizes, strict=True)):
        start = names[output.buffer]
        lines.append(
            f"add_up(sums + {offsets[i]}, {start}, {size}, count - first);"
            if i < averaged_count
            else f"store(out[{i}], {start}, {size}, first, count);"
        )
    body = "\n".join(lines)
    return (
        "static void group(long first, long count, const void **in, void **out, real *sums, v *w)"
        f" {{\n{body}\n}}\n"
        f"enum {{ AVERAGED = {averaged_count}, TOTAL = {offsets[-1]} }};\n"
        f"static const long SIZES[] = {{{', '.join(map(str, sizes[:averaged_count])) or 0}}};"
    )


def _read_file(name: str) -> str:
    return files("metalearn_lab.compiled").joinpath(name).read_text("utf-8")
