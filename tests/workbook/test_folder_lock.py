import multiprocessing

import pytest

from metalearn_lab.workbook.errors import WorkbookError
from metalearn_lab.workbook.out_folder import folder_lock


def hold(folder, held, release):
    with folder_lock(folder):
        held.set()
        release.wait(60)


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the folder."""
    context = multiprocessing.get_context("spawn")
    held, release = context.Event(), context.Event()
    process = context.Process(target=hold, args=(tmp_path, held, release))
    process.start()
    assert held.wait(60)
    yield process
    process.kill()
    process.join()


def test_a_folder_that_another_process_holds_is_refused(tmp_path, holder):
    refused = pytest.raises(WorkbookError, match=r"another command is writing into .*--out")
    with refused, folder_lock(tmp_path):
        pytest.fail("two processes hold one folder")


def test_a_process_that_is_killed_lets_go(tmp_path, holder):
    holder.kill()
    holder.join()
    with folder_lock(tmp_path):
        pass


def test_an_error_inside_lets_go(tmp_path):
    with pytest.raises(ZeroDivisionError), folder_lock(tmp_path):
        raise ZeroDivisionError
    with folder_lock(tmp_path):
        pass


def test_two_folders_are_two_locks(tmp_path, holder):
    (tmp_path / "other").mkdir()
    with folder_lock(tmp_path / "other"):
        pass
