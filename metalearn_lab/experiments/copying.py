"""How far back a language model can look: bits of copied words and brackets, by distance."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import log
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from metalearn_lab.experiments.language_models import next_character_loss
from metalearn_lab.models.ngram import NGram
from metalearn_lab.models.recurrent import LSTM, RNN
from metalearn_lab.models.sequence_transformer import SequenceTransformer
from metalearn_lab.one_thread import one_thread
from metalearn_lab.tasks.copying import SYMBOLS, CopyAndClose
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.types import Split

CHOOSING, JUDGING = 2**40, 2**41
"""Numbers of the first text for choosing settings, and of the first one for judging."""

COPIERS: dict[str, Callable[[int], nn.Module]] = {
    "RNN": lambda seed: RNN(len(SYMBOLS), hidden=128, seed=seed),
    "LSTM": lambda seed: LSTM(len(SYMBOLS), hidden=64, seed=seed),
    "Transformer": lambda seed: SequenceTransformer(len(SYMBOLS), length=32, dim=32, seed=seed),
}
"""By name, what builds a model from a seed; each has 22,000 to 28,000 weights."""

FILLERS: dict[str, Sequence[int]] = {"0 to 16": range(17), "0": (0,), "16": (16,)}
"""By name, the lengths of the fillers that a network is trained on."""

COPY_TRIALS = Path(__file__).parent / "language_model_results" / "copy_trials.csv"
"""What ``benchmarks/copying.py`` gave."""


def copy_batches(
    texts: CopyAndClose, steps: int, fillers: Sequence[int], batch: int = 64
) -> list[Split]:
    """New texts for every step, all with one of the fillers, drawn anew for each step."""
    numbers = generator("gaps", texts.seed)
    drawn = torch.randint(len(fillers), (steps,), generator=numbers).tolist()
    return [texts.texts(step * batch, batch, fillers[i]) for step, i in enumerate(drawn)]


@one_thread()
def train_to_copy(model: nn.Module, batches: Iterable[Split], *, outer_lr: float) -> list[float]:
    """Train in place by Adam, a step on each batch.

    Returns:
        The loss of each step, in nats.
    """
    where = next(model.parameters()).device
    optimizer = torch.optim.Adam(model.parameters(), outer_lr)
    losses = []
    for items in batches:
        x, y = (part.to(where) for part in items)
        loss = next_character_loss(model(x), y)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
    return losses


@torch.no_grad()
def bits_by_gap(
    model: nn.Module,
    texts: CopyAndClose,
    gaps: Iterable[int],
    count: int = 128,
    first: int = JUDGING,
) -> Tensor:
    """Bits that each asked symbol of new texts costs: 3 for a guessed letter, 2 for a bracket.

    Args:
        model: maps ids ``[texts, n]`` to scores.
        texts: to judge on.
        gaps: of these.
        count: texts of a gap.
        first: number of the first of them.

    Returns:
        ``[gaps, copied + 1]``: each letter of the word, then the bracket.
    """
    where = next(model.parameters()).device
    rows = []
    for gap in gaps:
        x, y = (part.to(where) for part in texts.texts(first, count, gap))
        nats = F.cross_entropy(model(x).mT, y, reduction="none")
        rows.append(nats[:, -texts.copied - 1 :].double().mean(0).cpu() / log(2))
    return torch.stack(rows)


def ngram_bits_by_gap(
    order: int,
    training: Iterable[Split],
    texts: CopyAndClose,
    gaps: Iterable[int],
    count: int = 128,
) -> tuple[Tensor, Tensor]:
    """The same of an n-gram model, and how many of the contexts it has ever seen.

    Args:
        order: n.
        training: texts to count.
        texts: to judge on.
        gaps: of these.
        count: texts of a gap.

    Returns:
        The bits and the shares of contexts of n − 1 symbols that were seen, ``[gaps, copied + 1]``
        both.
    """
    model = NGram(order, len(SYMBOLS)).fit(torch.cat([_stream(split) for split in training]))
    bits, seen = [], []
    for gap in gaps:
        stream = _stream(texts.texts(JUDGING, count, gap))
        asked = slice(-texts.copied - 2, -1)  # behind them stands the 0
        bits.append(-model.probabilities(stream).log2().view(count, -1)[:, asked].mean(0))
        seen.append(model.has_seen(stream).view(count, -1)[:, asked].double().mean(0))
    return torch.stack(bits), torch.stack(seen)


def _stream(split: Split) -> Tensor:
    """The texts one after the other, each with the 0 that ends it."""
    last = split.y[:, -1:]
    return torch.cat([split.x[:, 1:], last, torch.zeros_like(last)], 1).flatten()
