"""From a function of one task to a graph of a few PyTorch operations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate

import torch
from torch import Tensor
from torch.fx import GraphModule

from metalearn_lab.compiled.not_compilable import NotCompilable

_BROKEN_DOWN = (
    *("tanh_backward", "sigmoid", "sigmoid_backward", "gelu", "gelu_backward", "elu"),
    *("elu_backward", "leaky_relu", "leaky_relu_backward", "mse_loss", "mse_loss_backward"),
    *("huber_loss", "huber_loss_backward", "smooth_l1_loss", "smooth_l1_loss_backward"),
    *("_softmax", "_softmax_backward_data", "_log_softmax", "_log_softmax_backward_data"),
    *("nll_loss_forward", "nll_loss_backward", "native_layer_norm", "native_layer_norm_backward"),
    *("var_mean", "logsumexp", "addcmul", "addcdiv", "lerp", "mv", "dot"),
)
"""Operations that PyTorch itself writes out in smaller ones."""
_FOREIGN = (
    "the model or its loss holds a tensor that is neither parameter nor buffer, as class weights; "
    "in the model, register it as a buffer"
)


def _slices(numbers: Tensor, sizes: Sequence[int], axis: int = 0) -> list[Tensor]:
    """What ``split_with_sizes`` gives."""
    ends = accumulate(sizes)
    return [numbers.narrow(axis, end - n, n) for n, end in zip(sizes, ends, strict=True)]


def trace(function: Callable[..., Sequence[Tensor]], examples: Sequence[Tensor]) -> GraphModule:
    """Record what a function does with tensors of these shapes.

    Args:
        function: of as many tensors as there are examples; its branches must not depend on
            their numbers.
        examples: of the shapes and types that it will be called with.

    Raises:
        NotCompilable: the function's course depends on a tensor's numbers, or it uses a tensor
            that is none of its arguments.
    """
    from torch._decomp import get_decompositions
    from torch.fx.experimental.proxy_tensor import make_fx

    operations = [getattr(torch.ops.aten, name) for name in _BROKEN_DOWN]
    recorder = make_fx(
        function,
        decomposition_table={
            **get_decompositions(operations),  # type: ignore[arg-type]
            torch.ops.aten.split_with_sizes.default: _slices,
        },
        tracing_mode="fake",
    )
    try:
        graph = recorder(*examples)
    except Exception as error:  # whatever user code and PyTorch's tracer raise
        foreign = "convert all Tensors to FakeTensors" in str(error)
        reason = _FOREIGN if foreign else f"{type(error).__name__}: {error}"
        raise NotCompilable(f"the step cannot be traced ({reason}): use compiled=False") from error
    graph.graph.eliminate_dead_code()
    return graph
