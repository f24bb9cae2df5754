"""Names in many languages: what is held out, and what a task is made of."""

import pytest
import torch

from metalearn_lab.tasks.language_names import (
    BRANCHES,
    FAMILY,
    KINDS,
    LanguageTasks,
    Name,
    language_names,
    language_profiles,
    names_of_file,
    ngram_vectors,
    split_languages,
)

SMALL = ("de", "fi", "ka", "zh", "ta", "en")


@pytest.fixture(scope="module")
def names():
    return language_names(SMALL)


def test_sixty_four_languages_have_a_family_each():
    assert len(FAMILY) == 64 == sum(len(codes.split()) for codes in BRANCHES.values())


def test_a_concept_has_one_name_in_a_language_and_is_of_one_kind(names):
    assert len({(name.language, name.concept) for name in names}) == len(names)
    kind_of = {name.concept: name.kind for name in names}
    assert all(kind_of[name.concept] == name.kind for name in names)
    assert {name.text for name in names if name.concept == "country KE"} >= {"Kenia", "肯尼亚"}
    assert KINDS[kind_of["country KE"]] == "country"


def test_a_name_of_two_kinds_is_left_out(names):
    english = [name for name in names if name.language == "en"]
    texts = [name.text for name in english if name.text.casefold() == "arabic"]
    assert not texts, "a language and a script"
    by_kind = [{n.text.casefold() for n in english if n.kind == kind} for kind in range(len(KINDS))]
    assert sum(map(len, by_kind)) == len(set().union(*by_kind))


@pytest.mark.parametrize("families", [None, FAMILY])
@pytest.mark.parametrize("seed", range(3))
def test_parts_share_nothing(seed, families):
    rows = [Name("x", language, 0, f"c{i}") for language in FAMILY for i in range(10)]
    split = split_languages(rows, seed, families)
    parts = split[:3]
    assert sum(map(len, parts)) == len(set().union(*parts)) == len(FAMILY)
    assert min(map(len, parts)) > 5
    if families:
        dealt = [{FAMILY[language] for language in part} for part in parts]
        assert not (dealt[0] & dealt[1] | dealt[0] & dealt[2] | dealt[1] & dealt[2])
    counts = [list(split.concepts.values()).count(part) for part in ("train", "validation", "test")]
    assert counts == [4, 2, 4]
    assert split == split_languages(rows[::-1], seed, families)
    assert split != split_languages(rows, seed + 1, families)


def test_three_languages_are_too_few():
    rows = [Name("x", language, 0, "c") for language in "abc"]
    with pytest.raises(ValueError, match="four languages"):
        split_languages(rows, 0)


def test_vectors_are_unit_and_do_not_depend_on_the_others():
    both, one = ngram_vectors(["Kenia", "肯尼亚"]), ngram_vectors(["Kenia"])
    torch.testing.assert_close(both[:1], one)
    torch.testing.assert_close(both.norm(dim=1), torch.ones(2))
    assert (both[0] > 0).sum() > 8


def test_a_task_holds_names_of_one_language_apart(names):
    vectors = torch.arange(len(names)).float()[:, None]
    concepts = {name.concept for name in names if not name.concept.endswith("A")}
    tasks = LanguageTasks(names, vectors, ("ka", "ta"), concepts, shots=2, queries=3, seed=1)
    for number, language in enumerate(("ka", "ta", "ka")):
        support, query = tasks.task(number)
        rows = torch.cat([support.x, query.x])[:, 0].long().tolist()
        assert len(set(rows)) == 5 * len(KINDS)
        for row, kind in zip(rows, torch.cat([support.y, query.y]).tolist(), strict=True):
            assert names[row].language == language
            assert names[row].kind == kind
            assert names[row].concept in concepts
    batch = tasks.batch(0, 3)
    torch.testing.assert_close(batch.query.x[2], tasks.task(2).query.x)
    assert not torch.equal(batch.query.x[0], batch.query.x[2])


def test_too_few_names_are_refused(names):
    with pytest.raises(ValueError, match="names of a kind"):
        LanguageTasks(
            names, torch.zeros(len(names), 1), ("ka",), ["country KE"], shots=1, queries=1
        )


def test_profiles_are_means(names):
    vectors = ngram_vectors([name.text for name in names])
    languages, profiles = language_profiles(names, vectors)
    assert languages == tuple(sorted(SMALL))
    own = torch.tensor([name.language == "ka" for name in names])
    torch.testing.assert_close(profiles[languages.index("ka")], vectors[own].mean(0))


def test_a_file_of_ones_own(tmp_path):
    file = tmp_path / "own.csv"
    file.write_text("text,language,label\nHund,de,animal\nrot,de,colour\ndog,en,animal\n", "utf-8")
    names, labels = names_of_file(file)
    assert labels == ("animal", "colour")
    assert names[1] == Name("rot", "de", 1, "1")
    file.write_text("text,language\nHund,de\n", "utf-8")
    with pytest.raises(ValueError, match="no column label"):
        names_of_file(file)
    file.write_text("text,language,label\nHund,,animal\n", "utf-8")
    with pytest.raises(ValueError, match="language is empty"):
        names_of_file(file)
