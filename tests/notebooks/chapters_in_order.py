"""Chapters one after the other in one folder: ``python -m tests.notebooks.chapters_in_order``.

Arguments: the folder, then numbers of chapters. What they checked is written to stdout as JSON,
with the network interfaces that there were, and what the hub's source said.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import struct
import sys
from pathlib import Path
from types import SimpleNamespace

from metalearn_lab.workbook.chapters import select
from tests.chapter_runs import checked_text, run_small

_SET_FLAGS = 0x8914  # SIOCSIFFLAGS
_UP_AND_RUNNING = 0x41


def main() -> None:
    """Run them, in the order that they are named."""
    folder, numbers = Path(sys.argv[1]), sys.argv[2:]
    interfaces = [name for _, name in socket.if_nameindex()]
    if interfaces == ["lo"]:
        _switch_on_loopback()
    os.environ["HF_HOME"] = str(folder / "hub")
    checked = {}
    for number in numbers:
        [chapter] = select([number])
        checked[number] = checked_text(run_small(chapter, folder=folder))
    answer = {"interfaces": interfaces, "checked": checked, "hub": _hub()}
    sys.stdout.write(json.dumps(answer))


def _switch_on_loopback() -> None:
    """Without a network not even this machine answers itself, until it is told to."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SET_FLAGS, struct.pack("16sh", b"lo", _UP_AND_RUNNING))


def _hub() -> str:
    """What the hub's source says, without its client's seconds of waiting between attempts."""
    from huggingface_hub import utils

    from metalearn_lab.tasks.sources import HubUnavailableError, load_table

    utils._http.time = SimpleNamespace(sleep=lambda _: None)
    try:
        load_table("hub", name="clinc/clinc_oos", config="plus")
    except HubUnavailableError as error:
        return str(error)
    return "a table"


if __name__ == "__main__":
    main()
