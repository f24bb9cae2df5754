"""A wide first layer, adapted within the span of the support rows: less work, the same result.

The gradient of a linear layer W [inputs × outputs] on a support split X_S is X_Sᵀ δ, so plain
gradient steps move W within the span of the rows of X_S alone, and k steps on S items change it by
a matrix of rank S or less. With the rows of Q an orthonormal basis of that span,

    W_j = V_j + (what no step touches),  V = Q W  [S × outputs],

and gradient descent on V is gradient descent on W. An input x of that layer has coordinates
z = Q x in the basis and a rest x − Qᵀz outside of it, and meets the layer as zᵀV_j + restᵀW_0. The
support has no rest. So a task is *the same task* for a small layer V: its support inputs are the
coordinates, its query inputs the coordinates and the rest's share of the layer's output, which one
matrix product gives for all tasks and all steps. Every learner whose inner steps follow
the plain gradient runs on it as it is written, and ∂V/∂W takes the gradient back to W.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from metalearn_lab.models import dense
from metalearn_lab.models.text_encoder import BagOfNgrams
from metalearn_lab.running.per_task import PerTask
from metalearn_lab.running.traits import watch_once

Module = TypeVar("Module", bound=nn.Module)


class LinearForm(NamedTuple):
    """How a kind of layer is a linear map, x ↦ features(x) W (+ bias).

    Attributes:
        weight_name: name of its weight.
        matrix_of: W of the layer, ``[inputs, outputs]``.
        features_of: of the layer and its input ``[tasks, items, ...]``, ``[tasks, items, inputs]``.
    """

    weight_name: str
    matrix_of: Callable[[Any], Tensor]
    features_of: Callable[[Any, Tensor], Tensor]


FORMS: dict[type[nn.Module], LinearForm] = {
    nn.Linear: LinearForm("weight", lambda layer: layer.weight.T, lambda layer, x: x),
    BagOfNgrams: LinearForm("table", lambda layer: layer.table, BagOfNgrams.shares),
}
"""The layers that can be adapted this way; a subclass may compute something else, so is not one."""

_TYPES = (torch.float32, torch.float64)


class QueryInBasis(NamedTuple):
    """Query inputs as the small layer meets them.

    Attributes:
        coordinates: in the basis of the support, ``[tasks, items, rank]``.
        output_of_rest: what the rest outside of the basis adds, ``[tasks, items, outputs]``.
    """

    coordinates: Tensor
    output_of_rest: Tensor


class SmallLayer(nn.Module):
    """The input layer of one task in coordinates of its support.

    Args:
        layer: whose place it takes and whose bias it has.
        initial_weight: V_0, ``[rank, outputs]``; its parameter has the name of the layer's weight.
    """

    def __init__(self, layer: nn.Module, initial_weight: Tensor) -> None:
        super().__init__()
        self.weight_name = FORMS[type(layer)].weight_name
        self._parameters.update(layer._parameters)
        # Set as torch.func.functional_call does: V_0 is no leaf, it hangs on the layer's weight.
        self._parameters[self.weight_name] = initial_weight  # type: ignore[assignment]

    def forward(self, x: Tensor | QueryInBasis) -> Tensor:
        """Map coordinates ``[items, rank]``, or query inputs, to ``[items, outputs]``."""
        weight, bias = self._parameters[self.weight_name], self._parameters.get("bias")
        assert weight is not None
        if isinstance(x, QueryInBasis):
            return functional.linear(x.coordinates, weight.T, bias) + x.output_of_rest
        return functional.linear(x, weight.T, bias)


def input_layer(learner: PerTask) -> nn.Module:
    """The layer that the model names as the one that meets its input."""
    path: str = learner.model.input_layer  # type: ignore[assignment]
    return learner.model.get_submodule(path)


def input_weight_name(learner: PerTask) -> str:
    """Name of that layer's weight among the model's parameters."""
    return f"{learner.model.input_layer}.{FORMS[type(input_layer(learner))].weight_name}"


def low_rank_tasks(
    learner: PerTask, support: Tensor, query: Tensor
) -> tuple[Tensor, Tensor, QueryInBasis]:
    """Put a batch of inputs into coordinates of each task's support.

    Args:
        learner: for which ``why_not_low_rank`` gives None.
        support: inputs of the model, ``[tasks, items, ...]``.
        query: the same.

    Returns:
        V_0, ``[tasks, rank, outputs]``; the coordinates of the support rows, which have no rest,
        ``[tasks, items, rank]``; and the query rows.

    Raises:
        ValueError: the inputs are not rows of the layer, or need a gradient, which would be lost.
    """
    layer = input_layer(learner)
    form = FORMS[type(layer)]
    for x in (support, query):
        if x.ndim != 3 or x.requires_grad:
            raise ValueError(
                "low_rank needs inputs [tasks, items, inputs] without a gradient, got "
                f"{list(x.shape)} {'with' if x.requires_grad else 'without'} one: use "
                "low_rank=False"
            )
    support_features, query_features = (
        form.features_of(layer, support),
        form.features_of(layer, query),
    )
    # Householder's QR gives orthonormal rows whose span holds the support, whatever its rank.
    basis, coordinates = torch.linalg.qr(support_features.mT)
    # An input that no support row has is in no basis row. Rounding would leave a trace there, and
    # an outer Adam makes a whole step of a trace.
    basis = basis * (support_features != 0).any(1).unsqueeze(-1)
    query_coordinates = query_features @ basis
    query_rest = query_features - query_coordinates @ basis.mT
    rank = basis.shape[-1]
    outputs = _product(torch.cat([basis.mT, query_rest], 1), form.matrix_of(layer))
    return outputs[:, :rank], coordinates.mT, QueryInBasis(query_coordinates, outputs[:, rank:])


def with_small_layer(learner: PerTask, initial_weight: Tensor) -> PerTask:
    """The same learner with the small layer of one task in place of its input layer.

    Args:
        learner: stays as it is; all but the layer is shared with it.
        initial_weight: V_0, ``[rank, outputs]``.
    """
    small_layer = SmallLayer(input_layer(learner), initial_weight)
    return _with_layer(learner, f"model.{learner.model.input_layer}", small_layer)


def _product(rows: Tensor, matrix: Tensor) -> Tensor:
    """Rows of all tasks times one matrix."""
    if rows.device.type != "cpu":
        return rows @ matrix
    return dense.output(rows.flatten(0, 1), matrix.t()).view(*rows.shape[:2], -1)


def _with_layer(module: Module, path: str, layer: nn.Module) -> Module:
    """A module with the layer at a path replaced, sharing everything else."""
    module_copy = copy.copy(module)
    module_copy._modules = dict(module._modules)
    child_name, _, path_below = path.partition(".")
    module_copy._modules[child_name] = (
        _with_layer(module.get_submodule(child_name), path_below, layer) if path_below else layer
    )
    return module_copy


def runs_low_rank(learner: PerTask, support: Tensor, *, pays: bool = True) -> bool:
    """Whether a batch is run with small input layers: as the learner was told, or by the rule.

    Args:
        learner: any learner; tasks that are run one by one are run as they are written.
        support: inputs of the model, ``[tasks, items, ...]``.
        pays: whether what is done with the batch gains by it where the rule says so.

    Raises:
        ValueError: it was asked for, and the model does more with its input than it promises.
    """
    # What was asked for could be had then; a layer that was frozen since is run as it is written.
    is_asked = learner.low_rank and why_not_low_rank(learner) is None
    if learner.mapping != "vmap" or not (is_asked or (pays and saves_work(learner, support))):
        return False
    traits = watch_once(learner, support)
    if traits is None or traits.is_input_direct:
        return True
    if learner.low_rank:
        raise ValueError(
            f"low_rank=True cannot be had: the input does not go straight to "
            f"{learner.model.input_layer} and nowhere else; leave low_rank out"
        )
    return False


def saves_work(learner: PerTask, support: Tensor) -> bool:
    """The rule: on a CPU, the layer has two inputs or more for each support item, and no obstacle.

    On CUDA it must be asked for: PyTorch factorises the supports of a batch there one after the
    other (reported of torch 2.13: 26 ms for 1,024 small matrices).

    Args:
        learner: any learner; one with ``low_rank=False`` does not want it.
        support: inputs of the model, ``[tasks, items, ...]``.
    """
    is_wanted = learner.low_rank is not False and _names_input_layer(learner)
    if not is_wanted or support.ndim != 3 or support.requires_grad or not support.is_cpu:
        return False
    layer = input_layer(learner)
    form = FORMS.get(type(layer))
    if form is None:
        return False
    matrix = form.matrix_of(layer)
    is_wide = 2 * support.shape[1] <= matrix.shape[0] and matrix.dtype in _TYPES
    return is_wide and why_not_low_rank(learner) is None


def check_low_rank(learner: PerTask) -> None:
    """Refuse a learner whose input layer cannot be adapted this way.

    Raises:
        ValueError: says why.
    """
    if reason := why_not_low_rank(learner):
        raise ValueError(f"low_rank=True cannot be had: {reason}; leave low_rank out")


def why_not_low_rank(learner: PerTask) -> str | None:
    """Why a learner's input layer cannot be adapted this way, in words; None where it can."""
    if not _names_input_layer(learner):
        return "the model does not name the one layer that meets its input, as `input_layer`"
    layer = input_layer(learner)
    if type(layer) not in FORMS:
        return f"its input layer is a {type(layer).__name__}, not a linear one known here"
    if layer._forward_hooks or layer._forward_pre_hooks:
        return "its input layer has hooks, which would not be called"
    weight_name = input_weight_name(learner)
    if weight_name not in learner.adapted_names:
        return f"the inner loop does not move {weight_name}"
    if _is_shared(learner.model, weight_name):
        return f"{weight_name} is also the weight of another layer"
    if not learner.follows_plain_gradient:
        return "its inner step is not θ − α∇L with one α, which may leave the span"
    if learner.mapping == "loop":
        return "mapping='loop' runs every task as it is written"
    return None


def _names_input_layer(learner: PerTask) -> bool:
    return isinstance(getattr(learner.model, "input_layer", None), str)


def _is_shared(model: nn.Module, weight_name: str) -> bool:
    weight = model.get_parameter(weight_name)
    all_parameters = model.named_parameters(remove_duplicate=False)
    return sum(parameter is weight for _, parameter in all_parameters) > 1
