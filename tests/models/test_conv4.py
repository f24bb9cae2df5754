"""Conv4: the network it says it is, exact to the second derivative, whatever the layout."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from metalearn_lab.evaluation.meta_gradient_check import meta_gradient
from metalearn_lab.learners.maml import MAML
from metalearn_lab.models.conv4 import Conv4, channels_last
from metalearn_lab.models.task_norms import TaskGroupNorm, statistics_from_patches
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.types import Split, Task

NORMS = ["batch", "group"]


def small(norm: str, seed: int = 0, **sizes: int) -> Conv4:
    """Eight filters, scales of both signs."""
    model = Conv4(3, image=16, filters=8, norm=norm, seed=seed, **sizes).double()
    numbers = generator("conv4 norms", seed)
    for block in model.body[:4]:
        for parameter in block.norm.parameters():
            nn.init.normal_(parameter, generator=numbers)
    return model


class AsDefined(nn.Module):
    """The same network layer by layer, with the same parameter names."""

    def __init__(self, model: Conv4) -> None:
        super().__init__()
        self.model = model

    def forward(self, x):
        for block in self.model.body[:4]:
            z = F.conv2d(x, block.conv.weight, padding=1)
            x = F.max_pool2d(F.relu(self.normalised(z, block.norm)), 2)
        return self.model.head(x.flatten(1))

    def normalised(self, z, norm):
        if isinstance(norm, TaskGroupNorm):
            return F.group_norm(z, norm.groups, norm.weight, norm.bias)
        return F.batch_norm(z, None, None, norm.weight, norm.bias, training=True)


def images(items: int = 5, channels: int = 1, size: int = 16, seed: int = 0) -> torch.Tensor:
    shape = (2, items, channels, size, size)
    return torch.randn(shape, generator=generator("images", seed), dtype=torch.float64)


def tasks(seed: int = 0, channels: int = 1) -> Task:
    labels = torch.tensor([0, 1, 2, 0, 1]).expand(2, 5)
    return Task(*(Split(images(5, channels, seed=2 * seed + part), labels) for part in range(2)))


def learner(model: nn.Module, **settings: object) -> MAML:
    defaults = {"inner_lr": 0.1, "inner_steps": 2, "transductive": True}
    return MAML(model, F.cross_entropy, **(defaults | settings))


def error(found: dict, expected: dict) -> float:
    pairs = zip(found.values(), expected.values(), strict=True)
    return max(((a - b).norm() / b.norm()).item() for a, b in pairs)


@pytest.mark.parametrize("channels", [1, 6])
@pytest.mark.parametrize("norm", NORMS)
def test_it_is_convolution_norm_relu_and_pool(norm, channels):
    """In this order, though it pools first; the meta-gradient goes through both derivatives."""
    model, batch = small(norm, channels=channels), tasks(channels=channels)
    with torch.no_grad():
        assert torch.allclose(model(batch.query.x[0]), AsDefined(model)(batch.query.x[0]))
    found = meta_gradient(learner(model), batch, "loop")
    expected = meta_gradient(learner(AsDefined(model), mapping="loop"), batch, "loop")
    assert error(found, expected) < 1e-9


@pytest.mark.parametrize("norm", NORMS)
def test_it_is_exact_under_vmap(norm):
    looped, vectorised = (meta_gradient(learner(small(norm)), tasks(), m) for m in ("loop", "vmap"))
    assert error(vectorised, looped) < 1e-11


@pytest.mark.parametrize("norm", NORMS)
def test_the_meta_gradient_is_the_slope_of_the_meta_loss(norm):
    """Along five directions; a step across a kink of ReLU or pool spoils one or two of them."""
    batch = tasks()
    maml = learner(small(norm), inner_lr=0.01, inner_steps=1)
    gradient = meta_gradient(maml, batch, "loop")
    numbers, step, errors = generator("directions", norm), 1e-7, []
    for _ in range(5):
        along = {
            n: torch.randn(p.shape, generator=numbers, dtype=p.dtype)
            for n, p in maml.named_parameters()
        }
        ends = []
        for sign in (1, -2, 1):
            with torch.no_grad():
                for name, parameter in maml.named_parameters():
                    parameter.add_(along[name], alpha=sign * step)
                ends.append(maml(batch).item())
        slope = (ends[0] - ends[1]) / (2 * step)
        expected = sum((gradient[name] * along[name]).sum() for name in along).item()
        errors.append(abs(slope - expected) / abs(expected))
    assert sorted(errors)[1] < 1e-6, errors


@pytest.mark.parametrize("channels", [1, 3])
def test_statistics_of_patches_are_those_of_the_convolution(channels):
    x = images(channels=channels)[0] + 2
    kernel = torch.randn(7, channels, 3, 3, generator=generator("kernel"), dtype=torch.float64)
    z = F.conv2d(x, kernel, padding=1)
    variance, mean = torch.var_mean(z, (0, 2, 3), correction=0)
    found = statistics_from_patches(x, kernel)
    assert torch.allclose(found[0], mean, rtol=1e-12)
    assert torch.allclose(found[1], variance, rtol=1e-12)


@pytest.mark.parametrize("channels", [1, 3])
def test_the_layout_of_the_images_changes_nothing(channels):
    x = images(channels=channels)[0]
    model = small("group", channels=channels)
    assert torch.equal(channels_last(x), x)
    assert torch.equal(model(x), model(x.contiguous(memory_format=torch.channels_last)))


@pytest.mark.parametrize("channels", [1, 3])
def test_activations_are_channels_last_after_the_first_convolution(channels):
    x = channels_last(images(channels=channels)[0].float())
    z = F.conv2d(x, small("group", channels=channels).body[0].conv.weight.float(), padding=1)
    assert z.is_contiguous(memory_format=torch.channels_last)
    assert not z.is_contiguous()


def test_batch_statistics_must_be_asked_for():
    with pytest.raises(ValueError, match=r"body.0.norm \(TaskBatchNorm\).*transductive=True"):
        learner(small("batch"), transductive=False)
    learner(small("group"), transductive=False)


def test_batch_statistics_are_shared_and_group_statistics_are_not():
    x = images()[0]
    assert torch.allclose(small("group")(x)[:2], small("group")(x[:2]))
    assert not torch.allclose(small("batch")(x)[:2], small("batch")(x[:2]))


@pytest.mark.parametrize(("size", "ways"), [(16, 2), (28, 5), (33, 20), (84, 5)])
def test_any_image_size_and_number_of_ways(size, ways):
    assert Conv4(ways, image=size, filters=8)(torch.zeros(2, 1, size, size)).shape == (2, ways)


def test_a_seed_gives_the_same_weights_and_leaves_the_global_stream_alone():
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    same, again, other = (Conv4(5, seed=seed).body[1].conv.weight for seed in (0, 0, 1))
    assert torch.equal(torch.rand(2), expected)
    assert torch.equal(same, again)
    assert not torch.equal(same, other)


def test_the_published_network_has_its_size():
    """64 filters on 28×28 images: 576 + 3 · 36,864 kernels, 4 · 128 in the norms, 325 the head."""
    assert sum(p.numel() for p in Conv4(5).parameters()) == 576 + 3 * 36864 + 4 * 128 + 325


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"image": 15}, "images of 16 or more pixels a side .* got image=15"),
        ({"filters": 0}, "filters=0"),
        ({"filters": 12}, "groups must divide the channels, got 8 for 12"),
        ({"norm": "layer"}, "unknown norm 'layer': use 'group' or 'batch'"),
    ],
)
def test_what_cannot_be_built_is_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        Conv4(5, **settings)
