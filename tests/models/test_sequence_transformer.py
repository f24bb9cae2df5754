"""The Transformer with an answer at every token: what it reads, and its meta-gradient."""

from math import log

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from metalearn_lab.evaluation.meta_gradient_check import check_meta_gradient
from metalearn_lab.learners.maml import MAML
from metalearn_lab.models.sequence_transformer import (
    SequenceTransformer,
    causal_reads,
    prefix_reads,
)
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.types import Split, Task


def tiny(*, outputs: int | None = None, **settings: object) -> SequenceTransformer:
    model = SequenceTransformer(7, outputs, dim=8, layers=2, heads=2, **settings).double()
    nn.init.normal_(model.head.weight, generator=generator("head"))
    return model


def ids(length: int = 9, items: int = 3) -> torch.Tensor:
    return torch.randint(0, 7, (items, length), generator=generator("ids", length))


def characters_loss(scores: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    return F.cross_entropy(scores.flatten(0, 1), targets.flatten())


def test_before_training_the_loss_is_that_of_a_uniform_guess():
    scores = SequenceTransformer(28, length=9)(ids())
    assert characters_loss(scores, ids()).item() == pytest.approx(log(28))


def test_the_meta_gradient_is_proved():
    texts = torch.stack([ids(6), ids(6).flip(0)])
    tasks = Task(*(Split(t[..., :-1], t[..., 1:]) for t in (texts, texts.flip(-1))))
    model = SequenceTransformer(7, length=6, dim=4, layers=1, heads=2, hidden=5)
    nn.init.normal_(model.head.weight, generator=generator("head"))
    report = check_meta_gradient(MAML(model, characters_loss, inner_lr=0.1, inner_steps=2), tasks)
    assert report.passed, report


def test_a_causal_token_knows_nothing_of_later_ones():
    model, text = tiny(length=9), ids()
    later = text.clone()
    later[:, 5:] = (later[:, 5:] + 1) % 7
    same = (model(text) - model(later)).abs().amax((0, 2))
    assert torch.all(same[:5] == 0)
    assert torch.all(same[5:] > 1e-6)


def test_an_id_is_embedded_as_its_one_hot_vector():
    model, text = tiny(length=9), ids()
    assert torch.allclose(model(text), model(F.one_hot(text, 7).double()), rtol=1e-12)


def test_points_to_be_predicted_see_the_context_as_a_set_and_not_each_other():
    model = tiny(outputs=2, causal=False)
    points = torch.randn(3, 8, 7, generator=generator("points"), dtype=torch.float64)
    answers = model(points, prefix_reads(5, 8))
    alone = model(points[:, [0, 1, 2, 3, 4, 7]], prefix_reads(5, 6))
    assert torch.allclose(answers[:, 7], alone[:, 5], rtol=1e-10)
    shuffled = model(points[:, [3, 1, 4, 0, 2, 5, 6, 7]], prefix_reads(5, 8))
    assert torch.allclose(answers[:, 5:], shuffled[:, 5:], rtol=1e-10)
    other = points.clone()
    other[:, 2] += 1
    assert not torch.allclose(answers[:, 5:], model(other, prefix_reads(5, 8))[:, 5:])


def test_each_sequence_may_have_a_mask_of_its_own():
    model, text = tiny(length=9), ids()
    masks = torch.stack([causal_reads(9), prefix_reads(4, 9), torch.zeros(9, 9, dtype=torch.bool)])
    together = model(text, masks)
    for item, mask in enumerate(masks):
        assert torch.allclose(together[item], model(text[[item]], mask)[0], rtol=1e-10)


def test_its_layers_are_those_of_pytorch():
    model, text = tiny(length=9), ids()
    theirs = nn.TransformerEncoderLayer(
        8, 2, 32, dropout=0.0, batch_first=True, norm_first=True, dtype=torch.float64
    )
    h = (model.embedding[text] + model.position).detach()
    for ours in model.layers:
        attention, feed = ours.attention, (ours.widen, ours.narrow)
        values = {
            "self_attn.in_proj_weight": attention.query_key_value.weight,
            "self_attn.in_proj_bias": attention.query_key_value.bias,
            **{f"self_attn.out_proj.{n}": w for n, w in attention.out.named_parameters()},
            **{f"linear{i}.{n}": w for i in (1, 2) for n, w in feed[i - 1].named_parameters()},
        }
        theirs.load_state_dict(values, strict=False)  # their norms keep scale 1 and shift 0
        h = theirs(h, src_mask=~causal_reads(9))
    assert torch.allclose(model.features(text), F.layer_norm(h, (8,)), rtol=1e-8)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"inputs": 0}, "inputs=0"),
        ({"length": 0}, "length=0"),
        ({"heads": 3}, "heads must divide dim, got 3 heads for 64 dimensions"),
    ],
)
def test_what_cannot_be_built_is_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        SequenceTransformer(**({"inputs": 7} | settings))


def test_a_sequence_that_is_too_long_is_refused():
    with pytest.raises(ValueError, match="9 tokens, and this Transformer has positions for 8"):
        tiny(length=8)(ids())
