"""A search: what is proposed, what counts as the best, and that it is judged at other seeds."""

import csv
import math
from functools import partial

import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from typer.testing import CliRunner

from metalearn_lab import cli
from metalearn_lab.sweep.run_points import run_points
from metalearn_lab.sweep.search import SAMPLERS, Trial, best_so_far, best_trial, search
from metalearn_lab.sweep.search_file import distributions, read_search_file
from metalearn_lab.sweep.search_points import in_words, search_points, write_trials
from metalearn_lab.workbook.errors import WorkbookError
from metalearn_lab.workbook.parameters import parameters_of
from tests.sweep.quick_sweep import outcome_of
from tests.sweep.tiny_clone import make_clone

SPACE = {
    "x": FloatDistribution(-5, 5),
    "rate": FloatDistribution(1e-4, 1, log=True),
    "steps": IntDistribution(1, 8),
    "rule": CategoricalDistribution(["a", "b"]),
}
FILE = """\
chapter: 0
search:
  steps: {from: 1, to: 9}
  rate: {from: 0.01, to: 1, scale: log}
lowest: loss
"""

SIX = "chapter: 0\nparameters: {steps: 6}\nsearch: {rate: [0.1, 0.2]}\nlowest: loss\n"


def bowl(settings):
    """Its lowest value is 0: x = 1, rate = 0.01, three steps, rule b."""
    rate = math.log10(settings["rate"] / 0.01)
    return (
        (settings["x"] - 1) ** 2 + rate**2 + abs(settings["steps"] - 3) + (settings["rule"] == "a")
    )


def searched(sampler="tpe", seed=0, trials=60, at_once=2, lowest=True, of=bowl):
    return search(
        SPACE,
        lambda asked: [of(settings) for settings in asked],
        trials=trials,
        lowest=lowest,
        sampler=sampler,
        seed=seed,
        at_once=at_once,
    )


def test_what_earlier_trials_gave_helps():
    """In a bowl TPE comes nearer than random draws, at equal trials, from most seeds."""
    best = [
        [best_trial(searched(name, seed), True).value for name in SAMPLERS] for seed in range(6)
    ]
    assert sum(tpe < random for tpe, random in best) >= 5


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_the_same_search_gives_the_same_trials(sampler):
    assert searched(sampler, trials=14) == searched(sampler, trials=14)
    assert searched(sampler, trials=14) != searched(sampler, 1, trials=14)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_every_setting_stays_in_its_range(sampler):
    for settings, _ in searched(sampler, trials=30):
        assert settings.keys() == SPACE.keys()
        assert all(
            SPACE[name]._contains(value) for name, value in settings.items() if name != "rule"
        )
        assert settings["rule"] in ("a", "b")
        assert isinstance(settings["steps"], int)


def test_trials_are_asked_so_many_at_once():
    sizes = []

    def values(asked):
        sizes.append(len(asked))
        return [0.0] * len(asked)

    search(SPACE, values, trials=7, lowest=True, at_once=3)
    assert sizes == [3, 3, 1]


@pytest.mark.parametrize("lowest", [True, False])
def test_the_highest_is_the_lowest_of_the_negative(lowest):
    sign = 1 if lowest else -1
    trials = searched(lowest=lowest, trials=30, of=lambda settings: sign * bowl(settings))
    assert [t.settings for t in trials] == [t.settings for t in searched(trials=30)]
    assert best_trial(trials, lowest).value == sign * best_trial(searched(trials=30), True).value


def test_what_failed_is_never_the_best():
    values = iter([None, math.nan, -math.inf, 3.0, 2.0, 2.0, 5.0])
    trials = search(SPACE, lambda asked: [next(values)], trials=7, lowest=True)
    assert [trial.value for trial in trials] == [None, None, None, 3, 2, 2, 5]
    assert best_trial(trials, True) is trials[4]
    assert best_trial(trials, False) is trials[6]
    assert best_so_far(trials, True)[3:] == [3, 2, 2, 2]
    assert best_so_far(trials, False)[3:] == [3, 3, 3, 5]
    assert all(map(math.isnan, best_so_far(trials, True)[:3]))
    assert best_trial([Trial({}, None)], True) is None


