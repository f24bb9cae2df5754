import io
from importlib.metadata import version
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from metalearn_lab import cli
from metalearn_lab.sweep.progress import Progress
from metalearn_lab.workbook.errors import WorkbookError
from metalearn_lab.workbook.record import Record


def test_pairs_are_joined_as_typer_reads_them():
    typed = ["06", "-p", "seed", "-1", "--parameter", "rate", "0.1", "-p", "x=y", "--out", "z"]
    read = ["06", "-p", "seed=-1", "--parameter", "rate=0.1", "-p", "x=y", "--out", "z"]
    assert cli.join_pairs(typed) == read


@pytest.mark.parametrize(
    ("typed", "name", "value"),
    [
        (["-p", "path", "a = b"], "path", "a = b"),
        (["-p", "path=a = b"], "path", "a = b"),
        (["-p", "path=--out"], "path", "--out"),
        (["-p", "path", "no"], "path", "no"),
        (["-p", "path", ""], "path", ""),
        (["-p", "seed", "-1"], "seed", "-1"),
    ],
)
def test_a_value_may_hold_anything(clone, monkeypatch, typed, name, value):
    given = []

    def take(chapters, pairs, folder):
        given.extend(pairs)
        raise WorkbookError("enough")

    monkeypatch.chdir(clone)
    monkeypatch.setattr("metalearn_lab.cli.points_of_run", take)
    monkeypatch.setattr("sys.argv", ["metalearn-lab", "run", "0", *typed])
    with pytest.raises(SystemExit):
        cli.main()
    assert given == [(name, value)]


def test_a_name_alone_stays_alone():
    assert cli.join_pairs(["-p", "seed"]) == ["-p", "seed"]


@pytest.mark.parametrize("next_option", ["--out", "--parameter", "-p", "--help"])
def test_the_next_option_is_not_taken_for_the_value(next_option):
    typed = ["-p", "seed", next_option, "x"]
    assert cli.join_pairs(typed)[:3] == typed[:3]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "97"], "metalearn-lab: there is no chapter '97'. The chapters are:"),
        (
            ["run", "0", "-p", "speed", "9"],
            "metalearn-lab: no chosen chapter has a parameter 'speed'.",
        ),
        (
            ["run", "0", "-p", "steps", "x"],
            "metalearn-lab: parameter 'steps' takes an int, not 'x'",
        ),
        (["run", "-p", "steps"], "metalearn-lab: -p takes a name and a value"),
        (["run", "-p", "steps", "--out", "x"], "but 'steps' has no value"),
        (
            ["run", "0", "--out", "notebooks/00_start_here.ipynb/x"],
            "metalearn-lab: cannot write into",
        ),
        (["run", "0", "--out", ""], "metalearn-lab: the name of a folder is empty"),
        (["run", "0", "--out", "~/runs"], "would be a folder called `~` here"),
        (["run", "0", "-p", "rate", "1e999"], "takes a float, not '1e999'"),
        (["run", "0", "-p", "steps", "010"], "takes an int, not '010'"),
        (["run", "0", "-p", "source", "\udcff"], "parameter 'source' takes a str, not"),
        (["sweep", "x.yml", "--out", ""], "the name of a folder is empty"),
        (["report", ""], "the name of a folder is empty"),
        (["student", ""], "the name of a folder is empty"),
        (["book", "~"], "would be a folder called `~` here"),
        (["run", "0", "--out", "notebooks"], "is not the folder of a run or a sweep"),
        (["student", "class", "97"], "metalearn-lab: there is no chapter '97'. The chapters are:"),
        (["student", "notebooks"], "metalearn-lab: the folder notebooks is not empty"),
        (["student", "class", "00"], "metalearn-lab: 00_start_here: its first line is no badge"),
        (["student"], "Missing argument"),
        (["lab", "--port", "0"], "Invalid value"),
        (["lab", "--port", "high"], "Invalid value"),
        (["teach"], "No such command"),
    ],
)
def test_what_cannot_be_done_is_one_message_and_status_two(
    clone, monkeypatch, capsys, arguments, message
):
    monkeypatch.chdir(clone)
    monkeypatch.setattr("sys.argv", ["metalearn-lab", *arguments])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    shown = capsys.readouterr()
    assert stopped.value.code == 2
    assert message in shown.err
    assert "Traceback" not in shown.err
    assert shown.out == ""


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (OSError(28, "No space left on device", "x.csv"), "No space left on device: x.csv"),
        (OSError(28, "No space left on device"), "No space left on device"),
        (OSError("the disk is gone"), "the disk is gone"),
        (TimeoutError(), "TimeoutError"),
    ],
)
def test_a_disk_that_fails_is_one_message_and_status_two(monkeypatch, capsys, error, message):
    def fail():
        raise error

    monkeypatch.setattr("metalearn_lab.workbook.doctor.short_report.diagnose", fail)
    monkeypatch.setattr("sys.argv", ["metalearn-lab", "doctor"])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    assert stopped.value.code == 2
    assert capsys.readouterr().err == f"metalearn-lab: {message}\n"


def test_lab_hands_its_options_on(clone, monkeypatch):
    opened = []
    monkeypatch.chdir(clone)
    monkeypatch.setattr(
        "metalearn_lab.workbook.lab.open_lab", lambda folder, **how: opened.append((folder, how))
    )
    result = CliRunner().invoke(cli.app, ["lab", "--no-browser", "--port", "9999"])
    assert result.exit_code == 0
    assert opened == [(clone / "notebooks", {"browser": False, "port": 9999})]


