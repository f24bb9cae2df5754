"""Problems for optimisers: their gradients, scales, and draws by address."""

import pytest
import torch

from metalearn_lab.tasks.optimizees import random_bowls, random_networks, random_quadratics


@pytest.mark.parametrize("draw", [random_quadratics, random_bowls, random_networks])
def test_the_gradient_is_that_of_the_loss(draw):
    problems = draw("a", 3)
    problems = type(problems)(*(p.double() if is_float(p) else p for p in problems))
    theta = torch.sin(torch.arange(problems.start.numel()).double()).view_as(problems.start)
    _, gradient = problems.value_and_gradient(theta)
    for i in (0, 3, -1):
        step = torch.zeros_like(theta).index_fill(1, torch.tensor(i % theta.shape[1]), 1e-6)
        rise = problems.value_and_gradient(theta + step)[0]
        fall = problems.value_and_gradient(theta - step)[0]
        torch.testing.assert_close((rise - fall) / 2e-6, gradient[:, i], rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("draw", [random_quadratics, random_networks])
def test_settings_side_by_side_change_nothing(draw):
    problems = draw("a", 3)
    theta = torch.stack([problems.start, problems.start + 0.3])
    together = problems.value_and_gradient(theta)
    apart = [problems.value_and_gradient(row) for row in theta]
    for part, rows in zip(together, zip(*apart, strict=True), strict=True):
        torch.testing.assert_close(part, torch.stack(rows))


def test_a_scale_multiplies_the_loss_and_its_gradient():
    theta = torch.ones(4, 5)
    plain, scaled = (random_quadratics("a", 4, size=5, scale=s) for s in (1.0, 9.0))
    for one, other in zip(
        plain.value_and_gradient(theta), scaled.value_and_gradient(theta), strict=True
    ):
        torch.testing.assert_close(9 * one, other)


def test_the_least_loss_of_a_bowl_is_zero_at_its_centre():
    bowls = random_bowls("a", 3)
    centre = bowls.target / bowls.matrix.diagonal(dim1=1, dim2=2)
    loss, gradient = bowls.value_and_gradient(centre)
    assert loss.max() < 1e-10
    assert gradient.abs().max() < 1e-5
    curvatures = 2 * bowls.matrix.diagonal(dim1=1, dim2=2) ** 2
    assert 0.05 <= curvatures.min() <= curvatures.max() <= 1


@pytest.mark.parametrize("draw", [random_quadratics, random_bowls, random_networks])
def test_an_address_gives_the_same_problems_and_another_one_others(draw):
    assert torch.equal(draw("a", 2)[0], draw("a", 2)[0])
    assert not torch.equal(draw("a", 2)[0], draw("b", 2)[0])
    assert not torch.equal(draw("a", 2)[0], draw("a", 2, seed=1)[0])


def test_bad_sizes_are_refused():
    with pytest.raises(ValueError, match="scale a positive number"):
        random_quadratics("a", 2, scale=0.0)
    with pytest.raises(ValueError, match="count and size"):
        random_quadratics("a", 0)
    with pytest.raises(ValueError, match="least curvature"):
        random_bowls("a", 2, least=0.0)
    with pytest.raises(ValueError, match="hidden"):
        random_networks("a", 2, hidden=0)


def is_float(part):
    return isinstance(part, torch.Tensor) and part.is_floating_point()


@pytest.mark.parametrize("draw", [random_quadratics, random_bowls, random_networks])
def test_problems_are_made_where_they_are_asked_for(draw):
    problems = draw("a", 2, device="meta")
    assert all(part.device.type == "meta" for part in problems if isinstance(part, torch.Tensor))
    assert problems.start.device.type == "meta"
