"""Every operation that the compiler knows, against PyTorch in double precision."""

from collections.abc import Callable
from functools import partial

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from metalearn_lab.compiled.not_compilable import NotCompilable
from metalearn_lab.compiled.task_map import CompiledTaskMap
from metalearn_lab.tasks.seeds import generator

TASKS = 11  # neither a multiple of the lanes nor less than they are


def numbers(*shape: int, name: str = "numbers") -> Tensor:
    return torch.randn(TASKS, *shape, generator=generator("compiled", name), dtype=torch.float64)


def assert_equal(function: Callable[..., list[Tensor]], *mapped: Tensor) -> None:
    compiled = CompiledTaskMap(function, [], mapped, averaged_count=0)
    expected = [torch.stack(each) for each in zip(*map(function, *mapped), strict=True)]
    for place, (found, right) in enumerate(zip(compiled([], mapped), expected, strict=True)):
        torch.testing.assert_close(
            found, right.to(found.dtype), rtol=1e-13, atol=1e-13, msg=lambda m, p=place: f"{p}: {m}"
        )


def test_elementwise_operations() -> None:
    def function(a: Tensor, b: Tensor) -> list[Tensor]:
        positive = b * b + 0.5
        return [
            *(a + b, a - b, a * b, a / positive, -a, a.abs(), positive.reciprocal()),
            *(torch.add(a, b, alpha=0.3), torch.sub(a, b, alpha=3), 2 - a, a / 4, 1 + a),
            *(a**2, a**3, a**0, positive**-2, positive**0.5, positive**1.7, positive.rsqrt()),
            *(a.exp(), positive.log(), a.tanh(), positive.sqrt(), a.erf(), a.sin(), a.cos()),
            *(a.expm1(), positive.log1p(), torch.sigmoid(a), torch.relu(a), F.gelu(a), F.elu(a)),
            *(torch.maximum(a, b), torch.minimum(a, b), F.leaky_relu(a), a.clone(), a.detach()),
            *(torch.where(a < b, a, b), torch.where((a > 0) & ~(b >= 0), a, 0.0)),
            *((a <= b).to(a.dtype), (a == a).to(a.dtype) + (a != b), a * (b > 0)),
            *(torch.full_like(a, 3) + a, torch.zeros_like(a), torch.ones_like(a) * b),
            *(a + torch.arange(5), a + torch.arange(2, 5)[:, None], a @ torch.eye(5).to(a.dtype)),
        ]

    assert_equal(function, numbers(3, 5), numbers(3, 5, name="other"))


def test_views_of_stored_and_of_computed_numbers() -> None:
    def function(a: Tensor, b: Tensor) -> list[Tensor]:
        c = (a * 2).exp()
        return [
            *(a.T + b.T, (a + b).T, (a.T + b.T).reshape(5, 3), (a + b).T.reshape(-1)),
            *(a.unsqueeze(0).squeeze(0), a[1] + b[2], a[:, 1:4] * b[:, :3], a[0:1].expand(3, 5)),
            *(a[:, :1] + b, a[0] * b, c[0] + c.sum(0), c.view(15).view(5, 3), a.flatten()),
            *((a - b)[:, None].expand(3, 2, 5), a.permute(1, 0), torch.cat([a, c, b[:1]])),
        ]

    assert_equal(function, numbers(3, 5), numbers(3, 5, name="other"))


def test_sums_means_and_other_folds() -> None:
    def function(a: Tensor) -> list[Tensor]:
        return [
            *(a.sum(), a.sum(0), a.sum(1, keepdim=True), a.sum((0, 2)), a.mean(), a.mean(-1)),
            *(a.amax(1), a.amax((0, 1), keepdim=True), (a * a).sum(1), (a > 0).sum(0)),
            *(a.logsumexp(2), F.softmax(a, -1), F.log_softmax(a, 1), F.layer_norm(a, (4,))),
            *(a.T.sum(0) if a.ndim == 2 else a.permute(2, 0, 1).sum(1), (2 * a + 1).mean((0, 1))),
        ]

    assert_equal(function, numbers(3, 5, 4))


@pytest.mark.parametrize(
    ("rows", "depth", "columns"), [(1, 1, 1), (3, 1, 5), (10, 40, 1), (7, 13, 25), (25, 2, 12)]
)
def test_matrix_products_in_every_orientation(rows: int, depth: int, columns: int) -> None:
    def function(a: Tensor, b: Tensor, bias: Tensor) -> list[Tensor]:
        return [
            a @ b,
            b.T @ a.T,
            (2 * a) @ (b + 1),
            torch.addmm(bias, a, b),
            F.linear(a, b.T, bias),
        ]

    a, b = numbers(rows, depth), numbers(depth, columns, name="other")
    assert_equal(function, a, b, numbers(columns, name="bias"))


