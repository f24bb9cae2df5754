import json

import pytest

from metalearn_lab.workbook.headline import (
    HEADLINE_MIME,
    collect_headlines,
    headline,
    headline_bundle,
)


def test_it_shows_a_line_and_leaves_the_same_for_machines():
    bundle = headline_bundle("MAML 0.8 > probe", {"maml": 0.8, "episodes": 600})
    assert bundle["text/plain"] == "MAML 0.8 > probe"
    assert bundle["text/html"] == "<p><strong>MAML 0.8 &gt; probe</strong></p>"
    assert json.loads(json.dumps(bundle[HEADLINE_MIME])) == {
        "text": "MAML 0.8 > probe",
        "values": {"maml": 0.8, "episodes": 600},
    }


def test_it_is_displayed(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda bundle, raw: shown.append((bundle, raw)))
    headline("done", seconds=1)
    assert shown == [(headline_bundle("done", {"seconds": 1}), True)]


def test_a_tensor_is_refused_with_advice():
    with pytest.raises(TypeError, match=r"'loss' is a complex; give a plain number.*item\(\)"):
        headline_bundle("x", {"loss": 1j})


def test_headlines_are_collected_in_order():
    notebook = {
        "cells": [
            {"cell_type": "markdown", "source": "no outputs here"},
            {"outputs": [{"output_type": "stream", "name": "stdout", "text": "x"}]},
            {"outputs": [{"data": headline_bundle("one", {})}, {"data": {"text/plain": "x"}}]},
            {"outputs": [{"data": headline_bundle("two", {"k": 2})}]},
        ]
    }
    assert collect_headlines(notebook) == [
        {"text": "one", "values": {}},
        {"text": "two", "values": {"k": 2}},
    ]
