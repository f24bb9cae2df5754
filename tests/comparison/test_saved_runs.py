"""Rows on disk: computed once, kept when a run is killed, and never mixed with others."""

import json
import shutil
from dataclasses import replace

import pytest

from metalearn_lab.comparison import saved_runs
from metalearn_lab.comparison.compare import Choice, compare
from metalearn_lab.comparison.methods import METHODS, Budget
from metalearn_lab.comparison.saved_runs import (
    CHOICES,
    CONFIGURATION,
    TABLE,
    ResultsFolderError,
    check_results_folder,
    chosen_beforehand,
    extend,
    read_configuration,
    read_table,
)
from metalearn_lab.comparison.table import difference_over_splits, score_table
from metalearn_lab.comparison.world import NGRAMS, make_world, make_worlds

BUDGET = Budget(
    iterations=3, meta_batch=2, trials=2, validation_episodes=8, test_episodes=12, test_steps=3
)
METHODS_HERE = [METHODS[name] for name in ("ridge", "maml", "proto_net")]
ABOUT = {"versions": {"torch": "x"}}
ROWS = 3 * (1 + 2 + 2)  # three splits, two trainings of what is trained


def run(folder, worlds, budget=BUDGET, methods=METHODS_HERE, seeds=2):
    extend(folder, worlds[:3], budget, methods, seeds=seeds, about=ABOUT)


def kept(folder):
    """What is on disk but the seconds, which differ from run to run."""
    files = [json.loads((folder / name).read_text("utf-8")) for name in (CHOICES, CONFIGURATION)]
    return read_table(folder).drop(columns="seconds").to_csv(), files


@pytest.fixture(scope="module")
def whole(worlds, tmp_path_factory):
    """A run that nothing stopped."""
    folder = tmp_path_factory.mktemp("whole") / "new" / "results"
    run(folder, worlds)
    return folder


class Killed(BaseException):
    """As a signal: nothing catches it."""


def killed_at(monkeypatch, calls, *names):
    """From the call with this number on, these functions of the module end the run."""
    count = 0
    originals = {name: getattr(saved_runs, name) for name in names}

    def counted(name):
        def call(*arguments, **settings):
            nonlocal count
            count += 1
            if count > calls:
                raise Killed
            return originals[name](*arguments, **settings)

        return call

    for name in names:
        monkeypatch.setattr(saved_runs, name, counted(name))


def test_a_run_keeps_what_a_comparison_gives(worlds, whole):
    found = compare(worlds[:3], BUDGET, METHODS_HERE, seeds=2, progress=False)
    expected, rows = score_table(found), read_table(whole)
    assert len(rows) == len(expected) == ROWS
    assert list(rows.columns) == list(expected.columns)
    for column in ("accuracy", "half_width", "validation_accuracy"):
        assert rows[column].tolist() == pytest.approx(expected[column].tolist(), abs=0.006)
    same = ["method", "split", "seed", "representation", "settings", "steps", "iterations"]
    assert rows[same].equals(expected[same])
    two = [(worlds[0].representation, name) for name in ("maml", "proto_net")]
    assert difference_over_splits(rows, *two).tasks == 3


def test_it_says_what_the_rows_came_from(whole, table):
    configuration = read_configuration(whole)
    assert configuration["source"] == table.source
    assert configuration["queries"] == 3
    assert configuration["versions"] == {"torch": "x"}
    assert configuration["budget"]["iterations"] == 3
    assert Budget(**configuration["budget"]) == BUDGET


@pytest.mark.parametrize("scores", [0, 1, 4, ROWS - 1])
def test_a_run_that_was_killed_goes_on_to_the_same_table(
    worlds, whole, tmp_path, monkeypatch, scores
):
    with monkeypatch.context() as patch:
        killed_at(patch, scores, "score")
        with pytest.raises(Killed):
            run(tmp_path, worlds)
    assert scores == (len(read_table(tmp_path)) if scores else 0)
    with monkeypatch.context() as patch:
        killed_at(patch, ROWS - scores, "score")  # it computes no row twice
        run(tmp_path, worlds)
    assert kept(tmp_path) == kept(whole)


