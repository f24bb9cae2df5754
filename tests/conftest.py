"""What several test folders share."""

from pathlib import Path

import pytest
import torch
from hypothesis import settings

# Networks this small are slower on several threads, and much slower on a busy machine.
torch.set_num_threads(1)

# A busy machine is no failure, so examples have no time limit.
settings.register_profile("lab", deadline=None)
settings.load_profile("lab")


@pytest.fixture(scope="session")
def repository() -> Path:
    """Root folder of the repository."""
    return Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared_data(repository: Path) -> Path:
    """Folder of real published sets beside the repository.

    They are not part of the project, so the tests that need them are skipped elsewhere.
    """
    folder = repository.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"the published data sets are not here: no folder {folder}")
    return folder
