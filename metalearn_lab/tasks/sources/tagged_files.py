"""Tagged sentences from files of one's own: CoNLL columns, JSON Lines or parquet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from metalearn_lab.tasks.sources.files import read_file
from metalearn_lab.tasks.tagged_sentences import TaggedSentence

if TYPE_CHECKING:
    from datasets import Dataset

_COLUMNS = (".conll", ".txt", ".bio")


def tagged_sentences(
    path: str | Path, *, words: str | int = "tokens", tags: str | int = "ner_tags"
) -> tuple[TaggedSentence, ...]:
    """The sentences of a file, in the scheme BIO.

    An ``I-`` that goes on with nothing becomes a ``B-``: the rule of ``conlleval``.

    Args:
        path: .parquet or .jsonl with a column of words and one of tags, which may be numbers with
            ClassLabel names; or .conll, .txt or .bio with a token a line, columns apart by white
            space, an empty line after each sentence. Lines with ``-DOCSTART-`` are left out.
        words: name of the column; in CoNLL files its number, from 0 or, from the end, -1.
        tags: the same of the tags.

    Raises:
        FileNotFoundError: no such file.
        ValueError: it cannot be read, lacks a column, or a sentence has tags that do not fit.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"no file {path}: give the path of a file with tagged sentences")
    if path.suffix in _COLUMNS:
        word_column = 0 if isinstance(words, str) else words
        tag_column = -1 if isinstance(tags, str) else tags
        pairs = _read_columns(path, word_column, tag_column)
    else:
        pairs = _read_rows(path, str(words), str(tags))
    return tuple(
        _checked(own_words, own_tags, f"sentence {number} of {path}")
        for number, (own_words, own_tags) in enumerate(pairs)
    )


def _read_columns(path: Path, words: int, tags: int) -> Iterator[tuple[list[str], list[str]]]:
    sentence: list[tuple[str, str]] = []
    lines = path.read_text(encoding="utf-8-sig").split("\n")
    for number, line in enumerate([*lines, ""], 1):
        columns = line.split()
        if columns and columns[0] != "-DOCSTART-":
            try:
                sentence.append((columns[words], columns[tags]))
            except IndexError as error:
                raise ValueError(
                    f"line {number} of {path} has {len(columns)} columns, but column {words} is "
                    f"to be the word and column {tags} the tag: say which columns there are"
                ) from error
        elif sentence:
            yield [word for word, _ in sentence], [tag for _, tag in sentence]
            sentence = []


def _read_rows(path: Path, words: str, tags: str) -> Iterator[tuple[list[str], list[str]]]:
    rows = read_file(path)
    if missing := {words, tags} - set(rows.column_names):
        raise ValueError(
            f"{path} has no column {sorted(missing)}: there are {', '.join(rows.column_names)}; "
            "name them by words= and tags="
        )
    names = _label_names(rows, tags)
    for row in rows:
        own = row[tags]
        yield list(row[words]), [names[tag] if names else tag for tag in own]


def _label_names(rows: Dataset, tags: str) -> list[str] | None:
    """Of a sequence of ClassLabel; None of tags that are texts."""
    feature = getattr(rows.features[tags], "feature", None)
    return getattr(feature, "names", None)


def _checked(words: Sequence[str], tags: Iterable[object], where: str) -> TaggedSentence:
    """The sentence with every entity opened by a B-."""
    mended: list[str] = []
    for tag in tags:
        if not isinstance(tag, str) or (tag != "O" and tag[:2] not in ("B-", "I-")):
            raise ValueError(f"{where}: a tag is O, or B- or I- and a type; got {tag!r}")
        goes_on = mended and mended[-1] != "O" and mended[-1][2:] == tag[2:]
        mended.append(f"B-{tag[2:]}" if tag[:2] == "I-" and not goes_on else tag)
    if len(words) != len(mended):
        raise ValueError(f"{where} has {len(words)} words and {len(mended)} tags")
    return TaggedSentence(tuple(words), tuple(mended))
