from metalearn_lab.sweep.results import headline_columns
from metalearn_lab.workbook.record import Record


def columns(*values, taken=()):
    headlines = [{"text": "", "values": each, "curves": {}} for each in values]
    record = Record("k", "c", "", {}, {}, None, "", 0.0, headlines)
    return headline_columns(record, taken)


def test_a_half_width_stands_behind_its_mean():
    found = columns({"loss": 1.0, "tasks": 3, "loss_half_width": 0.5})
    assert list(found.items()) == [("loss", 1.0), ("loss_half_width", 0.5), ("tasks", 3)]


def test_a_half_width_without_a_mean_is_a_value_like_others():
    assert columns({"loss_half_width": 0.5}) == {"loss_half_width": 0.5}


def test_a_name_that_another_column_has_is_told_apart_with_its_half_width():
    values = {"seed": 1.0, "seed_half_width": 0.5}
    assert columns(values, taken=["seed"]) == {
        "headline_seed": 1.0,
        "headline_seed_half_width": 0.5,
    }


def test_a_name_that_an_earlier_headline_has_is_numbered_with_its_half_width():
    values = {"loss": 1.0, "loss_half_width": 0.5}
    assert list(columns(values, {"loss": 2.0, "loss_half_width": 0.1}, {"loss": 3.0}).items()) == [
        ("loss", 1.0),
        ("loss_half_width", 0.5),
        ("loss_2", 2.0),
        ("loss_2_half_width", 0.1),
        ("loss_3", 3.0),
    ]
