"""The saved sweep is what its file asks for, in the columns that a sweep has."""

import pytest

from metalearn_lab.comparison.saved_sweep import saved_sweep


def test_it_has_a_row_for_each_point_of_its_file():
    import yaml

    sweep = saved_sweep("start_here")
    grid, single = (entry["parameters"] for entry in yaml.safe_load(sweep.file))
    wanted = [(n, seed, 10) for n in grid["iterations"] for seed in grid["seed"]]
    wanted.append((single["iterations"], single["seed"], single["shots"]))
    found = sweep.results[["iterations", "seed", "shots"]].itertuples(index=False, name=None)
    assert list(found) == wanted
    assert sweep.results["key"].is_unique


def test_a_point_has_its_values_or_its_error():
    results = saved_sweep("start_here").results
    ran = results["status"] == "ok"
    assert ran.sum() == 12
    assert results[ran]["difference_half_width"].gt(0).all()
    assert results[~ran]["error"].str.contains("shots").all()
    assert (results["status"] == "failed").sum() == 1


def test_the_curves_end_where_the_table_says():
    """The headline is the error after one step; the curves have it at step 1."""
    sweep = saved_sweep("start_here")
    first = sweep.curves[sweep.curves["step"] == 1].pivot(index="key", columns="learner")["mean"]
    good = sweep.results[sweep.results["status"] == "ok"].set_index("key")
    assert first["maml"].to_dict() == pytest.approx(good["maml"].to_dict())
    assert first["fine_tuning"].to_dict() == pytest.approx(good["pretraining"].to_dict())


def test_another_name_is_refused():
    with pytest.raises(ValueError, match="use one of start_here"):
        saved_sweep("end_here")
