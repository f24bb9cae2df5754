"""Readers in new languages: settings from validation, labels by kind, and the saved table."""

import pandas as pd
import pytest
import torch
from babel import Locale

from metalearn_lab.comparison import languages as lang
from metalearn_lab.comparison.languages import LanguageLab, guesses, reading_world
from metalearn_lab.comparison.readers import right_answers
from metalearn_lab.tasks.language_names import (
    FAMILY,
    KINDS,
    language_names,
    ngram_vectors,
    split_languages,
)

SMALL = ("de", "nl", "fr", "es", "ru", "bg", "fi", "hu")


@pytest.fixture(scope="module")
def lab():
    names = language_names(SMALL)
    vectors = ngram_vectors([name.text for name in names], 64)
    split = split_languages(names, 0)
    return LanguageLab(names, vectors, split, shots=2, queries=3, iterations=2, rounds=2)


@pytest.fixture(scope="module")
def readers(lab):
    return lab.readers()


def test_every_method_scores_every_query(lab, readers):
    assert tuple(readers) == lang.METHODS
    for reader in readers.values():
        accuracy = right_answers(reader, lab.test)
        assert accuracy.shape == (2 * len(lab.split.test),)
        assert ((accuracy >= 0) & (accuracy <= 1)).all()


def test_the_pooled_reader_saw_training_names_alone(lab):
    rows = lab._trained_on()
    assert {lab.names[row].language for row in rows} == set(lab.split.train)
    assert {lab.split.concepts[lab.names[row].concept] for row in rows} == {"train"}
    shown = lab.vectors[rows]
    kinds = torch.tensor([lab.names[row].kind for row in rows])
    x = torch.cat([shown, torch.ones(len(rows), 1)], 1)
    scores = x @ lab.pooled
    right = scores.argmax(1) == kinds
    assert torch.stack([right[kinds == k].float().mean() for k in range(5)]).mean() > 0.5


def test_ridge_towards_pooled_with_a_huge_penalty_is_pooled(lab, readers):
    from metalearn_lab.comparison.opinions import ridge_reader

    pulled = ridge_reader(lab.pooled, 1e6, lab.test.support, lab.test.query.x)
    pooled = readers[lang.POOLED](lab.test.support, lab.test.query.x)
    torch.testing.assert_close(pulled, pooled, rtol=1e-3, atol=1e-3)


def test_accuracy_by_language_is_that_of_its_tasks(lab, readers):
    reader = readers[lang.MEANS]
    by_language = lab.of_each_language(reader)
    all_tasks = right_answers(reader, lab.test)
    assert list(by_language) == list(lab.split.test)
    second = all_tasks[1 :: len(lab.split.test)].mean().item()
    assert by_language[lab.split.test[1]] == pytest.approx(second)


def test_guesses_are_labels_of_the_episode(lab, readers):
    world = reading_world(lab, lab.split.test[0], KINDS)
    tasks, kinds = world.sampler("test").batch_with_classes(0, 4)
    given = guesses(world, readers[lang.POOLED], 4)
    by_kind = readers[lang.POOLED](tasks.support, tasks.query.x).argmax(2)
    torch.testing.assert_close(kinds.gather(1, given), by_kind)
    own = readers[lang.MEANS](tasks.support, tasks.query.x).argmax(2)
    torch.testing.assert_close(guesses(world, readers[lang.MEANS], 4), own)


def test_the_saved_table_is_whole():
    table = pd.read_csv(lang.SAVED_LANGUAGES)
    keys = ["dealt", "seed", "shots", "method", "language"]
    assert not table.duplicated(keys).any()
    assert table.accuracy.between(0, 1).all()
    assert set(table.method) == set(lang.METHODS)
    assert set(table.language) <= {Locale.parse("en").languages[code] for code in FAMILY}
    runs = table.groupby(["dealt", "seed", "shots", "method"]).size()
    assert len(runs) == 2 * 5 * 2 * len(lang.METHODS)
