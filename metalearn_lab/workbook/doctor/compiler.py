"""A C compiler, which makes the training of small networks fast."""

from __future__ import annotations

import platform
import shlex

from metalearn_lab.workbook.doctor.finding import Finding, ok, warn

_TRIAL = "int trial(void) { return 1; }\n"
_INSTALL = {
    "Darwin": "`xcode-select --install`",
    "Linux": "`sudo apt install gcc` or your system's like",
    "Windows": "use WSL, or Colab",
}


def compiler() -> Finding:
    """Whether there is one that works: a trial is compiled and loaded."""
    from metalearn_lab.compiled.c_compiler import find_compiler, load_library
    from metalearn_lab.compiled.not_compilable import NotCompilable

    try:
        load_library((_TRIAL,))
    except (NotCompilable, OSError) as error:
        return warn(
            "C compiler",
            f"{error}. Chapters 00, 03, 04 and 05 train their small networks many times slower",
            f"{_INSTALL.get(platform.system(), 'install gcc or clang')}; until then take fewer "
            "`iterations` in the parameters cell",
        )
    return ok("C compiler", f"{shlex.join(find_compiler())} works")
