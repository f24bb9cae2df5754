"""Graphics cards: one that is used, one that is not, and none."""

from __future__ import annotations

import stat

import pytest
import torch

from metalearn_lab.workbook.doctor import machine as module
from metalearn_lab.workbook.doctor.finding import State
from metalearn_lab.workbook.doctor.machine import card_of_driver, gpu


@pytest.fixture
def machine(monkeypatch):
    """Say which card the driver names, which CUDA torch was built for, and the card's memory."""

    def pretend(card, build, free=None):
        monkeypatch.setattr(module, "card_of_driver", lambda: card)
        monkeypatch.setattr(torch.version, "cuda", build)
        monkeypatch.setattr(torch.cuda, "is_available", lambda: free is not None)
        monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "Card 9")
        monkeypatch.setattr(torch.cuda, "mem_get_info", lambda: (free, 8e9))

    return pretend


def test_none(machine):
    machine(None, None)
    assert (gpu().state, gpu().found) == (State.OK, "none; every chapter runs without one")


def test_a_card_and_a_torch_for_cpus(machine):
    machine("Card 9, driver 550.1", None)
    assert gpu().state is State.WARN
    assert gpu().found == f"Card 9, driver 550.1, but torch {torch.__version__} is for CPUs"
    assert "README.md says under 'On a GPU'" in gpu().to_do


def test_a_driver_too_old_for_torch(machine):
    machine("Card 9, driver 390.1", "13.0")
    assert gpu().state is State.WARN
    assert "driver 390.1, but torch" in gpu().found
    assert "for CUDA 13.0 cannot use it" in gpu().found
    assert gpu().to_do.startswith("update the card's driver")


def test_a_card_whose_memory_is_taken(machine):
    machine("Card 9, driver 580.1", "13.0", free=0.5e9)
    assert gpu().state is State.WARN
    assert gpu().found == "Card 9, 0.5 of 8.0 GB free, CUDA 13.0"
    assert "end other programs that use it" in gpu().to_do


def test_a_card_that_is_free(machine):
    machine("Card 9, driver 580.1", "13.0", free=7e9)
    assert gpu().state is State.OK


def test_the_driver_is_asked(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert card_of_driver() is None
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\necho 'Card 9, 550.1'\n")
    tool.chmod(tool.stat().st_mode | stat.S_IXUSR)
    assert card_of_driver() == "Card 9, driver 550.1"
    tool.write_text("#!/bin/sh\necho no devices were found\nexit 6\n")
    assert card_of_driver() is None
