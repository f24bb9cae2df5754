"""Classification tasks from plain sentences: a word is hidden; which word it was is the class."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable

from metalearn_lab.tasks.table import LabelledTable, Row, build_table

MASK = "###"
"""What stands in the place of the hidden word; hidden words are letters, so it is none."""

_WORD = re.compile(r"[a-z]+")


def masked_word_table(
    sentences: Iterable[str],
    *,
    least: int = 12,
    most: int = 20,
    shortest: int = 4,
) -> LabelledTable:
    """Each sentence once, with one word hidden; the words are the classes.

    A word is hidden only where it stands once and nowhere inside of another word: in "the mean of
    means" copying would tell the class. A sentence is given to the most frequent of its words that
    still takes one, so no sentence is in two classes.

    Args:
        sentences: plain sentences, each once.
        least: sentences that a word must have, or it is no class.
        most: sentences that a word may have.
        shortest: letters of a word, at least.

    Raises:
        ValueError: no word has enough sentences.

    Source: Bansal, Jha, Munkhdalai and McCallum, "Self-Supervised Meta-Learning for Few-Shot
    Natural Language Classification Tasks", EMNLP 2020, section 3 (SMLMT).
    """
    by_sentence = {sentence: _hidden_words(sentence, shortest) for sentence in sentences}
    counts = Counter(word for candidates in by_sentence.values() for word in candidates)
    given: dict[str, list[str]] = defaultdict(list)
    for sentence, candidates in by_sentence.items():
        free = [w for w in candidates if counts[w] >= least and len(given[w]) < most]
        if free:
            given[max(free, key=lambda word: (counts[word], word))].append(sentence)
    rows = [
        Row(masked(sentence, word), word, sentence)
        for word, of_word in given.items()
        if len(of_word) >= least
        for sentence in of_word
    ]
    if not rows:
        raise ValueError(f"no word can be hidden in {least} sentences or more: give more text")
    return build_table(rows, "sentences with one word hidden")


def masked(sentence: str, word: str) -> str:
    """The sentence with the word hidden.

    Raises:
        ValueError: the word is not there exactly once, so hiding it would leave a copy.
    """
    if sentence.lower().count(word) != 1:
        raise ValueError(f"{word!r} must stand once in {sentence!r}, else a copy tells the class")
    return re.sub(word, MASK, sentence, flags=re.IGNORECASE)


def _hidden_words(sentence: str, shortest: int) -> list[str]:
    """Words that stand once in the sentence, and nowhere inside of another word."""
    lower = sentence.lower()
    words = dict.fromkeys(_WORD.findall(lower))
    return [word for word in words if len(word) >= shortest and lower.count(word) == 1]
