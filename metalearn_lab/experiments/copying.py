"""How far back a language model can look: bits of copied words and brackets, by distance."""

from __future__ import annotations

from collections.abc import Iterable
from math import log

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from metalearn_lab.experiments.language_models import next_character_loss
from metalearn_lab.models.ngram import NGram
from metalearn_lab.one_thread import one_thread
from metalearn_lab.tasks.copying import SYMBOLS, CopyAndClose
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.types import Split

HELD_BACK = 2**40
"""Texts from this number on are for judging."""


@one_thread()
def train_to_copy(
    model: nn.Module,
    texts: CopyAndClose,
    *,
    steps: int,
    most_gap: int,
    outer_lr: float,
    batch: int = 64,
) -> list[float]:
    """Train in place by Adam, each step on new texts of one gap between 0 and ``most_gap``.

    Returns:
        The loss of each step, in nats.
    """
    where = next(model.parameters()).device
    optimizer = torch.optim.Adam(model.parameters(), outer_lr)
    gaps = torch.randint(most_gap + 1, (steps,), generator=generator("gaps", texts.seed)).tolist()
    losses = []
    for step, gap in enumerate(gaps):
        x, y = (part.to(where) for part in texts.texts(step * batch, batch, gap))
        loss = next_character_loss(model(x), y)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
    return losses


@torch.no_grad()
def bits_by_gap(
    model: nn.Module, texts: CopyAndClose, gaps: Iterable[int], count: int = 128
) -> Tensor:
    """Bits that each asked symbol of new texts costs: 3 for a guessed letter, 2 for a bracket.

    Returns:
        ``[gaps, copied + 1]``: each letter of the word, then the bracket.
    """
    where = next(model.parameters()).device
    rows = []
    for gap in gaps:
        x, y = (part.to(where) for part in texts.texts(HELD_BACK, count, gap))
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
        stream = _stream(texts.texts(HELD_BACK, count, gap))
        asked = slice(-texts.copied - 2, -1)  # behind them stands the 0
        bits.append(-model.probabilities(stream).log2().view(count, -1)[:, asked].mean(0))
        seen.append(model.has_seen(stream).view(count, -1)[:, asked].double().mean(0))
    return torch.stack(bits), torch.stack(seen)


def _stream(split: Split) -> Tensor:
    """The texts one after the other, each with the 0 that ends it."""
    last = split.y[:, -1:]
    return torch.cat([split.x[:, 1:], last, torch.zeros_like(last)], 1).flatten()