@pytest.mark.parametrize("wrong", [{"sampler": "grid"}, {"trials": 0}, {"at_once": 0}])
def test_a_search_that_cannot_be_is_refused(wrong):
    with pytest.raises(ValueError, match=r"the sampler is tpe or random|one trial or more"):
        searched(**wrong)


@pytest.fixture
def notebooks(tmp_path):
    return make_clone(tmp_path)


@pytest.fixture
def plan(tmp_path):
    def plan(text=FILE):
        (tmp_path / "search.yml").write_text(text, encoding="utf-8")
        return read_search_file(tmp_path / "search.yml")

    return plan


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "a search file has `chapter`, `search`"),
        ("- chapter: 0", "a search file has"),
        ("chapter: 0\nlowest: loss", "a search file has"),
        ("chapter: 0\nsearch: {}\nlowest: loss", "nothing to search"),
        ("chapter: 0\nsearch: [steps]\nlowest: loss", "`search` names settings"),
        ("chapter: 0\nsearch: {steps: [1, 2]}", "either `lowest` or `highest`"),
        (f"{FILE}highest: loss", "either `lowest` or `highest`"),
        (f"{FILE}trials: 3", "'trials' means nothing here"),
        (f"{FILE}parameters: {{rate: 1}}", "'rate' is both fixed and searched"),
        (FILE.replace("loss", "[loss]"), "is one name"),
        (FILE.replace("chapter: 0", "chapter: 0-1"), "is of one chapter"),
        (FILE.replace("chapter: 0", "chapter: 77"), "there is no chapter '77'"),
    ],
)
def test_what_is_wrong_in_the_file_is_said(plan, text, message):
    with pytest.raises(WorkbookError, match=message):
        plan(text)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("steps: {from: 1, to: 9.5}", "'steps' takes an int, not '9.5'"),
        ("steps: {from: 9, to: 1}", "goes from 9 to 1"),
        ("steps: {from: 0, to: 9, scale: log}", "a log scale begins above 0"),
        ("steps: {from: 1, to: 9, scale: cubic}", "the scale is linear or log"),
        ("steps: {from: 1, to: 9, step: 2}", "or a range such as"),
        ("steps: 3", "or a range such as"),
        ("steps: [3]", "two values or more"),
        ("steps: [3, '3']", "two values or more"),
        ("steps: [3, x]", "'steps' takes an int, not 'x'"),
        ("log: {from: 1, to: 9}", "no number: give a list"),
        ("stepps: [1, 2]", "has no parameter 'stepps'.\nThe parameters are:"),
    ],
)
def test_what_is_wrong_with_a_setting_is_said(plan, notebooks, setting, message):
    file = plan(f"chapter: 0\nsearch:\n  {setting}\nlowest: loss")
    with pytest.raises(WorkbookError, match=f"(?s){message}"):
        distributions(file, parameters_of(notebooks / "00_start_here.ipynb"))


def loss_of(point):
    """What the chapter's headline would say, without a kernel; six steps fail."""
    steps, rate, seed = (point.parameters[name] for name in ("steps", "rate", "seed"))
    outcome = outcome_of(point, "ValueError: six" if steps == 6 else None)
    values = {"loss": (steps - 4) ** 2 + math.log10(rate) ** 2 + seed, "name": "quick"}
    outcome.record.headlines = [{"text": "", "values": values, "curves": {}}]
    return outcome


@pytest.fixture
def with_seed(notebooks):
    """The chapter has a parameter more, a seed."""
    path = notebooks / "00_start_here.ipynb"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('"steps: int', '"seed: int = 0\\nsteps: int', 1), encoding="utf-8")
    assert "seed" in parameters_of(path)
    return notebooks


def found_by(plan, notebooks, out, *, ran=None, trials=15, judges=3, text=FILE):
    def become(waiting):
        for point in waiting:
            if ran is not None:
                ran.append(point.changed)
            yield point, loss_of(point)

    settings = {"trials": trials, "sampler": "tpe", "seed": 0, "at_once": 2, "judges": judges}
    return search_points(
        plan(text), notebooks, partial(run_points, out=out, run=become), **settings
    )


