"""When two texts are one sentence, and when two class names are one class.

The same words can be stored in several ways: an accent as part of its letter or behind it, a
wide or a ligature form, a joiner or a soft hyphen that nobody sees. Everything that compares
texts compares these keys. The texts themselves stay as the source wrote them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

# Unicode's Default_Ignorable_Code_Point (DerivedCoreProperties.txt), the marks of annotations, and
# control characters, except those that are white space. Some carry meaning in emoji and in a few
# scripts, which is why they are only left out of keys.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)


def normalised(text: str) -> str:
    """The key by which two texts count as one sentence; empty where there is nothing to see.

    Invisible characters are left out, Unicode forms are made one (NFKC), case is folded and white
    space collapsed. This is Unicode's toNFKC_Casefold with white space collapsed.
    """
    visible = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text))
    return _single_spaces(unicodedata.normalize("NFKC", visible.casefold()))


def class_key(name: str) -> str:
    """The key by which two names are one class: as a sentence's, but case and H₂O's ₂ count."""
    return _single_spaces(unicodedata.normalize("NFC", _INVISIBLE.sub("", name)))


def class_spellings(names: Iterable[str]) -> dict[str, str]:
    """From every name as it is written to the one spelling of its class.

    The spelling is the first in code point order of those there are, composed (NFC) and with
    single spaces, so it does not depend on the order of the names.
    """
    spelling: dict[str, str] = {}
    written = set(names)
    for name in written:
        composed = _single_spaces(unicodedata.normalize("NFC", name))
        spelling[class_key(name)] = min(spelling.get(class_key(name), composed), composed)
    return {name: spelling[class_key(name)] for name in written}


def checked_text(text: object, where: str) -> str:
    """The text, or ValueError where there is none or nothing of it can be seen.

    Args:
        text: what stands in the text column.
        where: which row, such as ``row 3 of train``.
    """
    if isinstance(text, str) and normalised(text):
        return text
    raise ValueError(f"{where} (counted from 0) has no text, but {text!r}: {REMOVE_OR_FILL}")


REMOVE_OR_FILL = (
    'remove or fill it (of a hub set, in a copy of its rows as parquet files for source="files")'
)


def _single_spaces(text: str) -> str:
    return " ".join(text.split())
