"""Linear CKA: 1 for the same up to a turn, 0 for features at right angles, and its formula."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from metalearn_lab.experiments.representation_similarity import linear_cka
from metalearn_lab.tasks.seeds import generator


def features(seed, *shape):
    return torch.randn(*shape, generator=generator("features", seed), dtype=torch.float64)


def rotation(seed, size):
    turned, _ = torch.linalg.qr(features(seed, size, size))
    return turned


@given(
    seed=st.integers(0, 1000),
    items=st.integers(4, 30),
    sizes=st.tuples(st.integers(1, 6), st.integers(1, 6)),
    scale=st.floats(0.01, 100),
    shift=st.floats(-10, 10),
)
def test_turning_scaling_and_shifting_change_nothing(seed, items, sizes, scale, shift):
    a, b = features(seed, items, sizes[0]), features(seed + 1, items, sizes[1])
    moved = scale * a @ rotation(seed + 2, sizes[0]) + shift
    torch.testing.assert_close(linear_cka(moved, b), linear_cka(a, b), rtol=1e-7, atol=1e-9)
    torch.testing.assert_close(linear_cka(b, a), linear_cka(a, b))
    assert linear_cka(moved, a).item() == pytest.approx(1, abs=1e-9)
    assert 0 <= linear_cka(a, b) <= 1 + 1e-12


def test_features_at_right_angles_have_nothing_in_common():
    a = features(0, 20, 6)
    columns, _ = torch.linalg.qr(a - a.mean(0))
    assert linear_cka(columns[:, :3], columns[:, 3:]).item() == pytest.approx(0, abs=1e-12)


def test_of_single_features_it_is_the_squared_correlation():
    a, b = features(0, 30, 1), features(1, 30, 1) + features(0, 30, 1)
    r = torch.corrcoef(torch.cat((a, b), 1).T)[0, 1]
    torch.testing.assert_close(linear_cka(a, b), r**2)


def test_stretching_one_feature_changes_it():
    """It is blind to turns, not to every linear map."""
    a = features(0, 20, 3)
    assert linear_cka(a, a * torch.tensor([10.0, 1.0, 1.0])) < 0.99


def test_a_batch_is_each_by_itself():
    a, b = features(0, 4, 10, 3), features(1, 4, 10, 5)
    each = torch.stack([linear_cka(*pair) for pair in zip(a, b, strict=True)])
    torch.testing.assert_close(linear_cka(a, b), each)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_what_is_constant_is_like_nothing(dtype):
    a, constant = features(0, 10, 3).to(dtype), torch.full((10, 2), 0.1, dtype=dtype)
    assert linear_cka(a, constant) == linear_cka(constant, constant) == 0


def test_what_is_no_number_gives_none():
    a = features(0, 10, 3)
    assert linear_cka(a, torch.full((10, 2), torch.nan, dtype=a.dtype)).isnan()


@pytest.mark.parametrize("shape", [(9, 3), (10,), (2, 10, 3)])
def test_other_items_are_refused(shape):
    with pytest.raises(ValueError, match="the same 2 or more items"):
        linear_cka(torch.zeros(10, 3), torch.zeros(*shape))
