"""Attention over words: padding, order, and an LSTM written out that is PyTorch's own."""

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from metalearn_lab.models.text_encoder import BagOfNgrams
from metalearn_lab.models.word_attention import BiLSTM, EachWord, WordAttention, random_vectors
from metalearn_lab.tasks.seeds import generator

WORDS = 20
IDS = torch.tensor([[3, 7, 7, 2, 0, 0], [5, 1, 9, 4, 8, 6]])
SIGNATURES = torch.rand(WORDS, 2, generator=generator("signatures"), dtype=torch.float64)


def attentive(kind=EachWord, **settings):
    return WordAttention(random_vectors(WORDS, 4), kind(5), **settings).double()


@pytest.mark.parametrize("kind", [EachWord, BiLSTM])
def test_weights_add_up_to_one_and_padding_changes_nothing(kind):
    model = attentive(kind)
    weights = model.attention(IDS, SIGNATURES)
    torch.testing.assert_close(weights.sum(-1), torch.ones(2).double())
    assert torch.equal(weights[0, 4:], torch.zeros(2).double())
    features = model(IDS, SIGNATURES)
    for pad in (torch.zeros(2, 3, dtype=torch.int64), torch.full((2, 2), -4)):
        for padded in (torch.cat([IDS, pad], 1), torch.cat([pad, IDS], 1)):
            torch.testing.assert_close(model(padded, SIGNATURES), features, rtol=0, atol=1e-15)
    with torch.no_grad():
        model.vectors[0] = 1e6  # the row of the padding
    torch.testing.assert_close(model(IDS, SIGNATURES), features, rtol=0, atol=1e-15)
    assert torch.equal(model(IDS * 0, SIGNATURES), torch.zeros(2, 4).double())


def test_without_order_the_attention_is_permuted_with_the_words():
    model, order = attentive(), torch.tensor([4, 0, 3, 5, 2, 1])
    weights, permuted = (model.attention(ids, SIGNATURES) for ids in (IDS, IDS[:, order]))
    torch.testing.assert_close(permuted, weights[:, order], rtol=0, atol=1e-15)
    model = attentive(BiLSTM)
    weights, permuted = (model.attention(ids, SIGNATURES) for ids in (IDS, IDS[:, order]))
    assert not torch.allclose(permuted, weights[:, order])


def test_without_signatures_and_order_the_features_are_the_mean_word_vectors():
    model, bag = attentive(), BagOfNgrams(WORDS, 4).double()
    bag.table = model.vectors
    torch.testing.assert_close(model(IDS), bag(IDS), rtol=1e-14, atol=1e-15)


def test_the_lstm_is_pytorchs_own():
    ours, hidden = attentive(BiLSTM).generator, 5
    theirs = nn.LSTM(2, hidden, batch_first=True, bidirectional=True).double()
    state = {}
    for direction, suffix in enumerate(("", "_reverse")):
        state[f"weight_ih_l0{suffix}"] = ours.inputs[direction].weight
        state[f"bias_ih_l0{suffix}"] = ours.inputs[direction].bias
        state[f"weight_hh_l0{suffix}"] = ours.recurrent[direction].T
        state[f"bias_hh_l0{suffix}"] = torch.zeros(4 * hidden)
    theirs.load_state_dict(state)
    present = IDS > 0
    statistics = SIGNATURES[IDS]
    packed = pack_padded_sequence(statistics, present.sum(1), True, enforce_sorted=False)
    states, _ = pad_packed_sequence(theirs(packed)[0], batch_first=True)
    expected = ours.head(states).squeeze(-1)[present]
    torch.testing.assert_close(ours(statistics, present)[present], expected)


def test_only_learned_vectors_get_a_gradient():
    assert not attentive().vectors.requires_grad
    assert attentive(learned=True).vectors.requires_grad


@pytest.mark.parametrize("shape", [(5,), (1, 4), (5, 0), (2, 3, 4)])
def test_vectors_of_another_shape_are_refused(shape):
    with pytest.raises(ValueError, match=r"vectors must be \[vocabulary, dim\] with 2 rows"):
        WordAttention(torch.zeros(shape))


@pytest.mark.parametrize("kind", [EachWord, BiLSTM])
def test_a_generator_without_units_is_refused(kind):
    with pytest.raises(ValueError, match="hidden must be 1 unit or more, got 0"):
        kind(0)
