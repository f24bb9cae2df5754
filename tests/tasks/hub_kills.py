"""Loads of the stub's set that are killed at random moments: ``python -m tests.tasks.hub_kills``.

A process of its own, because the hub's client reads its folders and address when it is imported.
Every revision of the set holds the same table in other files. Every second one is downloaded into
an empty cache, the others beside the revision before them.
"""

from __future__ import annotations

import io
import json
import multiprocessing
import os
import random
import shutil
import sys
import time
from pathlib import Path
from typing import Any

from tests.tasks.hub_stub import CONFIG, Hub, serve

README = f"""\
---
configs:
- config_name: {CONFIG}
  data_files:
  - split: train
    path: {CONFIG}/train-*.parquet
  - split: test
    path: {CONFIG}/test-*.parquet
---
"""


def files_of(revision: int) -> dict[str, bytes]:
    """The repository at a revision: the same rows in files that differ."""
    parts = {
        "train-00000-of-00002": range(400),
        "train-00001-of-00002": range(400, 800),
        "test-00000-of-00001": range(800, 1000),
    }
    tables = {f"{CONFIG}/{name}.parquet": _parquet(rows, revision) for name, rows in parts.items()}
    return {"README.md": README.encode()} | tables


def _parquet(rows: range, revision: int) -> bytes:
    import pyarrow
    import pyarrow.parquet

    table = pyarrow.table(
        {
            "text": [f"row {row}: {' '.join(map(str, range(row, row + 20)))}" for row in rows],
            "label": [f"class {row % 7}" for row in rows],
        }
    ).replace_schema_metadata({"revision": str(revision)})
    file = io.BytesIO()
    pyarrow.parquet.write_table(table, file, compression="none")
    return file.getvalue()


class Killer:
    """Starts loads and kills some of them.

    Attributes:
        outcomes: one for each kill: the milliseconds after which it came, what a load without a
            network gave then, and whether a finished table should have been there.
    """

    def __init__(self, seed: int, home: Path, hub: Hub) -> None:
        self.random = random.Random(seed)
        self.home = home
        self.hub = hub
        self.outcomes: list[dict[str, Any]] = []
        self.processes = multiprocessing.get_context("forkserver")
        self.processes.set_forkserver_preload(["tests.tasks.hub_client"])

    def load(
        self,
        offline: bool = False,
        kill_after: float | None = None,
        dies_half_made: bool = False,
    ) -> str | None:
        """What a process that loads the set answers; None if it was killed before it did."""
        from tests.tasks.hub_client import load

        ours, theirs = self.processes.Pipe(duplex=False)
        process = self.processes.Process(target=load, args=(theirs, offline, dies_half_made))
        process.start()
        theirs.close()
        if kill_after is not None and not ours.poll(kill_after):
            process.kill()
        process.join()
        return ours.recv() if process.exitcode == 0 else None

    def publish(self, revision: int) -> None:
        """Put the next revision on the hub; every second time the cache is emptied."""
        self.hub.files = files_of(revision)
        self.hub.revision = f"{revision:040x}"
        if revision % 2 == 0:
            shutil.rmtree(self.home, ignore_errors=True)

    def run(self, kills: int) -> dict[str, Any]:
        """Kill that often; then finish, and load once more without a network."""
        self.publish(0)
        undisturbed, seconds = self._timed_load()
        self.publish(2)
        revision, finished, answers = 2, False, [undisturbed]
        while len(self.outcomes) < kills:
            moment = self.random.uniform(0, 1.1 * seconds)
            answer = self.load(kill_after=moment)
            if answer is None:
                offline = self.load(offline=True)
                self.outcomes.append({"ms": moment * 1e3, "offline": offline, "had": finished})
                continue
            answers.append(answer)
            revision, finished = revision + 1, revision % 2 == 0
            self.publish(revision)
        answers += [self.load(), self.load(offline=True)]
        half_made = self._kill_half_made()
        answers += [half_made["offline"], self.load(), self.load(offline=True)]
        return {
            "undisturbed": undisturbed,
            "answers": answers,
            "kills": self.outcomes,
            "half made": half_made,
        }

    def _kill_half_made(self) -> dict[str, Any]:
        """A kill at the one moment that random ones seldom meet, beside a finished revision."""
        self.publish(99)
        answer = self.load(dies_half_made=True)
        left = len(list(self.home.glob("datasets/*/*/*/*.incomplete")))
        return {"answer": answer, "left": left, "offline": self.load(offline=True)}

    def _timed_load(self) -> tuple[str | None, float]:
        self.load()
        shutil.rmtree(self.home)
        begin = time.perf_counter()
        answer = self.load()
        return answer, time.perf_counter() - begin


def main() -> None:
    """Arguments: seed, number of kills, folder for the caches."""
    home = Path(sys.argv[3])
    with serve(Hub({}, pause=0.008)) as hub:
        os.environ |= {"HF_ENDPOINT": hub.endpoint, "HF_HOME": str(home)}
        sys.stdout.write(json.dumps(Killer(int(sys.argv[1]), home, hub).run(int(sys.argv[2]))))


if __name__ == "__main__":
    main()