def test_the_best_is_judged_beside_the_chapters_own_settings_at_other_seeds(
    plan, with_seed, tmp_path
):
    ran = []
    found = found_by(plan, with_seed, tmp_path / "out", ran=ran)
    trials, judged = ran[:15], [each for each in ran[15:] if each.get("seed")]
    assert all("seed" not in each for each in trials)
    best, own = found.best.settings, parameters_of(with_seed / "00_start_here.ipynb")
    assert [each["seed"] for each in judged[:6]] == [1, 2, 3] * 2
    assert all(best.items() <= each.items() for each in judged[:3])
    assert found.judged.best == pytest.approx([found.best.value + seed for seed in (1, 2, 3)])
    steps, rate = int(own["steps"].default), float(own["rate"].default)
    alone = (steps - 4) ** 2 + math.log10(rate) ** 2
    assert found.judged.own == pytest.approx([alone + seed for seed in (1, 2, 3)])
    assert found.judged.gain.mean.item() == pytest.approx(alone - found.best.value)
    assert found.judged.gain.half_width.item() == pytest.approx(0, abs=1e-12)


def test_the_same_command_goes_on_where_it_stopped(plan, with_seed, tmp_path):
    first, again = [], []
    one = found_by(plan, with_seed, tmp_path / "out", ran=first, trials=7)
    more = found_by(plan, with_seed, tmp_path / "out", ran=again, trials=15)
    assert more.trials[:6] == one.trials[:6], "the first ones are proposed again"
    ended = [each for each in first if each.get("steps") != 6]
    assert not [each for each in again if each in ended], "and none that ended runs again"


def test_a_failed_trial_is_kept_as_one(plan, with_seed, tmp_path):
    text = FILE.replace("{from: 1, to: 9}", "[5, 6]")
    found = found_by(plan, with_seed, tmp_path / "out", text=text, trials=8)
    values = {trial.settings["steps"]: trial.value for trial in found.trials}
    assert values[6] is None
    assert found.best.settings["steps"] == 5
    with pytest.raises(WorkbookError, match="every trial failed"):
        found_by(plan, with_seed, tmp_path / "b", text=SIX)


@pytest.mark.parametrize(
    ("text", "judges", "message"),
    [
        (FILE.replace("loss", "los"), 0, "no headline value 'los'. Its values are: loss, name"),
        (FILE.replace("loss", "name"), 0, "'name' is 'quick', and no number"),
        (FILE, 1, "one seed gives no interval"),
    ],
)
def test_what_cannot_be_judged_is_said(plan, with_seed, tmp_path, text, judges, message):
    with pytest.raises(WorkbookError, match=message):
        found_by(plan, with_seed, tmp_path / "out", text=text, judges=judges)


def test_without_a_seed_nothing_can_be_judged_at_others(plan, notebooks, tmp_path):
    with pytest.raises(WorkbookError, match="has no seed"):
        found_by(plan, notebooks, tmp_path / "out")


def test_the_trials_are_a_table_and_a_sentence(plan, with_seed, tmp_path):
    found = found_by(plan, with_seed, tmp_path / "out")
    write_trials(found, plan(), tmp_path)
    with (tmp_path / "search.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["trial"] for row in rows] == [str(number + 1) for number in range(15)]
    assert float(rows[-1]["best_so_far"]) == found.best.value
    assert list(rows[0]) == ["trial", "loss", "best_so_far", "steps", "rate"]
    assert "at 3 other seeds: " in in_words(found, plan())


@pytest.mark.long
def test_the_command_searches_with_kernels(tmp_path, monkeypatch):
    make_clone(tmp_path)
    (tmp_path / "search.yml").write_text(FILE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    arguments = ["search", "search.yml", "--out", "out", "--trials", "3", "--judges", "0"]
    said = CliRunner().invoke(cli.app, [*arguments, "--workers", "1"])
    assert said.exit_code == 0, said.output
    assert "best of 3: loss " in said.output
    assert (tmp_path / "out" / "results.csv").exists()
    assert len((tmp_path / "out" / "search.csv").read_text(encoding="utf-8").splitlines()) == 4
    said = CliRunner().invoke(cli.app, [*arguments, "--sampler", "grid"])
    assert said.exit_code != 0
    assert "--sampler is tpe or random" in str(said.exception) + said.output
