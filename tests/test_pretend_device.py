"""The pretended device refuses what a GPU refuses, and computes what the CPU computes."""

import copy

import pytest
import torch
from torch.nn import functional as F

from metalearn_lab.evaluation.adaptation_curves import adaptation_curves
from metalearn_lab.learners.maml import MAML
from metalearn_lab.models.mlp import MLP
from metalearn_lab.tasks.sinusoids import Sinusoids
from metalearn_lab.tasks.types import to_device
from metalearn_lab.training.meta_train import meta_train
from tests.pretend_device import PRETEND, PretendDevice


@pytest.fixture(autouse=True)
def there():
    with PretendDevice():
        yield


def a_vector():
    return torch.ones(3, device=PRETEND)


@pytest.mark.parametrize(
    "mixed",
    [
        lambda: a_vector() + torch.ones(3),
        lambda: torch.ones(3).add_(a_vector()),
        lambda: torch.ones(3)[a_vector().long()],
        lambda: torch.cat([a_vector(), torch.ones(1)]),
        lambda: torch.stack([a_vector()[0], torch.tensor(1.0)]),
        lambda: torch.ones(2, 3) @ a_vector(),
        lambda: torch.func.vmap(torch.mul)(a_vector(), torch.ones(3)),
        lambda: MLP([1, 4, 1])(a_vector()[:, None]),
        lambda: a_vector().numpy(),
        lambda: torch.rand(3, device=PRETEND, generator=torch.Generator()),
        lambda: a_vector().uniform_(generator=torch.Generator()),
    ],
)
def test_it_refuses_what_is_on_the_cpu(mixed):
    with pytest.raises(RuntimeError, match=r"same device|numpy|generator of"):
        mixed()


def test_it_takes_what_a_gpu_takes():
    there = a_vector()
    assert (there + torch.tensor(1.0)).tolist() == [2, 2, 2]
    assert there[torch.tensor([0, 2])].tolist() == [1, 1]
    there[:2] = torch.zeros(2)
    assert there.tolist() == [0, 0, 1]
    assert there.device == torch.zeros_like(there).device == PRETEND
    assert type(there.cpu()) is torch.Tensor
    assert there.sum().item() == 1


def test_inference_mode_takes_no_gradients_there_and_mixes_no_devices():
    layer = torch.nn.Linear(3, 2).to(PRETEND)
    with torch.inference_mode():
        view = layer.weight[:, 1:]
        moved = torch.ones(1, 3).to(PRETEND, torch.float64).float()
        assert view.device == layer(moved).device == PRETEND
        assert not layer(moved).requires_grad
        with pytest.raises(RuntimeError, match="same device"):
            layer(torch.ones(1, 3))
    assert layer(moved).requires_grad


def test_it_leaves_pytorch_as_it_was():
    torch.__future__.set_overwrite_module_params_on_conversion(False)
    try:
        with PretendDevice(), torch.inference_mode():
            a_vector()
        assert not torch.__future__.get_overwrite_module_params_on_conversion()
    finally:
        torch.__future__.set_overwrite_module_params_on_conversion(True)


def trained(device):
    family = Sinusoids()
    learner = MAML(MLP([1, 8, 1]), F.mse_loss, inner_lr=0.01, inner_steps=2).to(device)
    run = meta_train(
        learner,
        lambda i: to_device(family.batch(3 * i, 3), device),
        iterations=4,
        optimizer=torch.optim.Adam(learner.parameters(), 1e-2),
        progress=False,
    )
    curves = adaptation_curves(copy.deepcopy(learner), to_device(family.batch(50, 4), device), 3)
    return learner, run, curves


def test_training_there_is_training_on_the_cpu():
    (_, right, expected), (learner, run, curves) = trained("cpu"), trained(PRETEND)
    assert {weight.device for weight in learner.parameters()} == {PRETEND}
    assert run == right
    assert curves.loss.device.type == "cpu"
    assert torch.equal(curves.loss, expected.loss)
