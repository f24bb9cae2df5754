"""Reciprocal ranks by hand, ties, and what an archive must find or cannot."""

import pandas as pd
import pytest
import torch

from metalearn_lab.comparison.archive import (
    DEPTHS,
    SAVED_ARCHIVE,
    ask_archive,
    reciprocal_ranks,
    word_vectors,
)
from metalearn_lab.evaluation.frozen_class_means import class_mean_cosines
from metalearn_lab.evaluation.nearest_cosines import nearest_cosines
from metalearn_lab.tasks.table import LabelledTable


def test_ranks_one_two_and_four_have_the_mean_seven_twelfths():
    scores = torch.tensor([[9.0, 1, 2, 3], [5, 4, 2, 3], [1, 2, 3, 4]])
    ranks = reciprocal_ranks(scores, torch.tensor([0, 1, 0]))
    assert ranks.tolist() == [1, 1 / 2, 1 / 4]
    assert ranks.mean().item() == pytest.approx(7 / 12)


def test_the_order_of_the_entries_does_not_matter():
    draw = torch.Generator().manual_seed(0)
    scores, right = torch.randn(7, 5, generator=draw), torch.randint(5, (7,), generator=draw)
    order = torch.randperm(5, generator=draw)
    moved = reciprocal_ranks(scores[:, order], order.argsort()[right])
    assert torch.equal(moved, reciprocal_ranks(scores, right))


def test_a_ranker_that_cannot_tell_entries_apart_has_the_last_rank():
    assert reciprocal_ranks(torch.zeros(3, 4), torch.arange(3)).tolist() == [1 / 4] * 3


def test_a_score_that_is_no_number_is_refused():
    with pytest.raises(ValueError, match="a score is NaN"):
        reciprocal_ranks(torch.tensor([[0.0, float("nan")]]), torch.tensor([0]))


def test_with_one_sentence_each_the_nearest_one_is_the_class_mean():
    draw = torch.Generator().manual_seed(1)
    support, query = (
        torch.nn.functional.normalize(torch.randn(2, n, 6, generator=draw), dim=2) for n in (4, 9)
    )
    labels = torch.stack([torch.randperm(4, generator=draw) for _ in range(2)])
    near = nearest_cosines(support, labels, query, 4)
    torch.testing.assert_close(near, class_mean_cosines(support, labels, query, 4))


def test_the_nearest_of_several_sentences_counts():
    support = torch.tensor([[[1.0, 0], [0, 1], [-1, 0]]])
    query = torch.tensor([[[0.6, 0.8]]])
    near = nearest_cosines(support, torch.tensor([[0, 0, 1]]), query, 2)
    torch.testing.assert_close(near, torch.tensor([[[0.8, -0.6]]]))


def test_words_are_counted_whatever_their_case():
    rows = word_vectors(["Lights on", "lights ON", "a timer"])
    products = rows @ rows.T
    assert products[0, 1].item() == pytest.approx(1)
    assert products[0, 2].item() == 0


@pytest.fixture
def table():
    """Eight classes; every sentence of a class has a word of its own class."""
    texts = [f"{'abcdefgh'[c] * 3} {'pqrstuvw'[i]}{c}" for c in range(8) for i in range(8)]
    labels = tuple(c for c in range(8) for _ in range(8))
    return LabelledTable(tuple(texts), labels, tuple("abcdefgh"), tuple(range(64)), "made up")


def test_vectors_that_show_the_class_put_the_right_answer_first(table):
    noise = 0.1 * torch.randn(64, 8, generator=torch.Generator().manual_seed(2))
    vectors = torch.nn.functional.normalize(torch.eye(8)[list(table.labels)] + noise, dim=1)
    rows = ask_archive(table, vectors, range(5), range(5, 8), 0, iterations=2, archives=3)
    assert list(rows.sentences.unique()) == list(DEPTHS)
    assert (rows.mrr == 100).all()
    assert (rows["first"] == 100).all()


def test_vectors_that_show_nothing_rank_by_chance(table):
    draw = torch.Generator().manual_seed(3)
    vectors = torch.nn.functional.normalize(torch.randn(64, 8, generator=draw), dim=1)
    rows = ask_archive(table, vectors, range(5), range(5, 8), 0, iterations=2, archives=40)
    by_ranker = rows[rows.sentences == 1].set_index("ranker").mrr
    chance = 100 * (1 + 1 / 2 + 1 / 3) / 3
    assert by_ranker["nearest sentence"] == pytest.approx(chance, abs=8)
    assert by_ranker["words in common (tf-idf)"] == 100, "words are another thing than vectors"


def test_the_saved_table_has_five_splits_of_two_sets():
    saved = pd.read_csv(SAVED_ARCHIVE)
    sizes = saved.groupby(["set", "sentences", "ranker"]).split.nunique()
    assert set(sizes) == {5}
    assert len(sizes) == 2 * len(DEPTHS) * 5
    assert saved[["mrr", "first"]].min().min() > 0
    assert (saved.mrr >= saved["first"]).all(), "1 / rank is at least whether the rank is 1"
