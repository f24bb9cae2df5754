import csv

from metalearn_lab.sweep.points import Point
from metalearn_lab.sweep.results import columns_csv, results_csv
from metalearn_lab.workbook.chapters import select
from metalearn_lab.workbook.record import Record
from tests.sweep.fake_sweep import fact

START, EPISODES = select(["0", "1"])


def point(chapter, key, changed, others=()):
    return Point(chapter, None, dict(others) | changed, changed, key)


def record(point, headlines=(), error=None):
    return Record(
        key=point.key,
        chapter=point.chapter.name,
        title="",
        parameters=point.parameters,
        changed=point.changed,
        error=error,
        started="2026-01-02T03:04:05+00:00",
        seconds=1.0,
        headlines=[{"text": "", "values": values, "curves": {}} for values in headlines],
    )


A = point(START, "a", {"shots": 1}, {"rate": 0.1})
B = point(START, "b", {"shots": 5}, {"rate": 0.1})
C = point(EPISODES, "c", {"ways": 2}, {"shots": 3})


def rows(text):
    return [dict(row) for row in csv.DictReader(text.splitlines())]


def test_it_has_a_column_for_each_parameter():
    text = results_csv([A, B, C], {each.key: record(each) for each in (A, B, C)})
    assert text.splitlines()[0] == (
        "key,chapter,rate,shots,ways,status,error,started,seconds,computed_on,code,"
        "proofs,proofs_false,findings,findings_false"
    )
    assert [(row["shots"], row["ways"]) for row in rows(text)] == [("1", ""), ("5", ""), ("3", "2")]


def test_rows_come_in_the_order_of_the_grid_whatever_ended_first():
    ended = {each.key: record(each, [{"loss": 0.1 + 0.2}]) for each in (C, B, A)}
    text = results_csv([A, B, C], ended)
    assert [row["key"] for row in rows(text)] == ["a", "b", "c"]
    assert [float(row["loss"]) for row in rows(text)] == [0.1 + 0.2] * 3
    assert text == results_csv([A, B, C], dict(reversed(ended.items())))


def test_a_point_that_has_not_ended_has_no_row_and_one_that_failed_has_its_error():
    [only] = rows(results_csv([A, B], {"b": record(B, error='too "bad", really')}))
    assert (only["key"], only["status"], only["error"]) == ("b", "failed", 'too "bad", really')


def test_a_headline_value_never_takes_a_parameters_column():
    [row] = rows(results_csv([A], {"a": record(A, [{"shots": 9, "loss": 1}, {"loss": 2}])}))
    assert (row["shots"], row["headline_shots"]) == ("1", "9")
    assert (row["loss"], row["loss_2"]) == ("1", "2")


def test_every_column_has_a_meaning():
    ended = {"a": record(A, [{"loss": 1.0, "loss_half_width": 0.1}])}
    told = {row["column"]: row["meaning"] for row in rows(columns_csv([A], ended))}
    assert list(told) == results_csv([A], ended).splitlines()[0].split(",")
    assert told["loss_half_width"] == "half-width of the 95 % interval of loss, over tasks"
    assert told["shots"] == "parameter: see the chapter"
    assert all(told.values())


def test_facts_are_counted_by_kind():
    ended = record(A)
    ended.facts = [fact(turned=False), fact(turned=True), {**fact(turned=False), "kind": "proof"}]
    [row] = rows(results_csv([A], {"a": ended}))
    assert (row["status"], row["proofs"], row["proofs_false"]) == ("false facts", "1", "0")
    assert (row["findings"], row["findings_false"]) == ("2", "1")
