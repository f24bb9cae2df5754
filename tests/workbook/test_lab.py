"""`metalearn-lab lab`: the arguments that JupyterLab is given."""

from __future__ import annotations

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
