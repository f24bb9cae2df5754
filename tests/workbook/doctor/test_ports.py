"""Ports: the first free one is named, and what stands in the way."""

from __future__ import annotations

import socket
from contextlib import ExitStack

import pytest

from metalearn_lab.workbook.doctor import jupyterlab as module
from metalearn_lab.workbook.doctor.finding import State
from metalearn_lab.workbook.doctor.jupyterlab import ports


@pytest.fixture
def first(monkeypatch):
    """Start at a port whose next two are free as well, so that no other program matters."""
    for port in range(20_000, 40_000, 7):
        with ExitStack() as stack:
            try:
                for each in range(port, port + 3):
                    stack.enter_context(socket.socket()).bind(("127.0.0.1", each))
            except OSError:
                continue
        monkeypatch.setattr(module, "FIRST_PORT", port)
        return port
    raise AssertionError("no three free ports")


def test_the_first_port_is_free(first):
    finding = ports()
    assert finding.state is State.OK
    assert finding.found == f"{first} of 127.0.0.1 is free for JupyterLab"


def test_an_occupied_port_is_named_with_the_next(first):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", first))
        taken.listen()
        finding = ports()
    assert finding.state is State.WARN
    assert finding.found == f"{first} is in use, JupyterLab will take {first + 1}"
    assert f"`jupyter server stop {first}` ends it" in finding.to_do


def test_no_port_at_all(first, monkeypatch):
    monkeypatch.setattr(module, "TRIED_PORTS", 1)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", first))
        taken.listen()
        finding = ports()
    assert finding.state is State.FAIL
    assert "can be had: Address already in use" in finding.found
    assert "allow programs to listen on localhost" in finding.to_do
