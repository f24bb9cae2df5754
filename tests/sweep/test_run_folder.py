"""The folder of a sweep, and what a sweep does when something is wrong with it; nothing runs."""

import multiprocessing
import resource
import signal
import sys
from functools import partial

import pytest

from metalearn_lab.sweep.worker import Outcome
from metalearn_lab.workbook.errors import WorkbookError
from metalearn_lab.workbook.out_folder import folder_lock
from tests.sweep.quick_sweep import outcome_of, quick_sweep


@pytest.fixture
def sweep(notebooks):
    """A sweep of three points, called with what is to become of each."""
    file = notebooks.parent / "sweep.yml"
    file.write_text("- chapter: 0\n  parameters: {steps: [1, 2, 3]}\n")
    return partial(quick_sweep, notebooks.parent / "out", file, notebooks)


@pytest.fixture
def out(notebooks):
    return notebooks.parent / "out"


def files_of(out):
    return sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file())


def test_a_second_sweep_of_the_folder_refuses(sweep, out):
    sweep()
    before = files_of(out)
    with folder_lock(out), pytest.raises(WorkbookError, match=r"another command is writing into"):
        sweep()
    assert files_of(out) == before
    assert sweep().kept_count == 3


@pytest.mark.parametrize("other", ["notes.txt", "table.csv", "06_few_shot_text.ipynb"])
def test_a_folder_that_holds_something_else_is_refused_and_left_alone(sweep, out, other):
    out.mkdir()
    (out / other).write_text("mine")
    with pytest.raises(WorkbookError, match=rf"holds {other} and is not the folder of a run"):
        sweep()
    assert files_of(out) == [other]


def test_a_hidden_file_is_in_nobodys_way(sweep, out):
    out.mkdir()
    (out / ".DS_Store").write_text("")
    assert sweep().ran_count == 3


def test_a_folder_that_cannot_be_written_is_said_before_anything_runs(sweep, out):
    out.write_text("a file in the way")

    def run(point):
        raise AssertionError("nothing may run")

    with pytest.raises(WorkbookError, match=r"cannot write into .*out: .* another folder"):
        sweep(run)


def test_what_a_killed_sweep_had_half_written_goes_and_what_was_finished_stays(sweep, out):
    sweep()
    whole = files_of(out)
    folder = next((out / "runs").iterdir())
    (folder / ".run.json.123.tmp").write_text("{")
    (out / ".results.csv.123.tmp").write_text("key")
    assert sweep().kept_count == 3
    assert files_of(out) == whole


def test_a_run_without_its_record_runs_again_and_so_does_one_that_failed(sweep, out):
    sweep(lambda point: outcome_of(point, error="bad" if point.changed["steps"] == 2 else None))
    assert (out / "results.csv").read_text().count("failed,bad") == 1
    next(out.glob("runs/*/run.json")).unlink()
    again = sweep()
    assert again.ran_count in (1, 2)
    assert (again.ran_count + again.kept_count, again.failed_count) == (3, 0)
    assert "failed,bad" not in (out / "results.csv").read_text()  # a key may hold "bad"


def test_files_of_an_earlier_failure_do_not_stay(sweep, out):
    sweep(lambda point: outcome_of(point, error="bad"))
    assert len(list(out.glob("runs/*/*.html"))) == 3
    sweep(lambda point: Outcome(outcome_of(point, error="worse").record, {}))
    assert list(out.glob("runs/*/*.html")) == []


def test_a_damaged_record_is_said_with_what_to_do(sweep, out):
    sweep()
    next(out.glob("runs/*/run.json")).write_text("{")
    with pytest.raises(WorkbookError, match=r"run\.json is not the record of a run .* delete it"):
        sweep()


def test_the_folder_is_free_again_after_ctrl_c(sweep, out):
    def stop(point):
        if point.changed["steps"] == 2:
            raise KeyboardInterrupt
        return outcome_of(point)

    with pytest.raises(KeyboardInterrupt):
        sweep(stop)
    assert (sweep().kept_count, len(files_of(out))) == (1, 4 + 3 * 3)


def sweep_until_the_disk_is_full(sweep) -> None:
    """No file can grow past 2,000 bytes, and the second run has larger ones."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, 2_000))
    try:
        sweep(lambda point: outcome_of(point, size=10 ** (1 + 3 * (point.changed["steps"] == 2))))
    except WorkbookError as error:
        sys.exit(0 if "File too large. Free some space" in str(error) else str(error))


def test_a_sweep_whose_disk_fills_goes_on_when_there_is_space(sweep, out):
    process = multiprocessing.get_context("fork").Process(
        target=sweep_until_the_disk_is_full, args=(sweep,)
    )
    process.start()
    process.join()
    assert process.exitcode == 0
    assert list(out.rglob("*.tmp")) == []
    assert (out / "results.csv").read_text().count(",ok,") == 1
    assert len(list(out.glob("runs/*/run.json"))) == 1
    again = sweep()
    assert (again.kept_count, again.ran_count) == (1, 2)
    assert (out / "results.csv").read_text().count(",ok,") == 3


@pytest.mark.parametrize("ending", ["ipynb", "html"])
def test_a_run_whose_files_are_gone_runs_again(sweep, out, ending):
    sweep()
    next(out.glob(f"runs/*/*.{ending}")).unlink()
    again = sweep()
    assert (again.kept_count, again.ran_count) == (2, 1)
    assert len(list(out.glob(f"runs/*/*.{ending}"))) == 3
