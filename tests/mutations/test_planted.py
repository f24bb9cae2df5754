"""The list of planted faults fits the package as it is: a fault that cannot be planted proves none.

That the tests see each of them is shown by ``make mutations``, which takes half an hour.
"""

import ast
from pathlib import Path

import pytest

from tests.mutations.__main__ import plant
from tests.mutations.planted import FAULTS


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_it_can_be_planted_and_is_a_program(fault, repository, tmp_path: Path):
    path = tmp_path / "metalearn_lab" / fault.file
    path.parent.mkdir(parents=True)
    text = (repository / "metalearn_lab" / fault.file).read_text(encoding="utf-8")
    path.write_text(text, encoding="utf-8")
    plant(fault, tmp_path)
    planted = path.read_text(encoding="utf-8")
    assert ast.dump(ast.parse(planted)) != ast.dump(ast.parse(text))
    assert all((repository / folder).is_dir() for folder in fault.tests)
