"""The sentences of fourteen authors, and their characters by number."""

import networkx
import pytest
import torch

from metalearn_lab.tasks.docstrings import (
    ALPHABET,
    HELD_OUT,
    TRAINING,
    VALIDATION,
    authors,
    decode,
    documents,
    encode,
)


def test_every_author_has_enough_and_no_sentence_has_two_authors():
    found = authors()
    assert list(found) == [*TRAINING, *VALIDATION, *HELD_OUT]
    assert len(found) == 14
    assert min(map(len, found.values())) > 250
    sentences = [sentence for each in found.values() for sentence in each]
    assert len(sentences) == len(set(sentences))


def test_a_document_keeps_the_order_of_its_docstring():
    assert all(len(set(each)) == len(each) for each in documents().values())
    text = " ".join(networkx.pagerank.__doc__.split())
    [found] = [d for d in documents()["networkx"] if all(each in text for each in d) and d[2:]]
    places = [text.index(sentence) for sentence in found]
    assert places == sorted(places)


def test_a_sentence_is_plain():
    for sentence in (sentence for each in authors().values() for sentence in each):
        assert 32 <= len(sentence) <= 162, sentence
        assert sentence[0].isupper(), sentence
        assert sentence.endswith("."), sentence
        assert not {"--", "  "} & {sentence[i : i + 2] for i in range(len(sentence))}, sentence


def test_characters_come_back_from_their_numbers():
    sentences = authors()["PIL"][:3]
    numbers = encode(sentences)
    assert decode(numbers) == "".join(f"{sentence}\n" for sentence in sentences)
    assert torch.equal(numbers == 0, torch.tensor([c == "\n" for c in decode(numbers)]))
    assert len(set(ALPHABET)) == len(ALPHABET) == 70


def test_a_strange_character_is_refused():
    with pytest.raises(ValueError, match="'é'"):
        encode(["Résumé."])
