"""Every saved training was tested at the same steps, from chance on."""

from metalearn_lab.comparison.burstiness import SHARES, read_burstiness


def test_every_share_has_five_trainings_tested_at_the_same_steps():
    rows = read_burstiness()
    assert set(rows.bursty) == set(SHARES)
    for _, runs in rows.groupby("bursty"):
        tested = runs.pivot(index="steps", columns="seed", values="in context")
        assert list(tested.columns) == list(range(5))
        assert tested.notna().to_numpy().all()
    tests = rows[["in context", "in weights"]]
    assert ((tests >= 0) & (tests <= 1)).to_numpy().all()
    assert (tests[rows.steps == 0] < 0.1).to_numpy().all()
