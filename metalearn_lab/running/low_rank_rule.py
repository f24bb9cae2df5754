"""When a wide first layer is adapted within the span of the support, and when it cannot be."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from metalearn_lab.running.low_rank import FORMS, input_layer, input_weight
from metalearn_lab.running.per_task import PerTask
from metalearn_lab.running.traits import watch_once

_TYPES = (torch.float32, torch.float64)


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
    asked = learner.low_rank and obstacle(learner) is None
    if learner.mapping != "vmap" or not (asked or (pays and saves_work(learner, support))):
        return False
    traits = watch_once(learner, support)
    if traits is None or traits.straight:
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
    matrix = form.matrix(layer)
    is_wide = 2 * support.shape[1] <= matrix.shape[0] and matrix.dtype in _TYPES
    return is_wide and obstacle(learner) is None


def check_low_rank(learner: PerTask) -> None:
    """Refuse a learner whose input layer cannot be adapted this way.

    Raises:
        ValueError: says why.
    """
    if reason := obstacle(learner):
        raise ValueError(f"low_rank=True cannot be had: {reason}; leave low_rank out")


def obstacle(learner: PerTask) -> str | None:
    """Why a learner's input layer cannot be adapted this way, in words; None where it can."""
    if not _names_input_layer(learner):
        return "the model does not name the one layer that meets its input, as `input_layer`"
    layer = input_layer(learner)
    if type(layer) not in FORMS:
        return f"its input layer is a {type(layer).__name__}, not a linear one known here"
    if layer._forward_hooks or layer._forward_pre_hooks:
        return "its input layer has hooks, which would not be called"
    name = input_weight(learner)
    if name not in learner.adapted_names:
        return f"the inner loop does not move {name}"
    if _is_shared(learner.model, name):
        return f"{name} is also the weight of another layer"
    if not learner.follows_plain_gradient:
        return "its inner step is not θ − α∇L with one α, which may leave the span"
    if learner.mapping == "loop":
        return "mapping='loop' runs every task as it is written"
    return None


def _names_input_layer(learner: PerTask) -> bool:
    return isinstance(getattr(learner.model, "input_layer", None), str)


def _is_shared(model: nn.Module, name: str) -> bool:
    weight = model.get_parameter(name)
    everywhere = model.named_parameters(remove_duplicate=False)
    return sum(parameter is weight for _, parameter in everywhere) > 1