def test_products_with_a_vector() -> None:
    def function(a: Tensor, b: Tensor) -> list[Tensor]:
        gradients = torch.func.grad(lambda a, b: (a @ b).exp().sum(), argnums=(0, 1))(a, b)
        return [a @ b, b @ a.T, b @ (2 * b), (a + 1).mv(b.exp()), F.linear(b, a), *gradients]

    assert_equal(function, numbers(3, 5), numbers(5, name="other"))


@pytest.mark.parametrize(
    "part",
    [
        lambda a: a[0],
        lambda a: a[-1, 2],
        lambda a: a[..., 1],
        lambda a: a[1:],
        lambda a: a[:, -4:-1],
        lambda a: a[:, ::2],
        lambda a: a[:2].T[1],
    ],
)
def test_the_gradient_of_a_part_stands_amid_zeros(part: Callable[[Tensor], Tensor]) -> None:
    def loss(a: Tensor) -> Tensor:
        return (part(a) * part(a * a)).sum()

    def function(a: Tensor) -> list[Tensor]:
        gradient = torch.func.grad(loss)(a)
        return [loss(a), gradient, gradient.T + 1, torch.func.grad(lambda b: part(b).sum())(a)]

    assert_equal(function, numbers(3, 5))


def test_labels_choose_and_are_chosen() -> None:
    labels = torch.randint(0, 4, (TASKS, 6), generator=generator("compiled", "labels"))
    scores = numbers(6, 4)

    def function(scores: Tensor, labels: Tensor) -> list[Tensor]:
        gradient = torch.func.grad(lambda s: F.cross_entropy(s, labels))(scores)
        chosen = scores.gather(1, labels[:, None])
        placed = torch.zeros_like(scores).scatter_add(1, labels[:, None], chosen)
        return [F.cross_entropy(scores, labels), gradient, chosen, placed]

    assert_equal(function, scores, labels)


def test_labels_choose_weights_of_classes() -> None:
    """In the gradient a mask of each item is repeated for every class."""

    def function(a: Tensor, labels: Tensor, weights: Tensor) -> list[Tensor]:
        loss = partial(F.cross_entropy, target=labels, weight=weights)
        return [loss(a), torch.func.grad(loss)(a)]

    labels = torch.randint(3, (TASKS, 5), generator=generator("labels"))
    assert_equal(function, numbers(5, 3), labels, numbers(3, name="weights").abs())


def test_rows_known_beforehand() -> None:
    assert_equal(lambda a: [a[[2, 0, 2]], (a * 2)[[1]]], numbers(3, 5))


def test_not_a_number_goes_through_every_choice() -> None:
    bad = torch.tensor([[float("nan"), float("inf"), -1.0]], dtype=torch.float64)
    compiled = CompiledTaskMap(
        lambda a: [torch.relu(a), torch.maximum(a, a), a.amax(0), a.sum(), a * 0],
        [],
        [bad],
        averaged_count=0,
    )
    expected = [torch.relu(bad), bad, bad.amax(1), bad.sum(1), bad * 0]
    for found, right in zip(compiled([], [bad]), expected, strict=True):
        torch.testing.assert_close(found, right, equal_nan=True)


def test_writing_in_place_is_followed() -> None:
    def function(a: Tensor) -> list[Tensor]:
        b = a * 2
        b.mul_(3).add_(a)
        return [b, b + 1]

    assert_equal(function, numbers(3, 5))


@pytest.mark.parametrize(
    ("function", "part"),
    [
        (
            lambda a: [a.sort().values],
            r"does not know aten\.sort\.default: write it .* compiled/rules\.py .*compiled=False",
        ),
        (lambda a: [a[a[0].long()]], "known beforehand"),
        (lambda a: [a if a.sum() > 0 else -a], "cannot be traced"),
    ],
    ids=["unknown operation", "rows that depend on the task", "branch on a number"],
)
def test_what_cannot_be_compiled_is_refused_by_name(
    function: Callable[[Tensor], list[Tensor]], part: str
) -> None:
    with pytest.raises(NotCompilable, match=part):
        CompiledTaskMap(function, [], [numbers(3, 5)], averaged_count=0)
