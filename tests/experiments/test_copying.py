"""Bits by distance: guessing costs 3 and 2, and contexts that reach far enough are never seen."""

import pandas as pd
import pytest
import torch

from metalearn_lab.experiments.copying import (
    CHOOSING,
    COPIERS,
    COPY_TRIALS,
    FILLERS,
    JUDGING,
    bits_by_gap,
    copy_batches,
    ngram_bits_by_gap,
    train_to_copy,
)
from metalearn_lab.models.sequence_transformer import SequenceTransformer
from metalearn_lab.tasks.copying import LETTERS, OPENING, SYMBOLS, CopyAndClose

TEXTS = CopyAndClose(copied=2)


class Guesses(torch.nn.Module):
    """Knows which kind of symbol comes, and nothing of what was read."""

    def __init__(self):
        super().__init__()
        self.unused = torch.nn.Parameter(torch.zeros(()))

    def forward(self, x):
        scores = torch.full((*x.shape, len(SYMBOLS)), -1e9)
        letters, brackets = SYMBOLS.index(LETTERS[0]), SYMBOLS.index(")")
        scores[:, :-1, letters : letters + len(LETTERS)] = 0
        scores[:, -1, brackets : brackets + len(OPENING)] = 0
        return scores


def test_guessing_costs_three_bits_a_letter_and_two_a_bracket():
    bits = bits_by_gap(Guesses(), TEXTS, [0, 7])
    assert torch.allclose(bits, torch.tensor([[3.0, 3.0, 2.0]] * 2).double())


def test_an_ngram_model_copies_what_its_context_holds():
    training = [TEXTS.texts(64 * i, 64, 0) for i in range(8)]
    bits, seen = ngram_bits_by_gap(4, training, TEXTS, [0])
    assert bits[0, :2].max() < 0.5, "w1 w2 | stand in the three symbols before"
    assert bits[0, 2] > 1.5, "the opening bracket does not"
    assert seen[0, 1:].min() == 1


def test_a_context_that_reaches_far_enough_was_never_seen():
    training = [TEXTS.texts(64 * i, 64, 6) for i in range(8)]
    bits, seen = ngram_bits_by_gap(10, training, TEXTS, [6])
    assert seen.max() == 0
    assert bits[0, 0] > 3, "worse than guessing"


def test_training_lowers_the_loss_and_repeats():
    def trained():
        model = SequenceTransformer(len(SYMBOLS), length=16, dim=8, layers=1, heads=2)
        return train_to_copy(model, copy_batches(TEXTS, 25, range(4), 8), outer_lr=1e-2)

    losses = trained()
    assert losses[0] == pytest.approx(torch.tensor(len(SYMBOLS)).log().item())
    assert sum(losses[-5:]) < sum(losses[:5])
    assert trained() == losses


def test_every_batch_has_one_of_the_fillers_and_no_text_comes_twice():
    batches = copy_batches(TEXTS, 30, (0, 3), batch=2)
    least = 2 * TEXTS.copied + 3
    assert {batch.x.shape for batch in batches} == {(2, least), (2, least + 3)}
    alone = copy_batches(TEXTS, 4, (0,), batch=2)
    assert len({tuple(row.tolist()) for batch in alone for row in batch.x}) == 8
    assert 0 < CHOOSING < JUDGING


def test_the_networks_are_of_one_size_and_the_saved_trials_are_of_all_of_them():
    sizes = [sum(p.numel() for p in build(0).parameters()) for build in COPIERS.values()]
    assert 22_000 < min(sizes) < max(sizes) < 28_000
    trials = pd.read_csv(COPY_TRIALS)
    assert set(zip(trials.trained, trials.model, strict=True)) == {
        (trained, name) for trained in FILLERS for name in COPIERS
    }
    assert trials.groupby(["trained", "model"]).outer_lr.nunique().eq(3).all()
    assert trials.notna().all(axis=None)
