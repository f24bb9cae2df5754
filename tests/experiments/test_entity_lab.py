"""Scores, taggers and trainings of the few-shot tagging lab."""

import pytest
import torch

from metalearn_lab.experiments.entity_lab import (
    EntityLab,
    ThresholdProtoNet,
    always_o,
    file_world,
    gazetteer,
    judge,
    learner_tagger,
    name_world,
    nearest_scores,
    prototype_scores,
    ridge_scores,
    split_types,
    tagger,
    tags_of_labels,
    token_labels,
)
from metalearn_lab.learners.proto_net import ProtoNet
from metalearn_lab.tasks.tag_templates import TEMPLATES
from metalearn_lab.tasks.token_episodes import assert_types_unseen


@pytest.fixture(scope="module")
def world():
    return name_world(0, sentences=80)


@pytest.fixture(scope="module")
def lab(world):
    return EntityLab(world, iterations=2, shots=1)


def drawn(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_types_are_dealt_once_and_training_never_sees_the_new_ones(world):
    for seed in range(3):
        parts = split_types(seed)
        assert sorted(kind for part in parts for kind in part) == sorted(TEMPLATES)
    assert split_types(0) != split_types(1)
    assert_types_unseen(world.parts["train"], {*world.types.validation, *world.types.test})


def test_familiar_sentences_are_others_of_the_training_types(world):
    words = {part: {s.words for s in sentences} for part, sentences in world.parts.items()}
    assert not words["familiar"] & words["train"]
    assert set(world.sampler("familiar", 1, 1).episode(0).types) <= set(world.types.train)


def test_sentences_of_files_lose_their_new_types_from_training(world):
    given = world.parts["familiar"]  # half of them hold two types, of which one may be new
    old = set(world.types.train)
    made = file_world(given, world.parts["test"], old)
    new = set(made.types.test)
    assert made.types.train == world.types.train
    assert made.types.validation == ()
    assert new == {kind for s in world.parts["test"] for kind in s.types} - old
    assert made.parts["train"] == tuple(s for s in given if not new & set(s.types))
    assert len(made.parts["train"]) < len(given)


def test_labels_are_tags_and_back(world):
    episode = world.sampler("test", 2, 2).episode(0)
    for scheme, most in (("io", 3), ("bio", 6)):
        labels = token_labels(episode.query, episode.types, scheme)
        assert most - 2 <= labels.max() <= most
        tags = tags_of_labels(labels.tolist(), episode.query, episode.types, scheme)
        expected = [list(sentence.tags) for sentence in episode.query]
        if scheme == "io":
            expected = [[tag.replace("B-", "I-") for tag in own] for own in expected]
        assert tags == expected


def test_nnshot_takes_the_nearest_support_token_and_an_exact_match_wins():
    support, query = drawn(6, 4), drawn(5, 4, seed=1)
    labels = torch.tensor([0, 0, 1, 1, 2, 2])
    scores = nearest_scores(support, labels, query, 4)
    for i, z in enumerate(query):
        for c in range(3):
            distances = [(z / z.norm() - s / s.norm()).norm() ** 2 for s in support[labels == c]]
            assert scores[i, c] == pytest.approx(-min(distances).item(), abs=1e-5)
    assert torch.isneginf(scores[:, 3]).all(), "a label without tokens is never taken"
    assert nearest_scores(support, labels, 3 * support, 3).argmax(1).tolist() == labels.tolist()


def test_class_means_are_those_of_proto_net(world, lab):
    body = lab.model().body
    learner = ProtoNet(body, torch.nn.functional.cross_entropy, ways=4, mapping="loop")
    episode = world.sampler("test", 2, 2).episode(1)
    by_scores = tagger(lambda s: body(world.ids(s)), prototype_scores)(episode)
    assert by_scores == learner_tagger(world, learner)(episode)


def test_structshot_without_temperature_is_nnshot(world, lab):
    embed = lab.untrained()
    path = tagger(embed, nearest_scores, temperature=0.0, abstract=world.abstract)
    for index in range(3):
        episode = world.sampler("test", 1, 2).episode(index)
        assert path(episode) == tagger(embed, nearest_scores)(episode)


def test_the_gazetteer_tags_exactly_the_names_of_the_support(world):
    episode = world.sampler("test", 3, 3).episode(0)
    known = {(name, kind) for sentence in episode.support for kind, name in sentence.entities()}
    for sentence, tags in zip(episode.query, gazetteer(episode), strict=True):
        found = sentence._replace(tags=tuple(tags)).entities()
        assert all((name, kind) in known for kind, name in found)
        for kind, name in sentence.entities():
            assert ((kind, name) in found) == ((name, kind) in known)


def test_the_threshold_scores_o_by_one_number(lab):
    learner = ThresholdProtoNet(lab.model().body, ways=3)
    features, classes = drawn(6, 4), torch.eye(3)[torch.tensor([0, 0, 1, 1, 2, 2])]
    scores = learner.scores(drawn(5, 4, seed=1), learner.solution(features, classes))
    assert scores.shape == (5, 3)
    assert (scores[:, 0] == learner.outside).all()


def test_every_training_gives_a_tagger(world, lab):
    taggers = {
        "always O": always_o,
        "ridge": tagger(lab.embed(lab.joint(at_once=2).body), ridge_scores, scheme="bio"),
        **{
            name: learner_tagger(world, getattr(lab, name)())
            for name in (
                "proto_net",
                "threshold_proto_net",
                "first_order_maml",
                "anil",
                "fine_tuned",
                "head_tuned",
            )
        },
    }
    judged = judge(taggers, [world.sampler("test", 1, 1).episode(i) for i in range(2)])
    assert judged["always O"].counts.f1 == 0
    assert judged["always O"].accuracy > 0.7
    assert len({each.counts.gold for each in judged.values()}) == 1
