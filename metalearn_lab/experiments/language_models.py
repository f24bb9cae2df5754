"""Character language models of one size: how they are trained, judged, kept and read back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from itertools import count
from pathlib import Path
from time import process_time
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from metalearn_lab.models.ngram import NGram
from metalearn_lab.models.ngram import bits_per_character as bits_of_probabilities
from metalearn_lab.models.recurrent import LSTM, RNN
from metalearn_lab.models.sequence_transformer import SequenceTransformer
from metalearn_lab.one_thread import one_thread
from metalearn_lab.tasks.docstrings import ALPHABET, TRAINING, VALIDATION, authors, encode
from metalearn_lab.tasks.next_symbols import NOT_ASKED, sentence_items
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.types import Split
from metalearn_lab.training.checkpoint import Checkpoint, load_checkpoint, save_checkpoint

LENGTH = 163
"""The longest sentence of the docstrings, with the character that ends it."""

KEPT = Path(__file__).parent / "language_model_results"
"""Where the checkpoints that come with the package lie."""

MODELS: dict[str, Callable[[int], nn.Module]] = {
    "RNN": lambda seed: RNN(len(ALPHABET), hidden=256, seed=seed),
    "LSTM": lambda seed: LSTM(len(ALPHABET), hidden=128, seed=seed),
    "Transformer": lambda seed: SequenceTransformer(len(ALPHABET), length=LENGTH, seed=seed),
}
"""By name, what builds a model from a seed; each has 102,000 to 119,000 weights."""

OUTER_LR = {"RNN": 3e-3, "LSTM": 1e-2, "Transformer": 3e-3}
"""Learning rates of Adam."""

JUDGED = 250
"""Sentences of each validation author that histories are taken on."""


class Progress(NamedTuple):
    """A row of a training's history.

    Attributes:
        characters: read so far, repetitions included.
        seconds: of CPU time spent in training so far.
        bits: per character of the validation sentences.
    """

    characters: int
    seconds: float
    bits: float


class LanguageModel(NamedTuple):
    """A trained model and how it came to be.

    Attributes:
        name: its kind, one of ``MODELS``.
        model: maps ids ``[items, length]`` to scores of the next character.
        history: the rows of its training.
        about: the settings, and the machine that the seconds are of.
    """

    name: str
    model: nn.Module
    history: list[Progress]
    about: dict[str, object]


def general_sentences() -> tuple[list[str], list[str]]:
    """All sentences of the training authors, and some of the validation authors."""
    train = [sentence for author in TRAINING for sentence in authors()[author]]
    return train, [sentence for author in VALIDATION for sentence in authors()[author][:JUDGED]]


def next_character_loss(scores: Tensor, y: Tensor) -> Tensor:
    """Mean negative log-likelihood of the characters, in nats.

    Args:
        scores: ``[items, length, V]``.
        y: ``[items, length]``, ``NOT_ASKED`` where there is no character.
    """
    return F.cross_entropy(scores.flatten(0, -2), y.flatten())


def bits_per_character(
    scores: Callable[[Tensor], Tensor],
    sentences: Sequence[str],
    where: torch.device | str = "cpu",
) -> float:
    """The mean of −log₂ p(character) over the sentences' characters and their ends.

    Arguments as those of ``character_probabilities``.
    """
    return bits_of_probabilities(character_probabilities(scores, sorted(sentences, key=len), where))


@torch.no_grad()
def character_probabilities(
    scores: Callable[[Tensor], Tensor],
    sentences: Sequence[str],
    where: torch.device | str = "cpu",
) -> Tensor:
    """The probability of every character, in the order of ``encode``, float64 ``[n]`` on the CPU.

    Args:
        scores: a model, or another function of ids ``[items, length]``.
        sentences: judged each by itself, from its first character.
        where: device of the ids.
    """
    parts = []
    for first in range(0, len(sentences), 64):
        x, y = sentence_items(sentences[first : first + 64])
        likely = scores(x.to(where)).cpu().double().log_softmax(-1)
        own = likely.gather(-1, y.clamp(min=0)[..., None])[..., 0]
        parts.append(own[y != NOT_ASKED].exp())
    return torch.cat(parts)


@one_thread()
def train_language_model(
    model: nn.Module,
    sentences: Sequence[str],
    validation: Sequence[str],
    *,
    characters: int,
    outer_lr: float,
    batch: int = 32,
    seed: int = 0,
    report: Callable[[nn.Module, list[Progress]], None] = lambda model, history: None,
) -> tuple[nn.Module, list[Progress]]:
    """Train by Adam at a constant rate; what is judged is a running mean of the weights.

    The mean weighs the last tenth or so of the steps, which does at every moment what a falling
    rate does at the end of a training: so each row of the history is a model of its own.

    Args:
        model: changed in place, and thrown away.
        sentences: in batches of about the same length, in a new order every time.
        validation: for the history.
        characters: to read at least.
        outer_lr: of Adam; the gradient's norm is clipped to 1.
        batch: sentences of a step.
        seed: of the order.
        report: given the mean model and the history whenever it has a new row.

    Returns:
        The mean model and the history, a row whenever the characters read have doubled.
    """
    where = next(model.parameters()).device
    mean = deepcopy(model)
    optimizer = torch.optim.Adam(model.parameters(), outer_lr)
    history: list[Progress] = []
    read, due, start, outside = 0, 2**15, process_time(), 0.0
    for step, items in enumerate(_batches(sentences, batch, seed)):
        x, y = (part.to(where) for part in items)
        optimizer.zero_grad()
        next_character_loss(model(x), y).backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        with torch.no_grad():
            for average, weight in zip(mean.parameters(), model.parameters(), strict=True):
                average.lerp_(weight, 10 / (step + 10))
        read += int((y != NOT_ASKED).sum())
        if read >= min(due, characters):
            seconds = process_time() - start - outside
            history.append(Progress(read, seconds, bits_per_character(mean, validation, where)))
            report(mean, history)
            outside = process_time() - start - seconds
            due *= 2
        if read >= characters:
            return mean, history
    raise AssertionError("the batches never end")


def ngram_history(
    order: int, sentences: Sequence[str], validation: Sequence[str]
) -> list[Progress]:
    """The same rows for an n-gram model, which reads each character once."""
    stream, asked = encode(sentences), encode(validation)
    sizes = [2**power for power in range(12, 40) if 2**power < len(stream)] + [len(stream)]
    rows = []
    for size in sizes:
        start = process_time()
        model = NGram(order, len(ALPHABET)).fit(stream[:size])
        seconds = process_time() - start
        rows.append(Progress(size, seconds, bits_of_probabilities(model.probabilities(asked))))
    return rows


def saved_histories(path: Path = KEPT / "histories.csv") -> dict[str, dict[str, list[Progress]]]:
    """The histories of ``benchmarks/language_models.py``, by model and training.

    Returns:
        For each model the longest training first (``"long"``), then ``"seed_0"`` and so on.
    """
    import pandas as pd

    table = pd.read_csv(path)
    found: dict[str, dict[str, list[Progress]]] = {name: {} for name in MODELS}
    for (model, training), rows in table.groupby(["model", "training"]):
        columns = (rows.characters.tolist(), rows.seconds.tolist(), rows.bits.tolist())
        found[model][training] = [Progress(*row) for row in zip(*columns, strict=True)]
    return found


def keep_language_model(path: Path, trained: LanguageModel) -> None:
    """Write weights, in half precision, with settings and history in one checkpoint.

    Raises:
        CheckpointError: it cannot be written.
    """
    weights = {name: weight.half() for name, weight in trained.model.state_dict().items()}
    history = [list(row) for row in trained.history]
    save_checkpoint(path, Checkpoint(trained.about, {"history": history}, weights))


def load_language_model(name: str, folder: Path = KEPT) -> LanguageModel:
    """Read a trained model of the package, or of another folder.

    Raises:
        ValueError: there is none of this name.
        CheckpointError: the file is damaged.
    """
    path = folder / f"{name}.safetensors"
    if name not in MODELS or not path.exists():
        there = ", ".join(sorted(each.stem for each in folder.glob("*.safetensors")))
        raise ValueError(f"no trained language model is called {name!r} in {folder}: {there}")
    kept = load_checkpoint(path)
    model = MODELS[name](0)
    model.load_state_dict(kept.tensors)
    history = [Progress(*row) for row in kept.state["history"]]
    return LanguageModel(name, model, history, kept.description)


def _batches(sentences: Sequence[str], batch: int, seed: int) -> Iterator[Split]:
    """Batches without end; sixteen at a time are sorted by length, so that little is padding."""
    for epoch in count():
        numbers = generator("language model", seed, epoch)
        order = torch.randperm(len(sentences), generator=numbers).tolist()
        for first in range(0, len(order), 16 * batch):
            alike = sorted((sentences[i] for i in order[first : first + 16 * batch]), key=len)
            starts = torch.arange(0, len(alike), batch)
            for start in starts[torch.randperm(len(starts), generator=numbers)].tolist():
                yield sentence_items(alike[start : start + batch])
