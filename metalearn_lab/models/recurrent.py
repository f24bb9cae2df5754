"""Recurrent language models, written out step by step so that they have all derivatives."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import skip_init

from metalearn_lab.models.dense import Dense
from metalearn_lab.models.mlp import initialise
from metalearn_lab.tasks.seeds import generator


class RNN(nn.Module):
    """h_t = tanh(T[x_t] + W h_{t−1} + b), h_0 = 0; the scores of the next token are A h_t + a.

    T has a row for each token, as the weights of a one-hot input would have. The head starts at
    zero, so before training every token is equally likely. The steps are plain operations, because
    fused kernels, as ``nn.LSTM`` runs by, have no second derivative.

    Args:
        tokens: size of the vocabulary, V.
        hidden: units of the state h.
        seed: of the initial weights.

    Raises:
        ValueError: a size below 1.

    Source: Elman, "Finding Structure in Time", Cognitive Science 1990; as a language model:
    Mikolov et al., "Recurrent neural network based language model", Interspeech 2010.
    """

    sums_per_unit = 1

    def __init__(self, tokens: int, *, hidden: int = 128, seed: int = 0) -> None:
        super().__init__()
        if min(tokens, hidden) < 1:
            raise ValueError(f"a recurrent model needs tokens and units, got {tokens=}, {hidden=}")
        self.hidden = hidden
        sums = self.sums_per_unit * hidden
        uniform = torch.rand(tokens, sums, generator=generator("token table", seed))
        self.table = nn.Parameter((2 * uniform - 1) / hidden**0.5)
        self.recurrent = skip_init(Dense, hidden, sums)
        initialise(self, "recurrent", seed)
        self.head = skip_init(nn.Linear, hidden, tokens)
        for parameter in self.head.parameters():
            nn.init.zeros_(parameter)

    def forward(self, ids: Tensor) -> Tensor:
        """Map ids ``[items, length]`` to scores of each next token ``[items, length, tokens]``."""
        return self.head(self.features(ids))

    def features(self, ids: Tensor) -> Tensor:
        """The states h_1, …, h_T that the head reads, ``[items, length, hidden]``."""
        from_tokens = F.embedding(ids, self.table)
        state = from_tokens.new_zeros(*ids.shape[:-1], self.hidden)
        memory, states = state, []
        for from_token in from_tokens.unbind(-2):
            state, memory = self.next_state(from_token + self.recurrent(state), memory)
            states.append(state)
        return torch.stack(states, dim=-2)

    def next_state(self, sums: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """The state after a token, and the memory, which an RNN does not use."""
        return sums.tanh(), memory


class LSTM(RNN):
    """A recurrent model with a memory c that gates protect.

        (i, f, g, o) = T[x_t] + W h_{t−1} + b,
        c_t = σ(f) c_{t−1} + σ(i) tanh(g),    h_t = σ(o) tanh(c_t).

    The bias of f starts 1 higher than the others, so that at first the memory keeps what it holds.
    Arguments as those of ``RNN``.

    Source: Hochreiter and Schmidhuber, "Long Short-Term Memory", Neural Computation 1997, with the
    forget gate of Gers, Schmidhuber and Cummins, 2000; its bias: Jozefowicz, Zaremba and Sutskever,
    ICML 2015. Gates in the order of ``nn.LSTM``.
    """

    sums_per_unit = 4

    def __init__(self, tokens: int, *, hidden: int = 128, seed: int = 0) -> None:
        super().__init__(tokens, hidden=hidden, seed=seed)
        with torch.no_grad():
            self.recurrent.bias[hidden : 2 * hidden] += 1

    def next_state(self, sums: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """State and memory after a token."""
        write, keep, new, show = sums.chunk(4, dim=-1)
        memory = keep.sigmoid() * memory + write.sigmoid() * new.tanh()
        return show.sigmoid() * memory.tanh(), memory
