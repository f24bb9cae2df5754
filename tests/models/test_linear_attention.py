"""A layer of linear attention is a gradient step, L of them are L steps, from any w_0."""

import pytest
import torch

from metalearn_lab.models.linear_attention import LinearAttention, gradient_step_layers


@pytest.fixture(autouse=True)
def _in_float64():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def data(seed=0, tasks=4, shots=7, dim=3):
    numbers = torch.Generator().manual_seed(seed)
    sizes = ((tasks, shots, dim), (tasks, shots, 1), (tasks, dim))
    return [torch.randn(size, generator=numbers) for size in sizes]


def descend(x, y, start, inner_lr, steps):
    """The weights of one task after gradient steps on ½ mean (w·x − y)², by autograd."""
    w = start.clone().requires_grad_()
    for _ in range(steps):
        loss = ((x @ w - y[:, 0]) ** 2).mean() / 2
        w = (w - inner_lr * torch.autograd.grad(loss, w)[0]).detach().requires_grad_()
    return w.detach()


@pytest.mark.parametrize("layers", [1, 4])
@pytest.mark.parametrize("start", [None, [0.5, -1.0, 2.0]])
def test_layers_are_gradient_steps(layers, start):
    x, y, question = data()
    first = torch.zeros(3) if start is None else torch.tensor(start)
    model = gradient_step_layers(3, layers, 0.3, start)
    answers = model(x, y, question, None if start is None else first)
    slots = model.slots(x, y, question, None if start is None else first)
    for i in range(len(x)):
        w = descend(x[i], y[i], first, 0.3, layers)
        assert answers[i, 0].item() == pytest.approx((w @ question[i]).item(), abs=1e-12)
        left = y[i, :, 0] - x[i] @ (w - first)
        assert torch.allclose(slots[-1][i, :-1], left, atol=1e-12)


def test_the_question_is_not_looked_at():
    x, y, question = data()
    model = LinearAttention(3, 3, scale=0.5)
    before = model.slots(x, y, question)[-1][:, :-1]
    after = model.slots(x, y, question + 1)[-1][:, :-1]
    assert torch.equal(before, after)


def test_the_order_of_the_context_changes_nothing():
    x, y, question = data()
    model = LinearAttention(3, 2, scale=0.5)
    shuffled = torch.randperm(x.shape[1])
    assert torch.allclose(model(x, y, question), model(x[:, shuffled], y[:, shuffled], question))


def test_sizes_below_one_are_refused():
    with pytest.raises(ValueError, match="dim and layers must be 1 or more, got 3 and 0"):
        LinearAttention(3, 0)
