import platform

import pytest

from metalearn_lab.tasks.devices import choose_device
from metalearn_lab.workbook import environment
from metalearn_lab.workbook.environment import (
    Installed,
    available_device,
    requirements,
    versions,
)


def test_a_version_in_range_is_in_order():
    assert Installed("torch", ">=2.11", "2.13.0+cpu").ok
    assert Installed("typer", "", "0.1").ok


@pytest.mark.parametrize("found", [None, "2.10.0"])
def test_a_version_out_of_range_or_none_is_not(found):
    assert not Installed("torch", ">=2.11", found).ok


def test_requirements_are_the_packages_own():
    names = {each.name for each in requirements()}
    assert {"torch", "ipywidgets", "hassil"} <= names
    assert "pytest" not in names


def test_an_extra_is_listed_by_itself():
    assert [each.name for each in requirements("book")] == ["furo", "myst-nb", "sphinx"]
    assert "torch" not in {each.name for each in requirements("test")}


def test_versions_leave_out_what_is_not_there(monkeypatch):
    monkeypatch.setattr(environment, "requirements", lambda: [Installed("none-such", "", None)])
    assert versions()["python"] == platform.python_version()
    assert "none-such" not in versions()


def test_the_device_is_the_one_that_a_chapter_would_choose(monkeypatch):
    monkeypatch.setattr("torch.cuda.device_count", lambda: 1)
    monkeypatch.setattr("torch.cuda.get_device_name", lambda device: "Card")
    assert choose_device().type == "cuda"
    assert available_device() == "CUDA: Card"


@pytest.mark.parametrize(("threads", "words"), [(1, "CPU: 1 thread"), (2, "CPU: 2 threads")])
def test_without_a_card_it_is_the_cpu_and_never_an_apple_gpu(monkeypatch, threads, words):
    monkeypatch.setattr("torch.cuda.device_count", lambda: 0)
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: True)
    monkeypatch.setattr("torch.get_num_threads", lambda: threads)
    assert available_device() == words
