"""Conv4 as most code has it, with PyTorch's own batch norm: an example of what goes wrong."""

from __future__ import annotations

from torch import nn

from metalearn_lab.models.conv4 import initialise_kernels
from metalearn_lab.tasks.seeds import generator


def plain_conv4(ways: int, filters: int, seed: int = 0) -> nn.Sequential:
    """Four times [3×3 convolution, batch norm on batch statistics, ReLU, 2×2 max-pool], a head.

    Args:
        ways: N, the number of classes.
        filters: of each convolution.
        seed: of the initial weights.

    Returns:
        A model of ``[items, 1, 28, 28]``. Learners refuse it unless ``mapping="loop"``: its
        second derivative is wrong under ``torch.func.vmap``.
    """
    layers: list[nn.Module] = []
    for inputs in (1, filters, filters, filters):
        layers += [
            nn.Conv2d(inputs, filters, 3, padding=1, bias=False),
            nn.BatchNorm2d(filters, track_running_stats=False),
            nn.ReLU(),
            nn.MaxPool2d(2),
        ]
    head = nn.Linear(filters, ways)
    model = nn.Sequential(*layers, nn.Flatten(), head)
    initialise_kernels(model, seed)
    nn.init.zeros_(head.bias)
    nn.init.normal_(head.weight, std=0.2, generator=generator("head", seed))
    return model