@pytest.mark.parametrize("writes", range(7))
def test_killed_before_any_file_is_written_it_goes_on_to_the_same_table(
    worlds, whole, tmp_path, monkeypatch, writes
):
    """The first writes: configuration, choice, three rows, another choice, a row."""
    with monkeypatch.context() as patch:
        killed_at(patch, writes, "write_text")
        with pytest.raises(Killed):
            run(tmp_path, worlds)
    run(tmp_path, worlds)
    assert kept(tmp_path) == kept(whole)


def test_what_is_there_is_not_computed_again(worlds, whole, monkeypatch):
    before = kept(whole)
    killed_at(monkeypatch, 0, "score", "choose", "write_text")
    run(whole, worlds)
    assert kept(whole) == before


def test_other_splits_trainings_and_methods_are_added_with_the_settings_kept(
    worlds, tmp_path, monkeypatch
):
    run(tmp_path, worlds[:1], seeds=1)
    chosen = chosen_beforehand(tmp_path, worlds[0])
    with monkeypatch.context() as patch:
        killed_at(patch, 0, "choose")  # nothing is chosen anew
        run(tmp_path, worlds[1:3], seeds=2)
    rows = read_table(tmp_path)
    assert len(rows) == 3 + 2 * 5
    assert rows.groupby("method").settings.nunique().eq(1).all()
    assert chosen_beforehand(tmp_path, worlds[1]) == chosen
    run(tmp_path, worlds[:1], methods=[METHODS["whitened_mean"]])
    assert {*chosen_beforehand(tmp_path, worlds[0])} == {*chosen, "whitened_mean"}
    assert len(read_table(tmp_path)) == 3 + 2 * 5 + 1


def test_settings_come_back_and_can_be_used(worlds, whole):
    chosen = chosen_beforehand(whole, worlds[3])
    assert set(chosen) == {method.name for method in METHODS_HERE}
    assert all(isinstance(choice, Choice) and choice.trials == 2 for choice in chosen.values())
    found = compare(worlds[:1], BUDGET, METHODS_HERE, chosen=chosen, progress=False)
    own = read_table(whole)
    for score in found:
        row = own[(own.method == score.method) & (own.split == 0) & (own.seed == 0)]
        assert 100 * score.accuracy.mean().item() == pytest.approx(row.accuracy.item(), abs=0.006)


@pytest.mark.parametrize(
    "other",
    [{"shots": 1}, {"ways": 3}, {"representation": NGRAMS}],
    ids=["shots", "ways", "representation"],
)
def test_settings_of_other_episodes_are_never_used(worlds, whole, table, other):
    same = {"ways": 2, "shots": 2, "queries": 3, "representation": worlds[0].representation}
    assert chosen_beforehand(whole, make_world(table, **same))
    assert chosen_beforehand(whole, make_world(table, **(same | other))) == {}


def test_where_nothing_was_saved_nothing_was_chosen(worlds, tmp_path):
    assert chosen_beforehand(tmp_path / "none", worlds[0]) == {}


def test_results_of_another_budget_or_source_are_refused(worlds, table, whole, tmp_path):
    before = kept(whole)
    for name, value in (("trials", 3), ("meta_batch", 4), ("test_episodes", 13)):
        with pytest.raises(
            ValueError, match=f"holds results of another budget: .*'{name}': {value}"
        ):
            run(whole, worlds, replace(BUDGET, **{name: value}))
    counts = {"ways": 2, "shots": 2, "representation": worlds[0].representation}
    elsewhere = make_worlds(replace(table, source="elsewhere"), 3, queries=3, **counts)
    with pytest.raises(ValueError, match="another source: written for the tests, not elsewhere"):
        run(whole, elsewhere)
    with pytest.raises(ValueError, match=r"another queries: 3, not 4\. Name another folder"):
        run(whole, make_worlds(table, 3, queries=4, **counts))
    assert kept(whole) == before


def test_more_iterations_are_rows_of_their_own_with_the_same_settings(
    worlds, tmp_path, monkeypatch
):
    some, two = worlds[:1], [METHODS["ridge"], METHODS["proto_net"]]
    run(tmp_path, some, methods=two, seeds=1)
    with monkeypatch.context() as patch:
        killed_at(patch, 0, "choose")
        run(tmp_path, some, replace(BUDGET, iterations=5), methods=two, seeds=1)
    rows = read_table(tmp_path)
    assert rows[["method", "iterations"]].apply(tuple, axis=1).tolist() == [
        ("ridge", 0),
        ("proto_net", 3),
        ("proto_net", 5),
    ]
    assert rows.gradients.tolist() == [0, 6, 10]
    assert rows.settings[1] == rows.settings[2]
    assert read_configuration(tmp_path)["budget"]["iterations"] == 3


