"""A hub of one data set on this machine: what `datasets` asks the real one for, and no more.

It speaks plain HTTP, as the hub does for files that are not in its chunk store.
"""

from __future__ import annotations

import hashlib
import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

NAME = "lab/small"
CONFIG = "plus"


@dataclass
class Hub:
    """What is served, and how.

    Attributes:
        files: contents by path in the repository.
        revision: the commit that the main branch is at.
        piece: bytes sent at a time.
        pause: seconds after each piece.
        cut_after: bytes of files after which the hub is gone for good; None is never.
        endpoint: its address.
    """

    files: dict[str, bytes]
    revision: str = "a" * 40
    piece: int = 4096
    pause: float = 0.0
    cut_after: int | None = None
    endpoint: str = ""

    @property
    def gone(self) -> bool:
        return self.cut_after is not None and self.cut_after <= 0


@contextmanager
def serve(hub: Hub) -> Iterator[Hub]:
    """The hub at a free port of this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": hub}))
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # clients are killed
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    hub.endpoint = f"http://127.0.0.1:{server.server_port}"
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: Hub

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        if self.hub.gone:
            self.close_connection = True
        elif match := re.fullmatch(rf"/datasets/{NAME}/resolve/[^/]+/(.+)", path):
            self._send_file(match[1])
        elif match := re.fullmatch(rf"/api/datasets/{NAME}/tree/\w+(?:/(.+))?", path):
            self._send_json(self._listing(match[1] or ""))
        elif re.fullmatch(rf"/api/datasets/{NAME}(/revision/\w+)?", path):
            self._send_json(self._description())
        else:
            self._send_json({"error": "not found"}, 404, {"X-Error-Code": "RepoNotFound"})

    do_HEAD = do_GET

    def _description(self) -> dict[str, object]:
        return {
            "id": NAME,
            "sha": self.hub.revision,
            "siblings": [{"rfilename": name} for name in self.hub.files],
            "private": False,
            "gated": False,
            "disabled": False,
            "tags": [],
        }

    def _listing(self, folder: str) -> list[dict[str, object]]:
        inside = f"{folder}/" if folder else ""
        names = [name for name in self.hub.files if name.startswith(inside)]
        folders = {name.split("/")[0] for name in names if "/" in name and not folder}
        return [
            {"type": "file", "oid": "b" * 40, "size": len(self.hub.files[name]), "path": name}
            for name in names
        ] + [{"type": "directory", "oid": "c" * 40, "size": 0, "path": name} for name in folders]

    def _send_json(
        self, answer: object, status: int = 200, headers: dict[str, str] | None = None
    ) -> None:
        self._send(json.dumps(answer).encode(), status, headers or {})

    def _send_file(self, name: str) -> None:
        commit = {"X-Repo-Commit": self.hub.revision}
        if name not in self.hub.files:
            missing = {"X-Error-Code": "EntryNotFound"} | commit
            self._send_json({"error": "Entry not found"}, 404, missing)
            return
        content = self.hub.files[name]
        etag = {"ETag": f'"{hashlib.sha256(content).hexdigest()}"', "Accept-Ranges": "bytes"}
        if wanted := re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", "")):
            start = int(wanted[1])
            span = {"Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"}
            self._send(content[start:], 206, etag | commit | span, counted=True)
        else:
            self._send(content, 200, etag | commit, counted=True)

    def _send(
        self, content: bytes, status: int, headers: dict[str, str], counted: bool = False
    ) -> None:
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(content))}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self._send_pieces(content, counted)

    def _send_pieces(self, content: bytes, counted: bool) -> None:
        hub = self.hub
        for start in range(0, len(content), hub.piece):
            piece = content[start : start + hub.piece]
            self.wfile.write(piece)
            if counted:
                time.sleep(hub.pause)
                hub.cut_after = None if hub.cut_after is None else hub.cut_after - len(piece)
                if hub.gone:
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
