"""A process alone has no group, and no two processes of a machine share a GPU."""

import pytest
import torch
from torch import distributed

from metalearn_lab.training.process_group import process_group


def test_a_process_that_was_started_by_itself_stays_alone():
    with process_group("cpu") as device:
        assert device == torch.device("cpu")
        assert not distributed.is_initialized()


def test_more_processes_than_gpus_are_refused(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("LOCAL_RANK", "1")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    refused = pytest.raises(ValueError, match=r"process 1 of .* no GPU of its own, there are 1")
    with refused, process_group():
        pass
    assert not distributed.is_initialized()


def test_one_gpu_by_its_number_for_several_processes_is_refused(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    refused = pytest.raises(ValueError, match=r"cuda:0 would be the GPU of all 2 processes")
    with refused, process_group("cuda:0"):
        pass
    assert not distributed.is_initialized()
