"""The compiled meta-gradient of small layers is the plain learner's own."""

import pytest
import torch

from metalearn_lab.compiled.meta_loss import CompiledLowRankMetaLoss
from metalearn_lab.learners.first_order_maml import FirstOrderMAML
from metalearn_lab.learners.learner import Learner
from metalearn_lab.learners.maml import MAML
from metalearn_lab.tasks.types import Split, Task
from tests.learners.builders import gradients, text_learner, text_tasks
from tests.running.test_low_rank import relative_difference, wide_learner, wide_tasks


def assert_same(learner: Learner, plain: Learner, tasks: Task) -> None:
    two = Task(*(Split(split.x[:2], split.y[:2]) for split in tasks))
    compiled = CompiledLowRankMetaLoss(learner, two)
    expected = gradients(plain, tasks)
    learner.zero_grad()
    loss = compiled(tasks)
    loss.backward()
    found = {name: p.grad for name, p in learner.named_parameters()}
    assert relative_difference(found, expected) < 1e-11
    assert torch.allclose(loss, plain(tasks), atol=1e-12)


@pytest.mark.parametrize("kind", [MAML, FirstOrderMAML])
@pytest.mark.parametrize("adapts", ["*", "body.*"])
def test_a_dense_layer(kind, adapts):
    plain = wide_learner(kind, adapts=adapts, mapping="loop")
    assert_same(wide_learner(kind, adapts=adapts), plain, wide_tasks())


def test_a_table_of_ngrams():
    learner, plain = (text_learner(MAML, mapping=mapping) for mapping in ("vmap", "loop"))
    assert_same(learner, plain, text_tasks())


def test_weights_are_read_anew_and_settings_are_not():
    learner, tasks = wide_learner(MAML), wide_tasks()
    compiled = CompiledLowRankMetaLoss(learner, tasks)
    with torch.no_grad():
        for parameter in learner.parameters():
            parameter.mul_(1.5)
    assert torch.allclose(compiled(tasks), learner(tasks), atol=1e-12)
    learner.inner_lr = 0.7
    with pytest.raises(ValueError, match="compile it again"):
        compiled(tasks)
