"""Conv4: the four-layer convolutional network of few-shot image classification."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import skip_init

from metalearn_lab.models.mlp import initialise
from metalearn_lab.models.task_norms import TaskBatchNorm, TaskGroupNorm

_EPSILON = 1e-5
_GROUPS = 8


class Conv4(nn.Module):
    """Four times [3×3 convolution, norm, ReLU, 2×2 max-pool], then a linear head.

    Args:
        ways: N, the number of classes of an episode.
        channels: of the input images: 1 for grey, 3 for colour.
        image: height and width of the input images, 16 or more.
        filters: of each convolution.
        norm: ``"group"`` normalises each item by itself, in 8 groups of filters; ``"batch"`` each
            filter over the items of a split, as the published results do. The latter is
            transductive, and a learner must be told so.
        seed: of the initial weights.

    Raises:
        ValueError: a size out of range, or an unknown norm.

    Source: Vinyals et al., "Matching Networks for One Shot Learning", NeurIPS 2016, section 4.1;
    Finn, Abbeel and Levine, ICML 2017, section 5.2.
    """

    def __init__(
        self,
        ways: int,
        *,
        channels: int = 1,
        image: int = 28,
        filters: int = 64,
        norm: Literal["group", "batch"] = "group",
        seed: int = 0,
    ) -> None:
        super().__init__()
        if min(ways, channels, filters) < 1 or image < 16:
            raise ValueError(
                "Conv4 needs images of 16 or more pixels a side and sizes of 1 or more, got "
                f"{image=}, {ways=}, {channels=}, {filters=}"
            )
        inputs = [channels, filters, filters, filters]
        self.body = nn.Sequential(*(Block(count, filters, norm) for count in inputs), nn.Flatten())
        self.head = skip_init(nn.Linear, filters * (image // 16) ** 2, ways)
        initialise(self, "conv4 head", seed)
        initialise(self, "convolutions", seed, kind=nn.Conv2d)

    def forward(self, x: Tensor) -> Tensor:
        """Map images ``[items, channels, image, image]`` to scores ``[items, ways]``."""
        return self.head(self.body(channels_last(x)))


class Block(nn.Module):
    """pool(ReLU(γ norm(z) + β)), z = w ∗ x, with the pooling moved to the front.

    The maximum of increasing functions is the function of the maximum. So where γ ≥ 0, pooling z
    first leaves a quarter of the values to be normalised; where γ < 0, −w and −γ give the same
    outputs, and γ ≥ 0 again.

    Args:
        inputs: channels that come in.
        filters: channels that go out.
        norm: as for ``Conv4``.
    """

    def __init__(self, inputs: int, filters: int, norm: str) -> None:
        super().__init__()
        self.conv = skip_init(nn.Conv2d, inputs, filters, 3, padding=1, bias=False)
        if norm not in ("group", "batch"):
            raise ValueError(
                f"unknown norm {norm!r}: use 'group' or 'batch' (which is transductive)"
            )
        self.norm = TaskBatchNorm(filters) if norm == "batch" else TaskGroupNorm(filters, _GROUPS)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``[items, inputs, height, width]`` to ``[items, filters, height/2, width/2]``."""
        gamma = self.norm.weight
        sign = torch.where(gamma.detach() < 0, -1.0, 1.0).to(gamma.dtype)
        kernel = self.conv.weight * sign.view(-1, 1, 1, 1)
        z = F.conv2d(x, kernel, padding=1)
        mean, variance = self.norm.statistics(x, kernel, z)
        scale = (gamma * sign).view(-1, 1, 1) * (variance + _EPSILON).rsqrt()
        return F.relu(scale * F.max_pool2d(z, 2) + (self.norm.bias.view(-1, 1, 1) - scale * mean))


def channels_last(x: Tensor) -> Tensor:
    """The same images, their channels side by side in memory.

    With one channel the two layouts are the same numbers in the same order, and PyTorch takes
    such a tensor for channels-first unless its strides say otherwise, as they do after ``view``.
    """
    items, channels, height, width = x.shape
    pixels = x.permute(0, 2, 3, 1).reshape(items, -1)
    return pixels.view(items, height, width, channels).permute(0, 3, 1, 2)
