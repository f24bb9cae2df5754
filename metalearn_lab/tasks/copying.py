"""Copy and close: a word and a bracket must be remembered over a filler of any length."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from metalearn_lab.tasks.next_symbols import NOT_ASKED
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.types import Split

OPENING, CLOSING, LETTERS, FILLERS = "([{<", ")]}>", "abcdefgh", ".,;:"
SYMBOLS = f"\n|{OPENING}{CLOSING}{LETTERS}{FILLERS}"
"""The symbols by their number; number 0 begins and ends a text."""


@dataclass(frozen=True)
class CopyAndClose:
    """Texts such as ``[gb..;,:|gb]``: bracket, word, filler, the sign |, word, bracket.

    All but the copied word and the closing bracket is random. So nothing is asked that the last
    few symbols tell: the first copied letter stands ``copied`` + ``gap`` + 1 places behind the
    letter that it repeats.

    Args:
        copied: letters of the word.
        seed: of the texts.

    Raises:
        ValueError: ``copied`` is below 1.
    """

    copied: int = 2
    seed: int = 0

    def __post_init__(self) -> None:
        if self.copied < 1:
            raise ValueError(f"copied must be 1 letter or more, got {self.copied}")

    def texts(self, first: int, count: int, gap: int) -> Split:
        """Texts number ``first``, …, ``first + count − 1`` with fillers of ``gap`` symbols.

        Returns:
            x: 0, s_1, …, s_{n−1}, ``[texts, n]``; y: s_1, …, s_n where the word is copied and the
            bracket closes, ``NOT_ASKED`` elsewhere.

        Raises:
            ValueError: a negative gap.
        """
        if gap < 0:
            raise ValueError(f"the gap must be 0 symbols or more, got {gap}")
        rows = [self._text(number, gap) for number in range(first, first + count)]
        s = torch.stack(rows)
        x = torch.cat([torch.zeros_like(s[:, :1]), s[:, :-1]], 1)
        y = torch.full_like(s, NOT_ASKED)
        y[:, -self.copied - 1 :] = s[:, -self.copied - 1 :]
        return Split(x, y)

    def _text(self, number: int, gap: int) -> Tensor:
        numbers = generator("copy and close", self.seed, number, gap)

        def drawn(symbols: str, count: int) -> Tensor:
            places = torch.randint(len(symbols), (count,), generator=numbers)
            return SYMBOLS.index(symbols[0]) + places

        bracket, word, filler = drawn(OPENING, 1), drawn(LETTERS, self.copied), drawn(FILLERS, gap)
        sign = torch.tensor([SYMBOLS.index("|")])
        return torch.cat([bracket, word, filler, sign, word, bracket + len(OPENING)])


def spelled(symbols: Tensor) -> str:
    """The text of symbols' numbers."""
    return "".join(SYMBOLS[int(symbol)] for symbol in symbols)
