"""`metalearn-lab lab`: the arguments that JupyterLab is given."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from jupyter_server.auth.identity import IdentityProvider
from jupyter_server.serverapp import ServerApp
from jupyterlab.labapp import LabApp

from metalearn_lab.workbook.lab import (
    CONTENTS,
    WORKSPACES,
    lab_arguments,
    open_contents,
    open_lab,
)


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


@pytest.mark.parametrize(("chosen", "shown"), [("chosen-token", r"\.\.\."), ("", r"[0-9a-f]{48}")])
def test_a_token_that_the_user_chose_is_not_printed(tmp_path, monkeypatch, chosen, shown):
    server = ServerApp()
    server.start = lambda: None

    def initialize(arguments):
        token = value(arguments, "IdentityProvider.token")
        server.identity_provider = IdentityProvider(parent=server, token=token)
        return server

    monkeypatch.setenv("JUPYTER_TOKEN", chosen)
    monkeypatch.setattr(LabApp, "initialize_server", initialize)
    open_lab(tmp_path / "notebooks", browser=False)
    assert re.search(rf"\?token={shown}$", server.display_url)
    assert server.identity_provider.token == chosen or not chosen


def test_an_empty_token_is_refused(tmp_path):
    with pytest.raises(ValueError, match="the token is empty"):
        lab_arguments(tmp_path, "")


def test_a_port_is_that_port_or_none(tmp_path):
    arguments = lab_arguments(tmp_path, "secret", browser=False, port=9999)
    assert value(arguments, "ServerApp.port") == "9999"
    assert value(arguments, "ServerApp.port_retries") == "0"
    assert "--no-browser" in arguments


def test_a_first_screen_is_made_once_and_then_the_readers_own_is_kept(tmp_path):
    (tmp_path / "notebooks").mkdir()
    open_contents(tmp_path / "notebooks")
    [workspace] = (tmp_path / WORKSPACES).iterdir()
    layout = json.loads(workspace.read_text())["data"]["layout-restorer:data"]
    assert layout["left"]["current"] == CONTENTS
    workspace.write_text(workspace.read_text().replace(CONTENTS, "filebrowser"))
    before = workspace.read_text()
    open_contents(tmp_path / "notebooks")
    assert workspace.read_text() == before


def test_the_settings_that_are_ours_are_there_to_be_read():
    arguments = lab_arguments(Path("notebooks"), "secret")
    overrides = Path(value(arguments, "LabApp.app_settings_dir")) / "overrides.json"
    assert "fetchNews" in overrides.read_text(encoding="utf-8")
