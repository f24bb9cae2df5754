"""New senses: the split, the methods on vectors that are easy to reckon with, the saved table."""

import pandas as pd
import pytest
import torch
from torch.nn import functional as F

from benchmarks.word_senses import COARSE_FOLDER, coarse_senses
from metalearn_lab.comparison import word_senses as lab
from metalearn_lab.tasks.word_senses import word_senses

TABLE = word_senses()


def easy_vectors(noise):
    """Each sense has a direction of its own."""
    numbers = torch.Generator().manual_seed(0)
    directions = torch.randn(40, 24, generator=numbers)
    labels = torch.tensor(TABLE.labels)
    x = directions[labels] + noise * torch.randn(400, 24, generator=numbers)
    return F.normalize(x, dim=1)


@pytest.fixture(scope="module")
def world():
    return lab.sense_world(TABLE, easy_vectors(0.3), 0)


@pytest.fixture(scope="module")
def saved():
    return pd.read_csv(lab.SAVED_WORD_SENSES)


def test_the_halves_share_no_sentence_and_hold_both_senses(world):
    for word in TABLE.lemmas:
        first, second = world.halves[word]
        assert sorted(first + second) == [i for i, w in enumerate(TABLE.words) if w == word]
        assert len(first) == len(second) == 10
        for rows in (first, second):
            assert len({TABLE.senses[i] for i in rows[:5]}) == 1
            assert len({TABLE.senses[i] for i in rows}) == 2


def test_every_method_tells_directions_apart(world):
    methods = lab.untrained(world) | {lab.PROTO: lab.learned(lab.train_senses(world, 0, 3))}
    for name, scores in methods.items():
        found = lab.recalls(world, scores, 3, most_shots=3, queries=2)
        assert found.shape == (5, 2)
        assert found.mean() > 0.9, name


def test_recalls_are_by_sense(world):
    def always_the_first(support, x):
        """Sense 0 of the word: of whichever label; seen by the first support item's row."""
        wanted = torch.stack([support.y == label for label in (0, 1)], 2).float()
        closeness = (support.x @ first_direction).unsqueeze(2)
        by_label = (wanted * closeness).sum(1)
        return by_label[:, None].expand(-1, x.shape[1], -1)

    word = world.parts["test"][0]
    one = lab.SenseWorld(TABLE, world.x, {"test": (word,)}, 0, world.halves)
    rows = [i for i, w in enumerate(TABLE.words) if w == word]
    by_sense = sorted({TABLE.senses[i] for i in rows})
    own = [i for i in rows if TABLE.senses[i] == by_sense[0]]
    first_direction = world.x[own].mean(0)
    found = lab.recalls(one, always_the_first, 1, most_shots=3, queries=2)
    assert found.tolist() == [[1.0, 0.0]]


def test_the_leaky_training_sees_test_words_and_the_other_does_not(world, monkeypatch):
    seen = []

    def trained(episodes, iterations, *, ways):
        seen.append(set(episodes.samplers))
        assert ways == 2

    monkeypatch.setattr(lab, "train_proto_net", trained)
    lab.train_senses(world, 0, 1)
    lab.train_senses(world, 0, 1, leaky=True)
    fair, leaky = seen
    test = set(world.parts["test"])
    assert not fair & test
    assert test < leaky
    assert len(fair) == len(leaky)


def test_first_order_maml_chooses_on_validation_words(world, monkeypatch):
    learner = lab.train_first_order(world, 0, 2)
    asked = []
    episodes = lab.SenseWorld.episodes

    def noted(self, words, *rest):
        asked.append(tuple(words))
        return episodes(self, words, *rest)

    monkeypatch.setattr(lab.SenseWorld, "episodes", noted)
    scores = lab.tuned(world, learner, 1, 2)
    assert asked == [world.parts["validation"]]
    assert lab.recalls(world, scores, 1, most_shots=3, queries=2).mean() > 0.8


def test_the_vector_of_a_word_is_that_of_its_own_token(monkeypatch):
    monkeypatch.setattr(lab, "encode_words", lambda s, device: torch.eye(5))
    x = lab.word_vectors([(["a", "bat"], 1), (["the", "old", "bat"], 2)])
    assert x.argmax(1).tolist() == [1, 4]


def test_the_saved_table_is_whole(saved):
    assert set(saved["set"]) == {lab.BY_HAND, lab.NOUNS}
    counts = saved.groupby(["set", "vector", "method", "shots"])[["split", "seed"]].nunique()
    assert set(counts.split) == {5}
    trained = counts.seed[
        counts.index.get_level_values("method").isin([lab.PROTO, lab.LEAKY, lab.MAML])
    ]
    assert set(trained) == {3}
    assert saved[["balanced", "natural"]].notna().all().all()
    own = saved[saved["set"] == lab.BY_HAND]
    assert (own.balanced == own.natural).all()
    assert set(saved.balanced[saved.method == lab.FREQUENT]) == {50}


def test_differences_and_intervals_are_over_splits():
    rows = [
        {"method": m, "shots": 1, "split": s, "seed": k, "balanced": 10 * s + k + bonus}
        for m, bonus in (("a", 0.0), ("b", 2.0))
        for s in range(3)
        for k in range(2)
    ]
    table = pd.DataFrame(rows)
    gaps = lab.sense_differences(table, "balanced", "b", "a")
    assert gaps.loc[1].tolist() == [2, 2, 2]
    interval = lab.sense_intervals(table, "balanced")["a"][1]
    assert interval.mean.item() == pytest.approx(10.5)
    assert interval.tasks == 3


@pytest.mark.skipif(not COARSE_FOLDER.exists(), reason="CoarseWSD-20 is not here")
def test_the_nouns_have_two_senses_and_shares():
    table, tokens, shares = coarse_senses()
    assert len(table.lemmas) == 20
    assert len(table.classes) == 40
    assert all(float(each.sum()) == pytest.approx(1) for each in shares.values())
    for (words, place), word in zip(tokens, table.words, strict=True):
        assert words[place].startswith(word)
    assert len(set(zip(table.words, table.sentences, strict=True))) == len(table.sentences)
