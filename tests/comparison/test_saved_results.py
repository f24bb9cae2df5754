"""Results on disk come back as they were, and say which world they belong to."""

import re

import pytest
from metalearn_lab.comparison.saved_results import (
    SAVED,
    ResultsFolderError,
    check_results_folder,
    chosen_beforehand,
    read_results,
    save_results,
)

from metalearn_lab.comparison.methods import Budget
from metalearn_lab.comparison.table import score_table, verdict
from metalearn_lab.comparison.world import make_world
from metalearn_lab.tasks.table import LabelledTable


def test_results_are_saved_with_what_they_came_from_and_read_back(scores, world, tmp_path):
    save_results(tmp_path / "new" / "results", scores, Budget(), {"versions": {"torch": "x"}})
    table, configurations = read_results(tmp_path / "new" / "results")
    assert table.accuracy.tolist() == pytest.approx(score_table(scores).accuracy.tolist(), abs=0.01)
    configuration = configurations[2]
    assert configuration["budget"]["iterations"] == 500
    assert configuration["versions"] == {"torch": "x"}
    assert configuration["verdict"] == verdict(scores, "fine_tuning") + verdict(
        scores, "nearest_class_mean"
    )
    chosen = chosen_beforehand(tmp_path / "new" / "results", world)
    assert chosen["maml"] == scores[1].choice


@pytest.mark.parametrize(
    "other",
    [{"shots": 1}, {"ways": 2}, {"queries": 3}, {"split_seed": 7}],
    ids=["shots", "ways", "queries", "split"],
)
def test_settings_of_another_world_are_never_used(scores, table, tmp_path, other):
    save_results(tmp_path, scores, Budget(), {})
    same = {"ways": 3, "shots": 2, "queries": 4}
    assert chosen_beforehand(tmp_path, make_world(table, **same)) is not None
    assert chosen_beforehand(tmp_path, make_world(table, **(same | other))) is None


def test_settings_of_another_source_are_never_used_but_another_version_is_the_same(
    scores, table, tmp_path
):
    def world_of(source: str):
        columns = (table.texts, table.labels, table.classes, table.groups)
        return make_world(LabelledTable(*columns, source, None), ways=3, shots=2, queries=4)

    save_results(tmp_path, scores, Budget(), {})
    path = tmp_path / "2-shot" / "configuration.json"
    path.write_text(
        re.sub('"source": ".*?"', '"source": "package 2026.10.27, en"', path.read_text("utf-8"))
    )
    assert chosen_beforehand(tmp_path, world_of("package 2027.1.3, en")) is not None
    assert chosen_beforehand(tmp_path, world_of("package 2026.10.27, zh-CN")) is None


def test_no_results_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no results in .*empty"):
        read_results(tmp_path / "empty")


def test_a_folder_that_cannot_be_written_is_found_before_anything_is_computed(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ResultsFolderError, match=r"cannot be written to .*file/results .*another"):
        check_results_folder(tmp_path / "file" / "results")


def test_the_committed_table_is_the_full_one():
    """Three splits, both shots, three seeds, 600 episodes; equal trials; its source named."""
    table, configurations = read_results(SAVED / "embedded-en")
    trained = table[table.method != "nearest_class_mean"]
    assert set(table.shots) == {1, 5} == set(configurations)
    assert trained.groupby(["shots", "split", "method"]).seed.nunique().eq(3).all()
    assert len(trained) == 2 * 3 * 5 * 3
    assert set(table.episodes) == {600}
    assert set(table.trials) == {4}
    for configuration in configurations.values():
        assert "home-assistant-intents" in configuration["source"]
        assert configuration["versions"]["torch"]
        assert configuration["budget"]["test_episodes"] == 600
