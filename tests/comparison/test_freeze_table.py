"""The table says what the studies found."""

import pytest
import torch

from metalearn_lab.comparison.freeze_table import freeze_table
from metalearn_lab.evaluation.adaptation_curves import AdaptationCurves
from metalearn_lab.evaluation.intervals import interval_over_tasks
from metalearn_lab.experiments.layer_freeze import Adapted, FreezeStudy

BEFORE = torch.tensor([4.0, 6.0, 5.0])


def study(scale=1.0, **after):
    """Two layers, three tasks, one step; the mean score falls from 5 to what is given."""

    def adapted(mean):
        loss = torch.stack((BEFORE, BEFORE - 5 + mean), 1) * scale
        similarity = torch.tensor([[1.0, 1.0], [0.9, mean]]).expand(3, -1, -1)
        return Adapted(AdaptationCurves(loss, None), similarity)

    moves = {"all": (True, True), "head": (False, True), "body": (True, False)}
    return FreezeStudy(
        ("layer 1", "head"), {moves[name]: adapted(mean) for name, mean in after.items()}
    )


def test_a_row_has_similarities_scores_and_what_is_kept():
    row = freeze_table({"MAML": study(all=1.0, head=2.0, body=4.0)}).loc["MAML"]
    half = interval_over_tasks(BEFORE).half_width
    assert row["CKA layer 1"] == "0.90"
    assert row["before"] == f"5.00 ± {half:.2f}"
    assert row["all layers"] == f"1.00 ± {half:.2f}"
    assert row["head only"].startswith("2.00")
    assert (row["head keeps"], row["body keeps"]) == ("75%", "25%")


@pytest.mark.parametrize("bad", [torch.nan, torch.inf, 1001.0])
def test_what_diverges_is_said_to(bad):
    row = freeze_table({"MAML": study(all=1.0, head=bad, body=4.0)}).loc["MAML"]
    assert (row["head only"], row["head keeps"]) == ("diverged", "–")
    assert row["body keeps"] == "25%"
    row = freeze_table({"MAML": study(all=bad, head=1.0, body=4.0)}).loc["MAML"]
    assert [row[key] for key in ("all layers", "head keeps", "body keeps")] == [
        "diverged",
        "–",
        "–",
    ]
    assert row["CKA head"] == ("–" if bad != bad else f"{bad:.2f}")
