"""The desk: nothing changes but what is taught, and its answers are those of class means."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from metalearn_lab.experiments.desk import (
    MOST_INTENTS,
    MOST_SENTENCES,
    DeskError,
    threshold_that_accepts,
)
from metalearn_lab.experiments.desk_file import load_desk, save_desk
from metalearn_lab.training.checkpoint import Checkpoint, CheckpointError, save_checkpoint
from tests.experiments.small_desk import a_desk, encode


def test_scores_are_minus_the_squared_distances_to_the_class_means():
    desk = a_desk().taught("a", ["one", "two"]).taught("b", ["three"])
    f = desk.learner.model
    means = torch.stack([f(encode(["one", "two"])).mean(0), f(encode(["three"]))[0]])
    wanted = -((f(encode(["four"])) - means) ** 2).sum(1)
    answer = desk.ask("four")
    got = torch.tensor([dict(answer.scores)[name] for name in "ab"])
    torch.testing.assert_close(got, wanted)
    assert answer.scores[0][1] == max(got.tolist())


def test_a_sentence_of_a_one_sentence_intent_scores_nought_and_is_its_own_nearest():
    answer = a_desk().taught("a", ["one"]).taught("b", ["three"]).ask("three")
    assert answer.intent == "b"
    assert answer.scores[0] == ("b", pytest.approx(0, abs=1e-6))
    assert answer.similar[0] == ("three", pytest.approx(1))


def test_below_the_threshold_no_intent_fits_and_the_nearest_sentences_are_named():
    answer = a_desk(threshold=-1e-6).taught("a", ["one", "two"], "yes").ask("nine")
    assert (answer.intent, answer.reply) == (None, "")
    assert {text for text, _ in answer.similar} == {"one", "two"}
    assert a_desk().ask("anything") == (None, "", (), ())


def test_to_teach_changes_neither_the_weights_nor_the_desk_before():
    before = a_desk().taught("a", ["one"])
    weights = [weight.clone() for weight in before.learner.parameters()]
    after = before.taught("b", ["two"]).taught("a", ["three", "one"], "yes")
    assert list(before.intents) == ["a"]
    assert before.intents["a"] == (("one",), "")
    assert after.intents["a"] == (("one", "three"), "yes")
    assert after.taught("a", ["one"]).intents["a"].reply == "yes"
    assert all(map(torch.equal, weights, after.learner.parameters()))
    assert after.forgotten("b").forgotten("a").intents == {}


def test_the_order_of_teaching_does_not_matter():
    one = a_desk().taught("a", ["one", "two"]).taught("b", ["three"])
    other = a_desk().taught("b", ["three"]).taught("a", ["two"]).taught("a", ["one"])
    for sentence in ("four", "five"):
        ours, theirs = dict(one.ask(sentence).scores), dict(other.ask(sentence).scores)
        assert ours == pytest.approx(theirs, abs=1e-5)


def test_slots_take_the_longest_value_that_stands_in_the_sentence():
    desk = a_desk(-9.0, room=["room", "living room"]).taught("a", ["x"], "On in the {room}.")
    assert desk.ask("the LIVING room please").reply == "On in the living room."
    assert desk.ask("the bathroom please").reply == "On in the {room}."


@pytest.mark.parametrize(
    ("name", "sentences", "reply", "said"),
    [
        (" ", ["x"], "", "name of an intent is empty"),
        ("n" * 61, ["x"], "", "61 characters"),
        ("n", [], "", "needs a sentence"),
        ("n", ["\t"], "", "a sentence is empty"),
        ("n", ["x" * 501], "", "501 characters"),
        ("n", ["x\x00y"], "", "control character"),
        ("n", ["\ud800"], "", "half of one"),
        ("n", ["one"], "", "already a sentence of 'a'"),
        ("n", ["x"], "in the {place}", "no slot place: the slots are room"),
        ("n", ["x"], "r" * 501, "at most 500"),
        ("n", [str(i) for i in range(MOST_SENTENCES + 1)], "", "at most 50"),
    ],
)
def test_what_cannot_be_taught_is_refused(name, sentences, reply, said):
    desk = a_desk(room=["hall"]).taught("a", ["one"])
    with pytest.raises(DeskError, match=said):
        desk.taught(name, sentences, reply)


def test_a_full_desk_still_takes_sentences_of_an_intent_that_it_knows():
    desk = a_desk()
    for i in range(MOST_INTENTS):
        desk = desk.taught(f"intent {i}", [f"sentence {i}"])
    with pytest.raises(DeskError, match="which is the most"):
        desk.taught("another", ["new"])
    assert len(desk.taught("intent 3", ["new"]).intents) == MOST_INTENTS
    with pytest.raises(DeskError, match="no intent 'nix'"):
        desk.forgotten("nix")


@given(
    st.lists(st.floats(-9, 0, width=32), min_size=1, max_size=30),
    st.floats(0.01, 1, allow_nan=False),
)
def test_the_threshold_lets_the_share_through(scores, share):
    tensor = torch.tensor(scores)
    threshold = threshold_that_accepts(tensor, share)
    accepted = (tensor >= threshold).float().mean().item()
    assert accepted >= share - 1e-6
    # No higher threshold among the scores would do.
    higher = [score for score in tensor.tolist() if score > threshold]
    if higher:
        assert (tensor >= min(higher)).float().mean().item() < share + 1 / len(scores) + 1e-6


@pytest.mark.parametrize("share", [0, 1.1])
def test_a_share_out_of_range_is_refused(share):
    with pytest.raises(ValueError, match="share in"):
        threshold_that_accepts(torch.zeros(3), share)
    with pytest.raises(ValueError, match="needs scores"):
        threshold_that_accepts(torch.zeros(0), 0.5)


def test_a_saved_desk_answers_the_same_in_another_process(tmp_path):
    desk = a_desk(-3.0, room=["hall"]).taught("a/b\n", ["one", "zwei 三"], "in {room}")
    desk = desk.taught("c", ["four"])
    save_desk(tmp_path / "desk", desk, {"seed": 3})
    script = (
        "import sys; from pathlib import Path\n"
        "from metalearn_lab.experiments.desk_file import load_desk\n"
        "from tests.experiments.small_desk import encode\n"
        "desk, about = load_desk(Path(sys.argv[1]), encode)\n"
        "print((desk.ask('hall five'), about, desk.intents, desk.slots))"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "desk")]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    wanted = (desk.ask("hall five"), {"seed": 3}, desk.intents, {"room": ["hall"]})
    assert said.strip() == str(wanted)


def test_a_file_that_is_no_desk_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match="cannot be read"):
        load_desk(tmp_path / "nothing", encode)
    save_checkpoint(tmp_path / "other", Checkpoint({"kind": "x"}, {}, {"w": torch.zeros(1)}))
    with pytest.raises(CheckpointError, match="not of a desk"):
        load_desk(tmp_path / "other", encode)
    desk = a_desk().taught("a", ["one"])
    save_desk(tmp_path / "desk", desk, {})
    content = (tmp_path / "desk").read_bytes()
    (tmp_path / "desk").write_bytes(content[:-4])
    with pytest.raises(CheckpointError, match="cannot be read"):
        load_desk(tmp_path / "desk", encode)
