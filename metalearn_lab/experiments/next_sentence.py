"""Does this sentence follow that one? What a model learns depends on where the others come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from metalearn_lab.one_thread import one_thread
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.text_features import word_ids

ANOTHER_AUTHOR, SAME_AUTHOR, SAME_DOCUMENT = "another author", "same author", "same document"
NEGATIVES = (ANOTHER_AUTHOR, SAME_AUTHOR, SAME_DOCUMENT)
"""Where a sentence that does not follow is drawn from."""

BUCKETS = 2048
"""Of the hashed words; 0 is padding."""


class Pairs(NamedTuple):
    """Two sentences each, and whether the second follows the first in its document.

    Attributes:
        first: which words it has, ``[pairs, BUCKETS]``, zeros and ones.
        second: the same.
        follows: ``[pairs]``, zeros and ones; as many of each.
    """

    first: Tensor
    second: Tensor
    follows: Tensor


class PairClassifier(nn.Module):
    """Logit = Σ_v (m_v a_v b_v + w_v b_v) + c, with a and b the words of a pair.

    The shared words m see the topic, and cannot see the order. The words w of the second sentence
    can: they know what comes later in a text. Every first sentence is in as many true pairs as
    false ones, so its own words would tell nothing.
    """

    def __init__(self) -> None:
        super().__init__()
        self.second, self.shared = (nn.Parameter(torch.zeros(BUCKETS)) for _ in "wm")
        self.constant = nn.Parameter(torch.zeros(()))

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """Map the words of pairs ``[pairs, BUCKETS]`` to logits ``[pairs]``."""
        return (first * second) @ self.shared + second @ self.second + self.constant


def sentence_pairs(
    documents: Mapping[str, Sequence[Sequence[str]]],
    negatives: str,
    *,
    seed: int = 0,
    device: torch.device | str = "cpu",
) -> Pairs:
    """All neighbours in documents of three sentences or more, and as many that are none.

    Args:
        documents: by author, each a sequence of sentences; from two authors, each with two
            documents of three sentences.
        negatives: one of ``NEGATIVES``: what the second sentence of a false pair is drawn from.
        seed: of that draw.
        device: where the tensors are.

    Raises:
        ValueError: unknown negatives, or too few documents.
    """
    if negatives not in NEGATIVES:
        raise ValueError(f"negatives must be one of {NEGATIVES}, got {negatives!r}")
    long = {author: [d for d in own if len(d) >= 3] for author, own in documents.items()}
    if len(long) < 2 or min(map(len, long.values())) < 2:
        raise ValueError("pairs need 2 authors, each with 2 documents of 3 sentences: give more")
    numbers = generator("sentence pairs", seed)
    texts: list[str] = []
    for author, own in long.items():
        for place, document in enumerate(own):
            for i in range(len(document) - 1):
                if negatives == SAME_DOCUMENT:
                    source = [*document[:i], *document[i + 2 :]]
                elif negatives == SAME_AUTHOR:
                    source = _draw(own[:place] + own[place + 1 :], numbers)
                else:
                    source = _draw(long[_draw([a for a in long if a != author], numbers)], numbers)
                texts += [document[i], document[i + 1], _draw(source, numbers)]
    ids = word_ids(texts, buckets=BUCKETS)
    words = torch.zeros(len(ids), BUCKETS).scatter_(1, ids, 1.0)
    words[:, 0] = 0
    first, after, other = words.to(device).reshape(-1, 3, BUCKETS).unbind(1)
    true = torch.ones(len(first), device=device)
    return Pairs(torch.cat([first, first]), torch.cat([after, other]), torch.cat([true, 0 * true]))


def frequent_words(pairs: Pairs, count: int) -> Tensor:
    """Which words stand in most of the sentences: ones at those, ``[BUCKETS]``.

    Args:
        pairs: whose second sentences are counted.
        count: of words.
    """
    often = pairs.second.sum(0)
    mask = torch.zeros_like(often)
    mask[often.topk(count).indices] = 1
    return mask


def with_words(pairs: Pairs, mask: Tensor) -> Pairs:
    """The same pairs where the other words are not seen.

    Args:
        pairs: any.
        mask: ones at the words that stay, ``[BUCKETS]``.
    """
    return pairs._replace(first=pairs.first * mask, second=pairs.second * mask)


def equally_many_shared(pairs: Pairs) -> Pairs:
    """The true pairs that share as many words as the false pair of the same first sentence does.

    Args:
        pairs: of ``sentence_pairs``: the true ones, then the false ones in the same order.
    """
    true, false = (pairs.first * pairs.second).sum(1).chunk(2)
    return Pairs(*(part[(true == false).repeat(2)] for part in pairs))


@one_thread()
def train_pairs(
    pairs: Pairs, *, steps: int = 150, lr: float = 0.01, seed: int = 0
) -> PairClassifier:
    """Logistic regression by Adam, with a little weight decay.

    Args:
        pairs: to train on.
        steps: of 256 pairs.
        lr: of Adam.
        seed: of the order.
    """
    model = PairClassifier().to(pairs.follows.device)
    optimizer = torch.optim.AdamW(model.parameters(), lr, weight_decay=0.1)
    numbers = generator("next sentence", seed)
    for _ in range(steps):
        chosen = torch.randint(len(pairs.follows), (256,), generator=numbers)
        first, second, follows = (part[chosen] for part in pairs)
        loss = F.binary_cross_entropy_with_logits(model(first, second), follows)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return model


@torch.no_grad()
def accuracy(model: PairClassifier, pairs: Pairs) -> float:
    """Share of the pairs that are judged rightly; chance is one half."""
    right = (model(pairs.first, pairs.second) > 0) == pairs.follows.bool()
    return float(right.float().mean())


@torch.no_grad()
def order_accuracy(model: PairClassifier, pairs: Pairs) -> float:
    """Share of the true pairs that score higher in their order than swapped; a tie is half."""
    true = pairs.follows.bool()
    first, second = pairs.first[true], pairs.second[true]
    more = model(first, second) - model(second, first)
    return float(((more > 1e-6).float() + (more.abs() <= 1e-6).float() / 2).mean())


def scores_with_controls(known: Pairs, new: Pairs, frequent: int, seed: int) -> dict[str, float]:
    """Shares that are right, of a model of all words and of two that see some words alone.

    Args:
        known: to train on.
        new: to judge on.
        frequent: how many words of ``known`` count as frequent.
        seed: of the order of training.

    Returns:
        "all words"; "right order" and "equally many" of the same model, see ``order_accuracy`` and
        ``equally_many_shared``; "frequent words" and "other words".
    """
    model = train_pairs(known, seed=seed)
    shares = {
        "all words": accuracy(model, new),
        "right order": order_accuracy(model, new),
        "equally many": accuracy(model, equally_many_shared(new)),
    }
    often = frequent_words(known, frequent)
    for name, mask in (("frequent words", often), ("other words", 1 - often)):
        seeing = train_pairs(with_words(known, mask), seed=seed)
        shares[name] = accuracy(seeing, with_words(new, mask))
    return shares


def _draw(options: Sequence, numbers: torch.Generator):  # type: ignore[type-arg,no-untyped-def]
    return options[int(torch.randint(len(options), (), generator=numbers))]
