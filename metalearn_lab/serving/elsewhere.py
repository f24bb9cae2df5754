"""A saved desk in another process, to see that the file is all that it needs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

PROGRAM = """
import json, sys
from pathlib import Path
from metalearn_lab.experiments.desk_file import load_desk
from metalearn_lab.models.sentence_encoder import encode_sentences
desk, about = load_desk(Path(sys.argv[1]), encode_sentences)
print(json.dumps([desk.ask(sentence).scores for sentence in sys.argv[2:]]))
"""


def scores_elsewhere(file: Path, *sentences: str) -> list[dict[str, float]]:
    """The scores of sentences by a desk that a new process loads.

    Args:
        file: of the desk.
        sentences: to ask.

    Raises:
        subprocess.CalledProcessError: the other process failed.
    """
    command = [sys.executable, "-c", PROGRAM, str(file), *sentences]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    answers: list[Any] = json.loads(done.stdout)
    return [dict(scores) for scores in answers]
