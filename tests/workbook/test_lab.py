"""`metalearn-lab lab`: its arguments, and the server they make."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest

from metalearn_lab.workbook.lab import lab_arguments


def value(arguments, name):
    [found] = [each.split("=", 1)[1] for each in arguments if each.startswith(f"--{name}=")]
    return found


def test_it_opens_the_first_chapter_on_this_machine_only(tmp_path):
    arguments = lab_arguments(tmp_path / "notebooks", "secret")
    assert value(arguments, "ServerApp.ip") == "127.0.0.1"
    assert value(arguments, "ServerApp.root_dir") == str(tmp_path)
    assert value(arguments, "LabApp.default_url") == "/lab/tree/notebooks/00_start_here.ipynb"
    assert value(arguments, "IdentityProvider.token") == "secret"
    assert "--no-browser" not in arguments


def test_an_empty_token_is_refused(tmp_path):
    with pytest.raises(ValueError, match="the token is empty"):
        lab_arguments(tmp_path, "")


def test_a_port_is_that_port_or_none(tmp_path):
    arguments = lab_arguments(tmp_path, "secret", browser=False, port=9999)
    assert value(arguments, "ServerApp.port") == "9999"
    assert value(arguments, "ServerApp.port_retries") == "0"
    assert "--no-browser" in arguments


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def status(address):
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        error.close()
        return error.code
    except urllib.error.URLError:
        return None


@pytest.fixture(params=["", "chosen-token"], ids=["a new token", "a chosen token"])
def server(request, clone, tmp_path):
    """A running `metalearn-lab lab` of a user whose configuration turns the token off."""
    config = tmp_path / "config"
    config.mkdir()
    (config / "jupyter_server_config.py").write_text(
        'c.IdentityProvider.token = ""\nc.ServerApp.ip = "0.0.0.0"\n'
    )
    port = free_port()
    environment = os.environ | {"JUPYTER_CONFIG_DIR": str(config), "JUPYTER_TOKEN": request.param}
    command = [
        sys.executable,
        "-m",
        "metalearn_lab.cli",
        "lab",
        "--no-browser",
        "--port",
        f"{port}",
    ]
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=clone, env=environment, stdout=log, stderr=log)
        wait_until_up(process, f"http://127.0.0.1:{port}")
        yield f"http://127.0.0.1:{port}", (tmp_path / "log").read_text(), request.param
        process.terminate()
        process.wait(timeout=20)


def wait_until_up(process, address):
    for _ in range(240):
        if process.poll() is not None or status(f"{address}/api") == 200:
            return
        time.sleep(0.25)


def test_the_server_asks_for_a_token_whatever_the_configuration_says(server):
    address, log, chosen = server
    shown = re.search(rf"{address}/lab/tree/notebooks/00_start_here\.ipynb\?token=([\w.-]+)", log)
    assert shown, log
    token = chosen or shown[1]
    assert shown[1] == ("..." if chosen else token)
    assert len(token) >= 12
    path = f"{address}/api/contents/notebooks/00_start_here.ipynb?content=0"
    assert status(path) == 403
    assert status(f"{path}&token=wrong") == 403
    assert status(f"{path}&token={token}") == 200
    assert "0.0.0.0" not in log
