from metalearn_lab.workbook.widget_errors import WIDGET_STATE, widget_errors


def notebook_with(*outputs):
    models = {"1": {"state": {"outputs": list(outputs)}}, "2": {"state": {"value": 3}}}
    return {"cells": [], "metadata": {"widgets": {WIDGET_STATE: {"state": models}}}}


def test_an_exception_kept_in_an_output_widget_is_found():
    error = {"output_type": "error", "ename": "KeyError", "evalue": "'x'", "traceback": []}
    assert widget_errors(notebook_with({"output_type": "stream"}, error)) == [
        "KeyError in a widget: 'x'"
    ]


def test_healthy_widgets_and_none_are_no_error():
    assert widget_errors(notebook_with({"output_type": "display_data"})) == []
    assert widget_errors({"cells": [], "metadata": {}}) == []