def test_doctor_says_in_its_status_that_something_is_missing(monkeypatch):
    monkeypatch.setattr(
        "metalearn_lab.workbook.doctor.short_report.diagnose", lambda: ("all gone", False)
    )
    result = CliRunner().invoke(cli.app, ["doctor"])
    assert (result.exit_code, result.output) == (1, "all gone\n")


def test_the_installed_command_runs(command, tmp_path):
    process = command("--help", cwd=tmp_path)
    assert process.returncode == 0
    assert {"lab", "run", "student", "doctor"} <= set(process.stdout.split())


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
@pytest.mark.parametrize("arguments", [["--help"], ["sweep", "--help"], ["doctor"], ["run", "0"]])
def test_every_code_page_gets_what_it_can_show(clone, monkeypatch, encoding, arguments):
    """An α and a × at the end of all the work are no reason to fail."""
    done = Progress([POINT], {POINT.key: record_that_says("α = 1 × 1")})
    monkeypatch.chdir(clone)
    monkeypatch.setattr(
        "metalearn_lab.workbook.doctor.short_report.diagnose", lambda: ("α ×", True)
    )
    monkeypatch.setattr("metalearn_lab.sweep.run_points.run_points", lambda *_: done)
    monkeypatch.setattr("metalearn_lab.sweep.report.write_report", lambda *_: None)
    monkeypatch.setattr("sys.argv", ["metalearn-lab", *arguments])
    shown = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr("sys.stdout", shown)
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    shown.flush()
    assert stopped.value.code == 0
    assert shown.buffer.getvalue()


POINT = SimpleNamespace(words="00_start_here", key="0")


def record_that_says(text):
    line = {"text": text, "values": {}, "curves": {}}
    record = Record("0", "00_start_here", "", {}, {}, None, "", 0.0, [line])
    return record


def test_the_text_for_a_page_without_greek_has_question_marks(monkeypatch):
    monkeypatch.setattr(
        "metalearn_lab.workbook.doctor.short_report.diagnose", lambda: ("α = 1 × 1", True)
    )
    monkeypatch.setattr("sys.argv", ["metalearn-lab", "doctor"])
    shown = io.TextIOWrapper(io.BytesIO(), encoding="cp1252")
    monkeypatch.setattr("sys.stdout", shown)
    with pytest.raises(SystemExit):
        cli.main()
    shown.flush()
    assert shown.buffer.getvalue().decode("cp1252") == "? = 1 × 1\n"


def test_a_run_of_files_that_are_no_notebooks_says_so_and_fails(clone, monkeypatch):
    names = ["00_start_here", "01_tasks_and_episodes"]
    for name in names:
        (clone / "notebooks" / f"{name}.ipynb").write_text("")
    monkeypatch.chdir(clone)
    result = CliRunner().invoke(cli.app, ["run", "0", "1", "--out", "out"])
    assert result.exit_code == 1
    assert result.stdout.count("is no notebook: the file is empty") == 2


def invoke(clone, monkeypatch, *arguments):
    monkeypatch.chdir(clone)
    return CliRunner().invoke(cli.app, list(arguments))


@pytest.mark.parametrize("arguments", [["run", "0-1"], ["sweep", "sweep.yml", "--out", "out"]])
def test_a_dry_run_says_what_would_run_and_runs_nothing(clone, monkeypatch, arguments):
    (clone / "sweep.yml").write_text("- chapter: 0\n  parameters: {steps: [1, 2]}\n")
    before = sorted(clone.rglob("*"))
    result = invoke(clone, monkeypatch, *arguments, "--dry-run")
    assert result.exit_code == 0
    *points, total = result.stdout.splitlines()
    assert points[0].startswith("00_start_here")
    assert all("about" in line for line in points)
    assert total.startswith("2 points, about ")
    assert sorted(clone.rglob("*")) == before


def test_every_command_has_an_example_in_its_help():
    for command in cli.app.registered_commands:
        name = command.name or command.callback.__name__
        help_ = CliRunner().invoke(cli.app, [name, "--help"]).output
        assert "Example" in help_, name


def test_the_version_is_one_number():
    result = CliRunner().invoke(cli.app, ["--version"])
    assert (result.exit_code, result.stdout) == (0, f"metalearn-lab {version('metalearn-lab')}\n")


STRICT = """\
# %%
from metalearn_lab.workbook.facts import finding, proof

proof("twice two is four", 2 * 2, above=3.9, below=4.1)
finding("the sun shines", -1, above=0)
"""


def test_a_false_fact_is_in_the_status_and_in_the_exit_status_when_asked(
    clone, monkeypatch, write_chapter
):
    write_chapter(clone / "notebooks", "00_start_here", STRICT)
    lenient = invoke(clone, monkeypatch, "run", "0", "--out", "out")
    assert lenient.exit_code == 0
    assert "ok, but False: the sun shines" in lenient.stderr
    assert "00_start_here" in lenient.stdout
    assert "false facts" in lenient.stdout
    assert "1 fact False" in lenient.stdout
    strict = invoke(clone, monkeypatch, "run", "0", "--out", "out", "--strict")
    assert strict.exit_code == 1
    assert "1 point, 1 there already" in strict.stderr, "it has ended: it is not run again"
