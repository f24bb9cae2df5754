"""The meta-loss in bfloat16, for the learners and models whose meta-gradient survives it."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from metalearn_lab.learners.learner import Learner
from metalearn_lab.tasks.types import Task


def autocast_bf16(learner: Learner) -> torch.autocast:
    """Matrix products in bfloat16; weights, their inner steps and the meta-gradient in float32.

    A cast weight is not kept for later use: the fast weights change at every inner step, and a
    recorded step may not refer to a copy made before it.

    Args:
        learner: on the device that the context is for.
    """
    device = next(learner.parameters()).device.type
    return torch.autocast(device, torch.bfloat16, cache_enabled=False)


def in_bf16(learner: Learner, meta_loss: Callable[[Task], Tensor]) -> Callable[[Task], Tensor]:
    """The meta-loss of a learner, computed so; its ``backward`` follows what was computed."""

    def meta_loss_in_bf16(tasks: Task) -> Tensor:
        with autocast_bf16(learner):
            return meta_loss(tasks)

    return meta_loss_in_bf16


def check_bf16(learner: Learner, *, compiled: bool) -> None:
    """Refuse what bfloat16, with its 8 bits of precision, would make wrong or not touch.

    Measured on a CPU against float32 at the initial weights, 1 to 5 inner steps, relative error
    of the whole meta-gradient: MAML 0.3 to 2.6 %, first-order MAML 0.3 to 2.1 %, Reptile 0.2 to
    1.3 % on dense networks and a Transformer (angle under 1.5°). That is no bound: where
    the mean over tasks nearly cancels, more of it is error; MAML on a dense network, 1 step, 25
    tasks, had 7.4 % and 4.3° at one seed. Through max-pooled convolutions
    4 to 150 %, for rounding decides which of four pixels is the largest; average-pooled, 1 to
    29 %. iMAML 2 to 97 %, for conjugate gradient multiplies the error by the condition of its
    system.

    Raises:
        ValueError: the weights are not float32, the model has convolutions, the learner is iMAML
            or replays its steps in the backward pass, the step is compiled for a CPU, or the
            CUDA device has no bfloat16.
    """
    device = next(learner.parameters()).device.type
    has_convolution = any(isinstance(layer, nn.modules.conv._ConvNd) for layer in learner.modules())
    obstacles = {
        "the weights are not float32": any(
            parameter.dtype != torch.float32 for parameter in learner.parameters()
        ),
        "rounding changes which pixel a pooled convolution keeps, and with it the meta-gradient, "
        "by up to 150 %": has_convolution,
        learner.spoiled_by_rounding: bool(learner.spoiled_by_rounding),
        "replay=True takes the steps again in the backward pass, in float32": learner.replay,
        "compiled steps on a CPU are in the precision of the weights": compiled and device == "cpu",
        "this CUDA device has no bfloat16": device == "cuda"
        and not torch.cuda.is_bf16_supported(including_emulation=False),
    }
    for obstacle, is_met in obstacles.items():
        if is_met:
            raise ValueError(f"bf16 cannot be had: {obstacle}; leave bf16 out")
