"""Random numbers with an address: the same task on every machine, in every order."""

from __future__ import annotations

import hashlib
import operator

import torch


def generator(*address: int | str) -> torch.Generator:
    """A generator that depends on nothing but its address, e.g. ``generator(seed, "test", 7)``.

    Args:
        address: integers and strings; a different address gives an independent stream.

    Raises:
        TypeError: a part that is neither.
    """
    text = "\x1f".join(_spelled(part) for part in address)
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest, "big") >> 1)


def _spelled(part: int | str) -> str:
    """The same for every kind of integer: a seed from a table is a seed."""
    return f"str:{part}" if isinstance(part, str) else f"int:{operator.index(part)}"
