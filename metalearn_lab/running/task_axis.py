"""Modules that run on many tasks by an axis of their own, which costs less than ``vmap``.

Under ``vmap`` each operation is looked up and rearranged again, some 40 µs for a dense layer: more
than the layer takes for 25 small tasks.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from metalearn_lab.models.mlp import MLP
from metalearn_lab.models.set_encoder import SetEncoder
from metalearn_lab.models.weight_generators import FullWeights, LowRankWeights, ScaleAndShift
from metalearn_lab.running.per_task import Weights

_KNOWN = {
    *(nn.Linear, nn.ReLU, nn.Tanh, nn.Sequential, MLP),
    *(SetEncoder, FullWeights, LowRankWeights, ScaleAndShift),
}
"""These alone, and no class derived from one: what else a module does is not known."""


def has_task_axis(*modules: nn.Module) -> bool:
    """Whether modules may be given ``[tasks, ...]`` for each thing that they are given of a task.

    Not with hooks, which would see another shape than a task's.
    """
    return all(
        type(layer) in _KNOWN and not layer._forward_hooks and not layer._forward_pre_hooks
        for module in modules
        for layer in module.modules()
    )


def outputs_of_each(model: nn.Module, weights: Weights, x: Tensor) -> Tensor:
    """Outputs of an ``MLP`` at each task's own weights.

    Args:
        model: one for which ``has_task_axis`` is true.
        weights: by name, those of a layer each ``[tasks, *shape]``, or each of the parameter's own
            shape, which tasks share.
        x: ``[tasks, items, inputs]``.
    """
    for name, layer in model.named_modules():
        if isinstance(layer, nn.Linear):
            weight, bias = weights[f"{name}.weight"], weights.get(f"{name}.bias")
            if weight.ndim == 2:
                x = F.linear(x, weight, bias)
            elif bias is None:
                x = torch.bmm(x, weight.mT)
            else:
                x = torch.baddbmm(bias[:, None], x, weight.mT)
        elif not [*layer.children()]:
            x = layer(x)
    return x
