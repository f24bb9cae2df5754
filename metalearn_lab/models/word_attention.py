"""A sentence as the weighted sum of its word vectors; the weights come from word statistics."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import skip_init

from metalearn_lab.models.mlp import initialise
from metalearn_lab.tasks.seeds import generator

STATISTICS = 2
"""Numbers that the generator reads of a word."""


class EachWord(nn.Module):
    """An attention generator without order: a small network reads the statistics of one word.

    Args:
        hidden: units of its hidden layer.
        dropout: share of the hidden units that training leaves out.
        seed: of the initial weights.

    Raises:
        ValueError: ``hidden`` is below 1.

    Source: the released code of Bao et al. 2020 calls it ``meta_mlp``.
    """

    def __init__(self, hidden: int = 50, *, dropout: float = 0.0, seed: int = 0) -> None:
        super().__init__()
        _check_hidden(hidden)
        self.layers = nn.Sequential(
            skip_init(nn.Linear, STATISTICS, hidden),
            nn.ReLU(),
            nn.Dropout(dropout),
            skip_init(nn.Linear, hidden, 1),
        )
        initialise(self, "each word", seed)

    def forward(self, statistics: Tensor, present: Tensor) -> Tensor:
        """Map ``[..., length, 2]`` to one score for each word, ``[..., length]``."""
        return self.layers(statistics).squeeze(-1)


class BiLSTM(nn.Module):
    """An attention generator with order: an LSTM reads the sentence from both ends.

    It is written out in plain operations, because ``torch.func.vmap`` cannot run ``nn.LSTM``. Where
    there is no word, the state stays as it is, so padding changes nothing.

    Args:
        hidden: units of each direction.
        dropout: share of the units that training leaves out, before the last layer.
        seed: of the initial weights.

    Raises:
        ValueError: ``hidden`` is below 1.

    Source: Hochreiter and Schmidhuber, "Long Short-Term Memory", 1997, with the forget gate of
    Gers, Schmidhuber and Cummins, 2000; gates in the order of ``nn.LSTM``.
    """

    def __init__(self, hidden: int = 25, *, dropout: float = 0.0, seed: int = 0) -> None:
        super().__init__()
        _check_hidden(hidden)
        self.hidden = hidden
        self.inputs = nn.ModuleList(skip_init(nn.Linear, STATISTICS, 4 * hidden) for _ in range(2))
        self.head = skip_init(nn.Linear, 2 * hidden, 1)
        self.dropout = nn.Dropout(dropout)
        initialise(self, "bidirectional lstm", seed)
        numbers = generator("recurrent weights", seed)
        uniform = 2 * torch.rand(2, hidden, 4 * hidden, generator=numbers) - 1
        self.recurrent = nn.Parameter(uniform / hidden**0.5)

    def forward(self, statistics: Tensor, present: Tensor) -> Tensor:
        """Map statistics and which words there are to a score for each word.

        Args:
            statistics: ``[..., length, 2]``.
            present: ``[..., length]``, False where there is no word.

        Returns:
            ``[..., length]``.
        """
        # One step moves both directions at once; their units stand side by side in every gate.
        of_directions = zip(self.inputs, (statistics, statistics.flip(-2)), strict=True)
        gates = [layer(x).unflatten(-1, (4, 1, self.hidden)) for layer, x in of_directions]
        inputs = torch.cat(gates, dim=-2).flatten(-3)
        recurrent = self._both_recurrent()
        directions = torch.stack((present, present.flip(-1)), dim=-1)
        reads = directions.repeat_interleave(self.hidden, dim=-1)
        state = memory = inputs.new_zeros(*present.shape[:-1], 2 * self.hidden)
        states = []
        for step in range(present.shape[-1]):
            sums = (inputs[..., step, :] + state @ recurrent).chunk(4, dim=-1)
            write, keep, show = sums[0].sigmoid(), sums[1].sigmoid(), sums[3].sigmoid()
            new_memory = keep * memory + write * sums[2].tanh()
            memory = torch.where(reads[..., step, :], new_memory, memory)
            state = torch.where(reads[..., step, :], show * new_memory.tanh(), state)
            states.append(state)
        first, second = torch.stack(states, dim=-2).chunk(2, dim=-1)
        of_words = torch.cat((first, second.flip(-2)), dim=-1)
        return self.head(self.dropout(of_words)).squeeze(-1)

    def _both_recurrent(self) -> Tensor:
        """The recurrent weights of both directions in one matrix, 0 from one to the other."""
        gates = self.recurrent.unflatten(-1, (4, 1, self.hidden))
        own = torch.eye(2, dtype=gates.dtype, device=gates.device)[:, None, None, :, None]
        return (gates * own).flatten(0, 1).flatten(1)


class WordAttention(nn.Module):
    """A sentence as Σ_i a_i v_i: word vectors v, weights a = softmax(generator(signatures)).

    Args:
        vectors: a row v for each word, ``[vocabulary, dim]``; row 0 is padding and never used.
        attention_generator: maps statistics ``[..., length, 2]`` and which words there are
            ``[..., length]`` to scores ``[..., length]``: ``EachWord`` when not given, or
            ``BiLSTM``.
        learned: whether training moves the word vectors.
        seed: of the generator, where none is given.

    Raises:
        ValueError: the vectors are no matrix of two rows or more.
    """

    def __init__(
        self,
        vectors: Tensor,
        attention_generator: nn.Module | None = None,
        *,
        learned: bool = False,
        seed: int = 0,
    ) -> None:
        super().__init__()
        if vectors.ndim != 2 or len(vectors) < 2 or not vectors.shape[1]:
            raise ValueError(
                "vectors must be [vocabulary, dim] with 2 rows or more (row 0 is padding), got "
                f"{list(vectors.shape)}"
            )
        self.vectors = nn.Parameter(vectors.detach().clone(), requires_grad=learned)
        self.generator = attention_generator or EachWord(seed=seed)

    def attention(self, ids: Tensor, signatures: Tensor) -> Tensor:
        """The weights of a sentence's words, which add up to 1.

        Args:
            ids: ``[..., length]``; 0 and below is no word and gets weight 0.
            signatures: statistics of every word, ``[vocabulary, 2]``.

        Returns:
            ``[..., length]``; all zeros for a sentence without words.
        """
        present = ids > 0
        scores = self.generator(F.embedding(ids.clamp(min=0), signatures), present)
        lowest = torch.finfo(scores.dtype).min
        return scores.masked_fill(~present, lowest).softmax(-1) * present

    def forward(self, ids: Tensor, signatures: Tensor | None = None) -> Tensor:
        """Map word ids ``[..., length]`` to features ``[..., dim]``.

        Args:
            ids: 0 and below is no word.
            signatures: ``[vocabulary, 2]``; zeros when not given, as if no word were known.
        """
        if signatures is None:
            signatures = self.vectors.new_zeros(len(self.vectors), STATISTICS)
        weights = self.attention(ids, signatures)
        return (weights.unsqueeze(-1) * F.embedding(ids.clamp(min=0), self.vectors)).sum(-2)


def random_vectors(vocabulary: int, dim: int, *, seed: int = 0) -> Tensor:
    """Normally distributed word vectors ``[vocabulary, dim]``, where there are no trained ones."""
    return torch.randn(vocabulary, dim, generator=generator("word vectors", seed))


def _check_hidden(hidden: int) -> None:
    if hidden < 1:
        raise ValueError(f"hidden must be 1 unit or more, got {hidden}")
