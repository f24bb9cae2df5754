"""Fourteen authors: the plain sentences in the docstrings of installed libraries.

They are read from the libraries' files, in about a second, so they need no network. Another
version of a library has slightly other sentences.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from hashlib import md5
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor

TRAINING = ("numpy", "scipy", "sklearn", "pandas", "matplotlib", "torch", "sympy")
"""Authors to train on."""

VALIDATION = ("IPython", "jinja2")
"""Authors to choose settings on."""

HELD_OUT = ("networkx", "PIL", "peft", "huggingface_hub", "email")
"""Authors that nothing is trained or chosen on."""

FOLDERS: dict[str, tuple[str, ...]] = {
    "numpy": ("lib", "_core", "ma", "polynomial"),
    "scipy": ("stats", "optimize", "signal", "spatial"),
    "sklearn": ("linear_model", "metrics", "ensemble", "preprocessing", "model_selection"),
    "pandas": ("core",),
    "torch": ("nn", "optim", "distributions"),
    "sympy": ("core", "solvers", "geometry", "stats"),
    "networkx": ("algorithms",),
}
"""What is read of a library; all of it where it is not named here."""

ALPHABET = "\n abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789,.'-()"
"""The characters of a sentence by their number; number 0 ends it."""

_DOCSTRING = re.compile(r'"""(.*?)"""', re.DOTALL)
_SENTENCE = re.compile(r"[A-Z][A-Za-z0-9 ,'\-()]{30,160}[.]")
_NUMBER = {character: i for i, character in enumerate(ALPHABET)}


@cache
def documents() -> dict[str, tuple[tuple[str, ...], ...]]:
    """Docstrings by author, each the tuple of its plain sentences in their order.

    A docstring that stands twice is there once.

    Raises:
        ModuleNotFoundError: a library is not installed.
    """
    every = (*TRAINING, *VALIDATION, *HELD_OUT)
    return {author: tuple(dict.fromkeys(_docstrings(author))) for author in every}


@cache
def authors() -> dict[str, tuple[str, ...]]:
    """Sentences by author, each once, in an order that looks random but is always the same.

    A sentence that two authors wrote is the earlier one's, in the order training, validation,
    held out: no held-out sentence has been trained on.

    Raises:
        ModuleNotFoundError: a library is not installed.
    """
    seen: set[str] = set()
    sentences = {}
    for author, docstrings in documents().items():
        new = {sentence for docstring in docstrings for sentence in docstring} - seen
        seen |= new
        sentences[author] = tuple(sorted(new, key=lambda each: md5(each.encode()).digest()))
    return sentences


def encode(sentences: Iterable[str]) -> Tensor:
    """The characters' numbers, with a 0 after each sentence, as one row of integers.

    Raises:
        ValueError: a character that is not in ``ALPHABET``.
    """
    text = "".join(f"{sentence}\n" for sentence in sentences)
    if strange := set(text) - _NUMBER.keys():
        raise ValueError(f"characters {sorted(strange)} are not in ALPHABET: leave them out")
    return torch.tensor([_NUMBER[character] for character in text])


def decode(numbers: Iterable[int] | Tensor) -> str:
    """The text of characters' numbers."""
    return "".join(ALPHABET[int(number)] for number in numbers)


def _docstrings(author: str) -> Iterator[tuple[str, ...]]:
    spec = find_spec(author)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"the sentences of {author} come with the library: install it")
    library = Path(spec.origin).parent
    for folder in FOLDERS.get(author, (".",)):
        for file in sorted((library / folder).rglob("*.py")):
            if not {"test", "tests", "testing"} & set(file.relative_to(library).parts):
                for docstring in _DOCSTRING.findall(file.read_text(encoding="utf-8")):
                    if sentences := tuple(_plain_sentences(docstring)):
                        yield sentences


def _plain_sentences(docstring: str) -> Iterator[str]:
    for part in re.split(r"(?<=[.!?])\s+", docstring):
        sentence = " ".join(part.split())
        if _SENTENCE.fullmatch(sentence) and "--" not in sentence:
            yield sentence