def test_fewer_training_classes_are_rows_of_their_own(worlds, table, tmp_path):
    counts = {"ways": 2, "shots": 2, "queries": 3, "representation": worlds[0].representation}
    fewer = make_worlds(table, 1, most_train=3, **counts)
    for some in (worlds[:1], fewer):
        run(tmp_path, some, methods=[METHODS["whitened_mean"]])
    rows = read_table(tmp_path)
    assert rows.train_classes.tolist() == [6, 3]
    assert rows.settings.nunique() == 1


def test_splits_that_choose_on_what_another_reports_are_refused(table, tmp_path):
    bad = [make_world(table, ways=2, shots=2, queries=3, split_seed=seed) for seed in range(2)]
    with pytest.raises(ValueError, match="settings would be chosen by classes that are reported"):
        run(tmp_path / "never", bad)
    assert not (tmp_path / "never").exists()


def test_no_results_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no results in .*empty: compute some"):
        read_table(tmp_path / "empty")


def test_a_folder_that_cannot_be_written_is_found_before_anything_is_computed(
    worlds, tmp_path, monkeypatch
):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ResultsFolderError, match=r"cannot be written to .*file/results .*another"):
        check_results_folder(tmp_path / "file" / "results")
    killed_at(monkeypatch, 0, "choose", "score")
    with pytest.raises(ResultsFolderError):
        run(tmp_path / "file" / "results", worlds)


def test_looking_whether_a_folder_can_be_written_leaves_nothing_there(tmp_path):
    check_results_folder(tmp_path / "new" / "results")
    assert list((tmp_path / "new" / "results").iterdir()) == []


def test_a_write_that_fails_leaves_the_rows_that_were_there(worlds, whole, tmp_path, monkeypatch):
    run(tmp_path, worlds, methods=METHODS_HERE[:1])
    before = (tmp_path / TABLE).read_bytes()

    def full(path, text):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(saved_runs, "write_text", full)
        with pytest.raises(OSError, match="No space"):
            run(tmp_path, worlds)
    assert (tmp_path / TABLE).read_bytes() == before
    run(tmp_path, worlds)
    assert kept(tmp_path) == kept(whole)


@pytest.mark.parametrize(
    ("change", "known"),
    [(("1.2.3", "1.10.0"), True), (("the tests", "elsewhere"), False)],
    ids=["version", "source"],
)
def test_settings_of_another_source_are_never_used_but_another_version_is_the_same(
    worlds, whole, tmp_path, change, known
):
    source = f"{worlds[0].table.source} 1.2.3, the tests"
    folder = tmp_path / "copy"
    shutil.copytree(whole, folder)
    path = folder / "configuration.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | {"source": source}))
    other = replace(worlds[0], table=replace(worlds[0].table, source=source.replace(*change)))
    assert bool(chosen_beforehand(folder, other)) is known


def test_the_commits_of_all_rows_are_kept_once_each(worlds, tmp_path):
    for commit in ("a", "b", "a"):
        extend(tmp_path, worlds[:1], BUDGET, METHODS_HERE[:1], about=ABOUT | {"commit": commit})
    assert read_configuration(tmp_path)["commit"] == "a b"
    other = replace(BUDGET, trials=9)
    with pytest.raises(ValueError, match="another budget"):
        extend(tmp_path, worlds[:1], other, METHODS_HERE[:1], about=ABOUT | {"commit": "c"})
    assert read_configuration(tmp_path)["commit"] == "a b"


def test_a_method_added_later_stands_where_it_belongs(worlds, tmp_path):
    for name in ("proto_net", "ridge", "nearest_class_mean"):
        run(tmp_path, worlds[:1], methods=[METHODS[name]], seeds=1)
    assert [*read_table(tmp_path).method] == ["nearest_class_mean", "ridge", "proto_net"]
