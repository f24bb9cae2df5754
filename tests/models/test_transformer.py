"""The Transformer: its formula, its padding, and its meta-gradient."""

import pytest
import torch
from torch.nn import functional as F

from metalearn_lab.evaluation.meta_gradient_check import check_meta_gradient
from metalearn_lab.learners.maml import MAML
from metalearn_lab.models.transformer import SelfAttention, Transformer
from metalearn_lab.tasks.seeds import generator
from tests.learners.builders import text_tasks


def tiny(seed: int = 0, **sizes: int) -> Transformer:
    sizes = {"length": 12, "dim": 8, "layers": 2, "heads": 2, "hidden": 10} | sizes
    return Transformer(30, 3, seed=seed, **sizes).double()


def texts(length: int = 9) -> torch.Tensor:
    return torch.randint(1, 30, (4, length), generator=generator("texts", length))


def test_the_meta_gradient_is_proved():
    learner = MAML(tiny(layers=1), F.cross_entropy, inner_lr=0.1, inner_steps=2)
    report = check_meta_gradient(learner, text_tasks(1))
    assert report.passed, report


def test_padding_has_no_influence():
    model, ids = tiny(), texts()
    assert torch.allclose(model(F.pad(ids, (0, 3))), model(ids), rtol=1e-12)


def test_no_text_changes_another():
    model, ids = tiny(), texts()
    assert torch.allclose(model(ids)[:2], model(ids[:2]), rtol=1e-12)


def test_a_text_of_padding_alone_is_no_nan():
    scores = tiny()(torch.zeros(1, 9, dtype=torch.int64))
    assert torch.allclose(scores, tiny().head.bias), "its features are zero"


def test_the_order_of_the_tokens_counts():
    ids = texts()
    assert not torch.allclose(tiny()(ids), tiny()(ids.flip(1)))


def test_attention_is_that_of_pytorch():
    attention = SelfAttention(8, 2).double()
    numbers = generator("attention")
    for parameter in attention.parameters():
        torch.nn.init.normal_(parameter, generator=numbers)
    h = torch.randn(3, 5, 8, generator=numbers, dtype=torch.float64)
    theirs = torch.nn.MultiheadAttention(8, 2, batch_first=True, dtype=torch.float64)
    for name, ours in [("in_proj", attention.query_key_value), ("out_proj", attention.out)]:
        owner, dot = (theirs, "_") if name == "in_proj" else (theirs.out_proj, "")
        for kind in ("weight", "bias"):
            getattr(owner, f"{name}_{kind}" if dot else kind).data.copy_(getattr(ours, kind))
    absent = torch.tensor([[False] * 5, [False, False, False, True, True], [False] * 4 + [True]])
    expected, _ = theirs(h, h, h, key_padding_mask=absent, need_weights=False)
    found = attention(h, absent[:, None, None, :] * -1e9)
    assert torch.allclose(found, expected, rtol=1e-10)


def test_a_seed_gives_the_same_weights_and_leaves_the_global_stream_alone():
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    same, again, other = (dict(tiny(seed).named_parameters()) for seed in (0, 0, 1))
    assert torch.equal(torch.rand(2), expected)
    assert all(torch.equal(same[name], again[name]) for name in same)
    assert not any(torch.equal(same[name], other[name]) for name in same)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"tokens": 1}, "2 tokens .* got tokens=1"),
        ({"layers": 0}, "layers=0"),
        ({"heads": 3}, "heads must divide dim, got 3 heads for 128 dimensions"),
    ],
)
def test_what_cannot_be_built_is_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        Transformer(**({"tokens": 30, "ways": 5} | settings))
