import json
import math
from dataclasses import replace

import pytest

from metalearn_lab.workbook.errors import WorkbookError
from metalearn_lab.workbook.record import Record, read_record, write_record

FACT = {
    "kind": "finding",
    "claim": "MAML is ahead",
    "holds": False,
    "share": "",
    "saved": "",
    "shown": "-1 > 0",
    "margin": -1.0,
    "numbers": [-1.0],
}
PROOF = {**FACT, "kind": "proof", "claim": "the gradient is exact", "holds": True}
RECORD = Record(
    key="0123456789ab",
    chapter="06_few_shot_text",
    title="Few-shot text",
    parameters={"shots": "1", "iterations": 500, "rate": 0.1},
    changed={"shots": "1"},
    error=None,
    started="2026-01-02T03:04:05+00:00",
    seconds=1.25,
    headlines=[{"text": "新 wins", "values": {"loss": 0.1 + 0.2}, "curves": {}}],
    facts=[FACT],
    code="ba9876543210",
    versions={"torch": "2.13.0"},
    device="CPU: 1 thread",
    files=["06_few_shot_text.html", "06_few_shot_text.ipynb"],
)


def test_it_is_read_as_it_was_written(tmp_path):
    write_record(tmp_path / "run.json", RECORD)
    assert read_record(tmp_path / "run.json") == RECORD
    assert [each.name for each in tmp_path.iterdir()] == ["run.json"]


def test_a_diverged_loss_is_kept(tmp_path):
    values = {"loss": math.nan, "worst": -math.inf, "best": 0.5, "best_half_width": math.nan}
    line = {"text": "diverged", "values": values, "curves": {}}
    write_record(tmp_path / "run.json", replace(RECORD, headlines=[line]))
    kept = read_record(tmp_path / "run.json")
    assert kept.headlines[0]["values"]["loss"] == "nan", "JSON has no form for it"
    assert kept.not_finite == ["loss", "worst"], "one task has no interval: that is no fault"
    assert "NaN" not in (tmp_path / "run.json").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("facts", "error", "status", "verdict"),
    [
        ([], None, "ok", "ok"),
        ([PROOF], None, "ok", "ok"),
        ([PROOF, FACT], None, "false facts", "ok, but False: MAML is ahead"),
        ([{**FACT, "share": "4 of 5 seeds"}], None, "ok", "ok"),
        ([FACT], "no memory", "failed", "failed: no memory"),
    ],
)
def test_a_fact_that_is_false_is_in_the_status(facts, error, status, verdict):
    record = replace(RECORD, facts=facts, error=error)
    assert (record.status, record.verdict) == (status, verdict)


OUT_OF_ITS_FOLDER = [
    "../x.html",
    "/etc/passwd",
    "javascript:alert(1)",
    "a/b",
    "..",
    "",
    ".x",
    "a\\b",
]


@pytest.mark.parametrize(
    "changed",
    [
        *({"files": [name]} for name in OUT_OF_ITS_FOLDER),
        *({"chapter": name} for name in OUT_OF_ITS_FOLDER),
        {"files": "x.html"},
        {"files": [1]},
        {"parameters": [1]},
        {"seconds": "long"},
        {"error": 3},
        {"facts": [1]},
        {"facts": [{**FACT, "holds": "yes"}]},
        {"facts": [{**FACT, "kind": "rumour"}]},
        {"headlines": [1]},
        {"headlines": [{"text": "x", "values": {"loss": [1]}, "curves": {}}]},
        {"headlines": [{"text": "x", "values": {}, "curves": {"maml": {"kind": "loss"}}}]},
    ],
)
def test_a_record_that_was_not_written_by_us_is_refused(tmp_path, changed):
    facts = json.loads(RECORD.to_json()) | changed
    (tmp_path / "run.json").write_text(json.dumps(facts))
    with pytest.raises(WorkbookError, match=r"run\.json is not the record of a run .*delete it"):
        read_record(tmp_path / "run.json")


@pytest.mark.parametrize("damaged", ["", "{}", "[]", RECORD.to_json()[:40], '{"key": 1}'])
def test_a_damaged_record_is_said_with_what_to_do(tmp_path, damaged):
    (tmp_path / "run.json").write_text(damaged)
    with pytest.raises(WorkbookError, match=r"run\.json is not the record of a run .*delete it"):
        read_record(tmp_path / "run.json")
