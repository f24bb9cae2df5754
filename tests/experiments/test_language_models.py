"""Character models: bits, training, and what a checkpoint keeps."""

from math import log2

import pytest
import torch

from metalearn_lab.experiments.language_models import (
    KEPT,
    MODELS,
    LanguageModel,
    Progress,
    bits_per_character,
    character_probabilities,
    general_sentences,
    keep_language_model,
    load_language_model,
    ngram_history,
    saved_histories,
    train_language_model,
)
from metalearn_lab.models.ngram import NGram
from metalearn_lab.models.recurrent import LSTM
from metalearn_lab.tasks.docstrings import ALPHABET, decode, encode
from metalearn_lab.tasks.next_symbols import NOT_ASKED, sentence_items

SENTENCES = ["Return the number of rows.", "See the notes below for the meaning of this flag."]


def test_an_item_asks_for_every_character_and_the_end():
    x, y = sentence_items(SENTENCES)
    assert decode(x[0, :27]) == "\n" + SENTENCES[0]
    assert decode(y[0, :27]) == SENTENCES[0] + "\n"
    assert torch.all(y[0, 27:] == NOT_ASKED)
    assert torch.all(x[0, 27:] == 0)


def test_a_long_sentence_is_cut():
    x, y = sentence_items(SENTENCES, 10)
    assert (decode(x[1]), decode(y[1])) == ("\n" + SENTENCES[1][:9], SENTENCES[1][:10])


@pytest.mark.parametrize("name", MODELS)
def test_before_training_a_character_costs_log2_v_bits(name):
    model = MODELS[name](0)
    assert 100_000 < sum(p.numel() for p in model.parameters()) < 120_000
    assert bits_per_character(model, SENTENCES) == pytest.approx(log2(len(ALPHABET)), rel=1e-5)


def test_bits_are_those_of_an_ngram_model_that_gives_the_same_probabilities():
    counted = NGram(3, len(ALPHABET)).fit(encode(SENTENCES[:1]))

    def scores(ids):
        rows = [[counted.continuations(row[1 : i + 1]) for i in range(len(row))] for row in ids]
        return torch.stack([torch.stack(row) for row in rows]).log()

    expected = -counted.probabilities(encode(SENTENCES)).log2().mean().item()
    assert bits_per_character(scores, SENTENCES) == pytest.approx(expected, rel=1e-9)


def test_probabilities_are_in_the_order_of_the_characters():
    model = LSTM(len(ALPHABET), hidden=8, seed=2)
    found = character_probabilities(model, SENTENCES)
    assert len(found) == len(encode(SENTENCES))
    second = character_probabilities(model, SENTENCES[1:])
    assert torch.allclose(found[-len(second) :], second)
    bits = -found.log2().mean().item()
    assert bits == pytest.approx(bits_per_character(model, SENTENCES), rel=1e-5)


def test_training_goes_down_repeats_and_says_what_it_read():
    def trained():
        model = LSTM(len(ALPHABET), hidden=8)
        arguments = {"characters": 4000, "outer_lr": 1e-2, "batch": 2}
        return train_language_model(model, SENTENCES * 8, SENTENCES, **arguments)

    model, history = trained()
    assert history[-1].bits < 5 < log2(len(ALPHABET))
    assert history[-1].bits == pytest.approx(bits_per_character(model, SENTENCES))
    assert 4000 <= history[-1].characters < 4100
    assert history[-1].seconds > 0
    assert trained()[1][-1].bits == history[-1].bits


def test_a_checkpoint_keeps_weights_history_and_settings(tmp_path):
    model, history = MODELS["LSTM"](3), [Progress(5, 0.5, 6.0), Progress(10, 1.0, 5.0)]
    keep_language_model(
        tmp_path / "LSTM.safetensors", LanguageModel("LSTM", model, history, {"seed": 3})
    )
    read = load_language_model("LSTM", tmp_path)
    assert (read.name, read.history, read.about) == ("LSTM", history, {"seed": 3})
    for name, weight in model.state_dict().items():
        assert torch.equal(read.model.state_dict()[name], weight.half().float())


def test_a_model_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ValueError, match="no trained language model is called 'GPT'"):
        load_language_model("GPT", tmp_path)


@pytest.mark.parametrize("name", sorted(path.stem for path in KEPT.glob("*.safetensors")))
def test_the_shipped_models_do_what_their_history_says(name):
    shipped = load_language_model(name, KEPT)
    validation = general_sentences()[1][::25]
    bits = bits_per_character(shipped.model, validation)
    assert bits == pytest.approx(shipped.history[-1].bits, abs=0.25), "on a twenty-fifth"
    assert name in MODELS
    assert shipped.history[-1].bits < 3
    assert {"outer_lr", "batch", "seed", "device", "versions"} <= shipped.about.keys()


def test_an_ngram_model_gets_better_with_more_text():
    rows = ngram_history(2, SENTENCES * 200, SENTENCES)
    assert [row.characters for row in rows] == sorted(row.characters for row in rows)
    assert rows[-1].bits <= rows[0].bits


def test_the_saved_histories_are_of_five_trainings_of_each_model_and_a_longer_one():
    histories = saved_histories()
    assert list(histories) == list(MODELS)
    for name, trainings in histories.items():
        of_seeds = [rows for training, rows in trainings.items() if training != "long"]
        assert len(of_seeds) == 5
        read = [rows[-1].characters for rows in of_seeds]
        assert min(read) > 4_000_000
        assert sum(characters > 8_000_000 for characters in read) == 3
        for rows in trainings.values():
            assert [row.characters for row in rows] == sorted(row.characters for row in rows)
        shipped = load_language_model(name).history[-1]
        assert shipped.bits == pytest.approx(trainings["seed_0"][-1].bits, abs=1e-4)
    assert next(iter(histories["LSTM"])) == "long"
    assert histories["LSTM"]["long"][-1].characters >= 16_000_000
