"""A learner in eval mode for a while, leaving no trace: neither modes nor random numbers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn


@contextmanager
def in_eval_mode(module: nn.Module) -> Iterator[None]:
    """Run with all layers in eval mode; then put back each one's own mode and the random streams.

    So that dropout is off while a learner is judged, and a training that is validated draws the
    same numbers as one that is not. Random layers that do not know eval mode go on drawing.

    Args:
        module: a learner; on CUDA, the stream of each of its devices is kept.
    """
    modes = [(layer, layer.training) for layer in module.modules()]
    devices = {p.device.index for p in module.parameters() if p.device.type == "cuda"}
    with torch.random.fork_rng(sorted(devices)):
        module.eval()
        try:
            yield
        finally:
            module.train(modes[0][1])  # for layers that do something when the mode changes
            for layer, mode in modes:
                layer.training = mode
