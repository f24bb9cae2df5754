from metalearn_lab.workbook.static_outputs import WIDGET_VIEW_MIME, make_static


def notebook_with(*bundles):
    outputs = [{"output_type": "display_data", "data": dict(bundle)} for bundle in bundles]
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": "x"},
        {"cell_type": "code", "metadata": {}, "source": "y", "outputs": outputs},
    ]
    return {"metadata": {"widgets": {"state": {}}}, "cells": cells}


def left_of(*bundles):
    notebook = notebook_with(*bundles)
    make_static(notebook)
    assert notebook["metadata"] == {}
    return [output["data"] for output in notebook["cells"][1]["outputs"]]


def test_a_widget_gives_way_to_its_picture():
    bundle = {WIDGET_VIEW_MIME: {"model_id": "1"}, "image/png": "…", "text/plain": "VBox()"}
    assert left_of(bundle) == [{"image/png": "…", "text/plain": "VBox()"}]


def test_a_widget_without_a_picture_goes_altogether():
    assert left_of({WIDGET_VIEW_MIME: {}, "text/plain": "VBox()"}) == []


def test_what_is_no_widget_stays():
    assert left_of({"text/plain": "5"}, {"text/html": "<b>"}) == [
        {"text/plain": "5"},
        {"text/html": "<b>"},
    ]
