"""The usual Conv4 computes what this library's does, and its trap is real and refused."""

import pytest
import torch
from torch.nn import functional as F

from metalearn_lab.experiments.vmap_error import vmap_error
from metalearn_lab.learners.maml import MAML
from metalearn_lab.models.conv4 import Conv4
from metalearn_lab.models.plain_conv4 import plain_conv4
from metalearn_lab.tasks.patterns import noisy_patterns
from metalearn_lab.tasks.types import Split, Task

SETTINGS = {"inner_lr": 0.1, "inner_steps": 1, "transductive": True}


def test_it_is_the_library_s_conv4_with_batch_norm():
    plain, ours = plain_conv4(5, 8), Conv4(5, filters=8, norm="batch")
    theirs = dict(zip(ours.state_dict(), plain.state_dict().values(), strict=True))
    ours.load_state_dict(theirs)
    x = noisy_patterns(1, 0).query.x[0]
    torch.testing.assert_close(plain.double()(x.double()), ours.double()(x.double()))


def test_it_depends_on_its_seed():
    first, again, other = (plain_conv4(5, 8, seed).state_dict() for seed in (0, 0, 1))
    assert all(torch.equal(first[n], again[n]) for n in first)
    assert not all(torch.equal(first[n], other[n]) for n in first)


def test_under_vmap_its_meta_gradient_is_wrong_so_learners_refuse_it():
    with pytest.raises(ValueError, match="wrong second derivative"):
        MAML(plain_conv4(5, 8), F.cross_entropy, **SETTINGS)
    tasks = Task(*(Split(x.double(), y) for x, y in noisy_patterns(2, 0)))
    trapped = MAML(plain_conv4(5, 8), F.cross_entropy, **SETTINGS, mapping="loop").double()
    mended = MAML(Conv4(5, filters=8, norm="batch"), F.cross_entropy, **SETTINGS).double()
    assert vmap_error(trapped, tasks).whole > 1e-4
    assert vmap_error(mended, tasks).whole < 1e-10
