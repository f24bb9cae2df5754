"""The fixtures of a small clone, for the tests of what makes, runs and reads notebooks."""

from tests.small_clone import clone, command_fixture, finished_run, write_chapter_fixture

__all__ = ["clone", "command_fixture", "finished_run", "write_chapter_fixture"]
