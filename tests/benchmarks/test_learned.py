"""The plain losses of the benchmark have the meta-gradients of the learners beside them."""

import pytest
import torch

from benchmarks.reference import relative_error
from benchmarks.workloads.all import GROUPS


@pytest.mark.parametrize("make", GROUPS["learned"], ids=lambda make: make().name)
def test_a_plain_loss_has_the_learners_gradient(make) -> None:
    workload = make()
    ours = workload.variants[0].build(torch.float64).result()
    assert relative_error(ours, workload.reference()) < 1e-12
