"""JupyterLab as `metalearn-lab lab` starts it is closed to all without the token, or elsewhere."""

from __future__ import annotations

import http.client
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.server_process import free_port, stop

pytestmark = pytest.mark.long

# What a browser sends to open a websocket.
WEBSOCKET = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}
NOTEBOOK = "notebooks/00_start_here.ipynb"


@dataclass
class Lab:
    """A running JupyterLab.

    Attributes:
        port: where it listens.
        token: what it asks for.
        process: it.
        log: what it printed when it was up.
    """

    port: int
    token: str
    process: psutil.Process
    log: str

    def ask(
        self, path: str, method: str = "GET", token: str | None = None, **headers: str
    ) -> tuple[int, Any, str]:
        """Status, content and the place that it sends the asker to."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        shown = {"Authorization": f"token {token}"} if token is not None else {}
        connection.request(method, path, headers=shown | headers)
        answer = connection.getresponse()
        content = b"" if answer.status == 101 else answer.read()
        place = answer.getheader("Location", "")
        connection.close()
        return answer.status, content, place

    def status(self, path: str, token: str | None = None, **headers: str) -> int:
        return self.ask(path, token=token, **headers)[0]

    def family(self) -> list[psutil.Process]:
        """The lab and its kernels."""
        return [self.process, *self.process.children(recursive=True)]


def listening(processes: list[psutil.Process]) -> set[tuple[str, int]]:
    """Addresses and ports that they listen on."""
    sockets = [each for process in processes for each in process.net_connections("inet")]
    return {tuple(each.laddr) for each in sockets if each.status == psutil.CONN_LISTEN}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """The lab of a user whose configuration turns the token off and opens it to the network."""
    folder = tmp_path_factory.mktemp("lab")
    (folder / "notebooks").mkdir()
    (folder / NOTEBOOK).write_text(
        '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'
    )
    (folder / "config").mkdir()
    (folder / "config" / "jupyter_server_config.py").write_text(
        'c.IdentityProvider.token = ""\nc.ServerApp.ip = "0.0.0.0"\n'
    )
    port = free_port()
    own = {"JUPYTER_CONFIG_DIR": str(folder / "config"), "JUPYTER_TOKEN": ""}
    command = [
        sys.executable,
        "-m",
        "metalearn_lab.cli",
        "lab",
        "--no-browser",
        "--port",
        str(port),
    ]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            command, cwd=folder, env=os.environ | own, stdout=log, stderr=log
        )
        try:
            said = wait_until_up(process, port, folder / "log")
            token = token_in(said, port)
            yield Lab(port, token, psutil.Process(process.pid), said)
        finally:
            stop(process)


def token_in(log: str, port: int) -> str:
    """The token in the address that is shown."""
    address = rf"http://127\.0\.0\.1:{port}/lab/tree/{NOTEBOOK}\?token=([\w.-]+)"
    shown = re.search(address, log)
    assert shown, log
    return shown[1]


def wait_until_up(process: subprocess.Popen[bytes], port: int, log: Path) -> str:
    """What it said until it answered."""
    for _ in range(480):
        assert process.poll() is None, log.read_text()
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.25)
        else:
            if "?token=" in log.read_text():
                return log.read_text()
    raise AssertionError(log.read_text())


@pytest.mark.parametrize(
    "path",
    [
        f"/api/contents/{NOTEBOOK}?content=0",
        "/api/kernels",
        "/api/kernelspecs",
        "/api/sessions",
        "/api/terminals",
        "/files/" + NOTEBOOK,
    ],
)
def test_what_programs_ask_is_answered_with_the_token_only(lab: Lab, path: str) -> None:
    refused = {lab.status(path), lab.status(path, token="wrong"), lab.status(path, token="")}
    assert refused <= {403, 302}
    assert lab.status(path, token=lab.token) == 200


@pytest.mark.parametrize("path", ["/lab", f"/lab/tree/{NOTEBOOK}", "/"])
def test_a_browser_without_the_token_is_sent_to_the_login(lab: Lab, path: str) -> None:
    status, content, place = lab.ask(path)
    while status == 302 and not place.startswith("/login"):
        status, content, place = lab.ask(place)
    assert status == 302
    assert b"jupyter-config-data" not in content
    assert lab.status(path, token=lab.token) in (200, 302)


def test_a_kernel_talks_with_the_token_only(lab: Lab) -> None:
    assert lab.ask("/api/kernels", "POST")[0] == 403
    status, content, _ = lab.ask("/api/kernels", "POST", token=lab.token)
    assert status == 201
    channels = f"/api/kernels/{json.loads(content)['id']}/channels"
    assert lab.status(channels, **WEBSOCKET) == 403
    assert lab.status(channels, token="wrong", **WEBSOCKET) == 403
    assert lab.status(channels, token=lab.token, **WEBSOCKET) == 101
    assert len(lab.family()) > 1
    assert {ip for ip, _ in listening(lab.family())} == {"127.0.0.1"}


def test_it_listens_on_one_port_of_this_machine_alone(lab: Lab) -> None:
    assert listening([lab.process]) == {("127.0.0.1", lab.port)}
    for address in other_addresses():
        with pytest.raises(OSError, match=r"refused|timed out|unreachable"):
            socket.create_connection((address, lab.port), timeout=2).close()
    assert "0.0.0.0" not in lab.log


def other_addresses() -> list[str]:
    """This machine's addresses that others can reach."""
    every = [each for addresses in psutil.net_if_addrs().values() for each in addresses]
    return [
        each.address
        for each in every
        if each.family == socket.AF_INET and not each.address.startswith("127.")
    ]


def test_the_token_is_long_enough_and_in_no_list_of_processes(lab: Lab) -> None:
    assert len(lab.token) >= 12
    assert all(lab.token not in word for word in lab.process.cmdline())
