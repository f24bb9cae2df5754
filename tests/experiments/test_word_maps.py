"""Leaving words out, with an encoder whose answer is known."""

import pytest
import torch

from metalearn_lab.experiments.word_maps import WordMap, lead, map_study, word_maps
from metalearn_lab.tasks.episodes import EpisodeSampler

WORDS = ("red", "blue", "green", "the", "of")


def count(sentences):
    """One number for each known word: how often it stands in the sentence."""
    rows = [[sentence.split().count(word) for word in WORDS] for sentence in sentences]
    return torch.tensor(rows, dtype=torch.float32) + 1e-6


def test_the_lead_is_over_the_best_other_class():
    cosines = torch.tensor([[0.9, 0.5, 0.7], [0.1, 0.4, 0.2]])
    assert lead(cosines, 0).tolist() == pytest.approx([0.2, -0.3])


def test_the_word_that_decides_has_the_largest_fall():
    means = torch.eye(5)[:3]
    [[of_one, other]] = word_maps(["the red of", "blue the"], [means], count)
    assert of_one.words == ["the", "red", "of"]
    assert int(of_one.whole.argmax()) == 0
    assert int(of_one.drops.argmax()) == 1
    assert of_one.drops[1].item() == pytest.approx(1 / 3**0.5, abs=1e-4)
    assert of_one.drops[0] < 0, "without a filler the lead grows"
    assert other.without.shape == (2, 3)


def test_a_map_of_one_word_is_refused():
    with pytest.raises(ValueError, match="'red' has fewer"):
        word_maps(["red"], [torch.eye(5)[:2]], count)


def test_drops_are_of_the_predicted_class():
    made = WordMap(["a", "b"], torch.tensor([0.1, 0.6]), torch.tensor([[0.3, 0.2], [0.0, 0.6]]))
    assert made.drops.tolist() == pytest.approx([0.6, -0.1])


def test_a_study_of_sentences_that_one_word_decides():
    texts = [f"{word} the of {word}" for word in WORDS[:3] for _ in range(6)]
    texts[3] = "red"  # no word can be left out of it
    labels = [i for i in range(3) for _ in range(6)]
    rows = EpisodeSampler(torch.arange(18), labels, ways=3, shots=2, queries=2)
    study = map_study(rows, texts, count(texts), 3, count)
    assert list(study.table.index) == ["map of B", "map of A", "longest", "random"]
    fall = study.table["fall"]
    assert fall["map of A"] == pytest.approx(fall["map of B"])
    assert fall["random"] <= fall["map of B"]
    assert set(study.first.words) - {"the", "of"} <= set(WORDS)
