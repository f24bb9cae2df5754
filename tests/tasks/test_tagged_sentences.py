"""Names, sentences and token episodes: what they promise, and which files can be read."""

import json
from pathlib import Path

import pytest

from metalearn_lab.tasks.leaks import LeakError
from metalearn_lab.tasks.sources.tagged_files import tagged_sentences
from metalearn_lab.tasks.tag_templates import TEMPLATES
from metalearn_lab.tasks.tagged_sentences import NameSentences, TaggedSentence, entity_names
from metalearn_lab.tasks.token_episodes import (
    TokenEpisodeSampler,
    assert_token_episode_is_clean,
    assert_types_unseen,
)

TYPES = ("month", "city", "mass", "script")
WNUT = Path(__file__).parents[3] / "shared" / "data" / "wnut17"


@pytest.fixture(scope="module")
def sentences():
    return NameSentences(TYPES, (*TYPES, "weekday")).sentences(400)


def sampler(sentences, **changed):
    settings = {"ways": 3, "shots": 5, "queries": 4, "split": "test"}
    return TokenEpisodeSampler(sentences, TYPES, **(settings | changed))


def test_there_are_many_types_names_and_templates():
    assert entity_names().keys() == TEMPLATES.keys()
    assert len(TEMPLATES) >= 12
    assert all(len(set(templates)) >= 6 for templates in TEMPLATES.values())
    assert all("{}" in each.split() for templates in TEMPLATES.values() for each in templates)
    names = [name.casefold() for own in entity_names().values() for name in own]
    assert len(set(names)) == len(names), "no name is of two types"
    assert min(map(len, entity_names().values())) == 7


def test_a_sentence_depends_on_its_number_alone(sentences):
    again = NameSentences(TYPES, (*TYPES, "weekday"))
    assert [again.sentence(i) for i in (7, 3)] == [again.sentence(7), again.sentence(3)]
    assert set(again.sentences(50)) <= set(sentences)
    assert again.sentence(3) != NameSentences(TYPES, (*TYPES, "weekday"), seed=1).sentence(3)
    for sentence in sentences[:100]:
        for kind, name in sentence.entities():
            assert name in entity_names()[kind]


def test_only_hides_the_other_types():
    sentence = TaggedSentence(
        ("in", "Port", "Moresby", "since", "May"), ("O", "B-a", "I-a", "O", "B-b")
    )
    assert sentence.types == ("a", "b")
    assert sentence.entities() == [("a", "Port Moresby"), ("b", "May")]
    assert sentence.only(["b"]).tags == ("O", "O", "O", "O", "B-b")


def test_episodes_have_k_to_2k_of_each_type_and_do_not_leak(sentences):
    drawn = sampler(sentences)
    for index in range(30):
        episode = drawn.episode(index)
        assert_token_episode_is_clean(episode, 5, 4)
        assert set(episode.types) < set(TYPES)
    assert drawn.episode(3) == sampler(sentences).episode(3)
    assert drawn.episode(3) != sampler(sentences, seed=1).episode(3)
    assert drawn.episode(3) != sampler(sentences, split="train").episode(3)


def test_o_hides_entities_or_does_not(sentences):
    hidden = sampler(sentences).episode(0)
    rows = [*hidden.support_rows, *hidden.query_rows]
    assert any(set(sentences[row].types) - set(hidden.types) for row in rows)
    open_ = sampler(sentences, hide_others=False).episode(0)
    rows = [*open_.support_rows, *open_.query_rows]
    assert all(set(sentences[row].types) <= set(open_.types) for row in rows)


def test_leaks_are_found(sentences):
    episode = sampler(sentences).episode(0)
    with pytest.raises(LeakError, match="in support and query"):
        assert_token_episode_is_clean(episode._replace(query=episode.support), 5, 5)
    twice = (*episode.support, episode.support[0])
    with pytest.raises(LeakError, match="twice"):
        assert_token_episode_is_clean(episode._replace(support=twice), 5, 4)
    with pytest.raises(LeakError, match="outside of the episode"):
        assert_token_episode_is_clean(episode._replace(types=episode.types[:2]), 5, 4)
    fewer = episode._replace(support=episode.support[:3])
    with pytest.raises(LeakError, match="not 6 to 12"):
        assert_token_episode_is_clean(fewer, 6, 4)
    assert_types_unseen(sentences, ["country"])
    with pytest.raises(LeakError, match="are to be new types"):
        assert_types_unseen(sentences, ["weekday"])


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"ways": 0}, "must be 1 or more"),
        ({"ways": 5}, "has 4 types"),
        ({"shots": 1000}, "different sentences"),
    ],
)
def test_what_gives_no_episode_is_refused(sentences, changed, message):
    with pytest.raises(ValueError, match=message):
        sampler(sentences, **changed)
    with pytest.raises(ValueError, match="index"):
        sampler(sentences).episode(-1)
    with pytest.raises(ValueError, match="no sentences for the types"):
        NameSentences(("river",))


def test_conll_columns_and_json_lines_are_read(tmp_path):
    expected = (
        TaggedSentence(("Ann", "Lee", "met", "Bo"), ("B-PER", "I-PER", "O", "B-PER")),
        TaggedSentence(("Oslo",), ("B-LOC",)),
    )
    columns = "-DOCSTART- O\n\nAnn x B-PER\nLee x I-PER\nmet x O\nBo x I-PER\n\nOslo x I-LOC\n"
    (tmp_path / "own.conll").write_text(columns, encoding="utf-8")
    assert tagged_sentences(tmp_path / "own.conll") == expected
    rows = [{"w": list(each.words), "t": list(each.tags)} for each in expected]
    lines = "\n".join(json.dumps(row) for row in rows)
    (tmp_path / "own.jsonl").write_text(lines, encoding="utf-8")
    assert tagged_sentences(tmp_path / "own.jsonl", words="w", tags="t") == expected
    with pytest.raises(ValueError, match="has no column"):
        tagged_sentences(tmp_path / "own.jsonl")
    with pytest.raises(ValueError, match="columns, but column 5"):
        tagged_sentences(tmp_path / "own.conll", words=5)
    with pytest.raises(ValueError, match="a tag is O"):
        tagged_sentences(tmp_path / "own.conll", tags=1)
    with pytest.raises(FileNotFoundError):
        tagged_sentences(tmp_path / "nothing.conll")


@pytest.mark.skipif(not WNUT.is_dir(), reason=f"WNUT-17 is not in {WNUT}")
def test_wnut_17_gives_three_way_episodes():
    read = tagged_sentences(WNUT / "test.parquet")
    assert len(read) == 1287
    types = {kind for sentence in read for kind in sentence.types}
    assert len(types) == 6
    drawn = TokenEpisodeSampler(read, sorted(types), ways=3, shots=1, queries=2)
    for index in range(5):
        assert_token_episode_is_clean(drawn.episode(index), 1, 2)
