"""One load of the stub's set, for a process that may be killed at any moment."""

from __future__ import annotations

import hashlib
import os
import signal
from multiprocessing.connection import Connection

import datasets
import datasets.packaged_modules.cache.cache
import datasets.packaged_modules.parquet.parquet
import numpy.f2py  # noqa: F401  (here, so that the processes made from this one have them)
import pandas  # noqa: F401
import scipy.io.matlab  # noqa: F401
from huggingface_hub import constants

from metalearn_lab.tasks.sources import load_table
from tests.tasks.hub_stub import CONFIG, NAME

datasets.disable_progress_bars()
datasets.logging.set_verbosity_error()


def load(answer: Connection, offline: bool, dies_half_made: bool) -> None:
    """Send the digest of the table, or the error.

    Args:
        answer: where to.
        offline: as with ``HF_HUB_OFFLINE=1``.
        dies_half_made: be killed when the table is written and not yet in its place.
    """
    constants.HF_HUB_OFFLINE = datasets.config.HF_HUB_OFFLINE = offline
    # A file is written as it comes, not ten megabytes at a time: kills find it half written.
    constants.DOWNLOAD_CHUNK_SIZE = 4096
    if dies_half_made:
        datasets.DatasetBuilder._save_info = lambda _: os.kill(os.getpid(), signal.SIGKILL)
    try:
        answer.send(digest())
    except Exception as error:
        answer.send(f"{type(error).__name__}: {error}")


def digest() -> str:
    """Of everything in the stub's table."""
    table = load_table("hub", name=NAME, config=CONFIG)
    content = repr((table.texts, table.labels, table.classes, table.source))
    return hashlib.sha256(content.encode()).hexdigest()
