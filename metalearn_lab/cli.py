"""The `metalearn-lab` command: open the workbook, run it, copy it for a class, say what lacks."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from metalearn_lab.workbook.errors import WorkbookError
from metalearn_lab.workbook.out_folder import out_folder

PARAMETER = ("-p", "--parameter")

app = typer.Typer(
    name="metalearn-lab",
    help="The meta-learning lab: open the workbook, run it headless, copy it for a class.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.command()
def lab(
    browser: Annotated[bool, typer.Option(help="Open a browser.")] = True,
    port: Annotated[
        int | None, typer.Option(help="Listen on this port and no other.", min=1, max=65535)
    ] = None,
) -> None:
    """Open JupyterLab at the first chapter, on this machine only, with a token."""
    from metalearn_lab.workbook.folder import notebooks_folder
    from metalearn_lab.workbook.lab import open_lab

    open_lab(notebooks_folder(), browser=browser, port=port)


@app.command()
def run(
    chapters: Annotated[
        list[str] | None, typer.Argument(help="Chapters by number or name; none means all.")
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(
            help="Folder for the results, or one to go on in; default: runs/<time>.",
            metavar="DIR",
        ),
    ] = None,
    parameter: Annotated[
        list[str] | None,
        typer.Option(*PARAMETER, metavar="NAME VALUE", help="Set a chapter's parameter."),
    ] = None,
) -> None:
    """Run chapters through papermill and write one report; exit status 1 if a chapter failed."""
    from metalearn_lab.workbook.chapters import select
    from metalearn_lab.workbook.folder import notebooks_folder
    from metalearn_lab.workbook.report import as_text, table
    from metalearn_lab.workbook.run import run_chapters
    from metalearn_lab.workbook.stopping import Stopped, stoppable

    chosen = select(chapters or [])
    given = [_split_pair(pair) for pair in parameter or []]
    target = None if out is None else out_folder(out)
    try:
        with stoppable():
            say = partial(typer.echo, err=True)
            finished = run_chapters(chosen, notebooks_folder(), target, given, say)
    except Stopped as stopped:
        raise typer.Exit(stopped.status) from None
    typer.echo(as_text(table(finished.records)))
    typer.echo(f"\nreport: {finished.folder / 'index.html'}")
    if any(each.error for each in finished.records):
        raise typer.Exit(1)


@app.command()
def sweep(
    file: Annotated[
        Path,
        typer.Argument(metavar="SWEEP.yml", help="Chapters and the values to try of parameters."),
    ],
    out: Annotated[
        str,
        typer.Option(
            help="The folder of this sweep, to begin or to go on with.",
            metavar="DIR",
        ),
    ],
    workers: Annotated[
        int | None, typer.Option(help="Worker processes to start; default: one a core.", min=1)
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Use the workers of this Dask scheduler instead."),
    ] = None,
) -> None:
    """Run chapters × grids of parameters in worker processes; exit status 1 if a run failed."""
    from metalearn_lab.sweep.report import write_report
    from metalearn_lab.sweep.run_sweep import run_sweep
    from metalearn_lab.workbook.folder import notebooks_folder
    from metalearn_lab.workbook.stopping import Stopped, stoppable

    if workers and scheduler:
        raise WorkbookError("--workers starts workers and --scheduler uses those there: give one")
    say, folder = partial(typer.echo, err=True), out_folder(out)
    try:
        with stoppable():
            progress = run_sweep(
                file, notebooks_folder(), folder, workers=workers, scheduler=scheduler, say=say
            )
    except Stopped as stopped:
        with suppress(OSError):  # a terminal that is gone
            say(f"stopped. What has finished is kept in {out}: the same command goes on from there")
        raise typer.Exit(stopped.status) from None
    write_report(folder)
    files = f"table: {folder / 'results.csv'}\nreport: {folder / 'index.html'}"
    typer.echo(f"{progress.total()}\n{files}")
    if progress.failed:
        raise typer.Exit(1)


@app.command()
def report(
    folder: Annotated[str, typer.Argument(metavar="DIR", help="The folder of a sweep.")],
) -> None:
    """Write the page of a sweep, also of one that still runs: failures, results, curves, links."""
    from metalearn_lab.sweep.report import write_report

    sweep_folder = out_folder(folder)
    said = write_report(sweep_folder)
    typer.echo(f"{said}\nreport: {sweep_folder / 'index.html'}")


@app.command()
def student(
    out: Annotated[str, typer.Argument(metavar="OUT", help="A new or empty folder.")],
    chapters: Annotated[
        list[str] | None, typer.Argument(help="Chapters by number or name; none means all.")
    ] = None,
) -> None:
    """Write copies for a class: the student's without answers, the solution, the instructor's."""
    from metalearn_lab.workbook.chapters import select
    from metalearn_lab.workbook.class_copies import write_copies
    from metalearn_lab.workbook.folder import notebooks_folder

    chosen, folder = select(chapters or []), out_folder(out)
    written = write_copies(chosen, notebooks_folder(), folder)
    for view, paths in written.items():
        count = "1 notebook" if len(paths) == 1 else f"{len(paths)} notebooks"
        typer.echo(f"{view}: {count} in {folder / view}")


@app.command()
def book(
    out: Annotated[str, typer.Argument(metavar="OUT", help="A new or empty folder.")],
) -> None:
    """Build the workbook as a web site, from the chapters as they were last executed."""
    from metalearn_lab.workbook.book.build import build_book
    from metalearn_lab.workbook.chapters import CHAPTERS
    from metalearn_lab.workbook.folder import notebooks_folder

    folder = out_folder(out)
    pages = build_book(CHAPTERS, notebooks_folder(), folder)
    typer.echo(f"{len(pages)} pages, begin at {folder / 'index.html'}")


@app.command("new-chapter")
def new_chapter(
    number: Annotated[int | None, typer.Argument(help="Of the chapter, such as 07.")] = None,
    slug: Annotated[
        str | None, typer.Argument(help="The rest of its file name, such as learned_rates.")
    ] = None,
    tables: Annotated[
        bool, typer.Option("--tables", help="Write the tables of chapters anew, and no more.")
    ] = False,
) -> None:
    """Write the skeleton of a chapter into the clone that we are in, and say what it lacks."""
    from metalearn_lab.workbook.folder import notebooks_folder
    from metalearn_lab.workbook.new_chapter import write_skeleton, write_tables

    root = notebooks_folder().parent
    if tables and number is None:
        write_tables(root)
    elif tables:
        raise WorkbookError("--tables writes the tables of all chapters: give it alone")
    elif number is None or slug is None:
        raise WorkbookError("a chapter has a number and a name, such as 07 learned_rates")
    else:
        typer.echo(write_skeleton(number, slug, root))


@app.command()
def doctor(
    for_class: Annotated[
        bool, typer.Option("--class", help="Check this machine for a class, in ten seconds.")
    ] = False,
) -> None:
    """Say what is installed, which device there is, what is missing and how to get it."""
    if for_class:
        from metalearn_lab.workbook.doctor.class_report import class_report as diagnose
    else:
        from metalearn_lab.workbook.doctor.short_report import diagnose
    report, complete = diagnose()
    typer.echo(report)
    if not complete:
        raise typer.Exit(1)


def join_pairs(arguments: Sequence[str]) -> list[str]:
    """Turn papermill's ``-p NAME VALUE`` into ``-p NAME=VALUE``, which typer can read."""
    joined: list[str] = []
    rest = list(arguments)
    while rest:
        joined.append(rest.pop(0))
        if joined[-1] in PARAMETER and _is_pair(rest[:2]):
            joined.append(f"{rest.pop(0)}={rest.pop(0)}")
    return joined


def _is_pair(words: Sequence[str]) -> bool:
    """Whether these are a name and a value; a negative number is one, another option is not."""
    if len(words) < 2 or not words[0].isidentifier():
        return False
    return words[1] not in PARAMETER and not words[1].startswith("--")


def _split_pair(pair: str) -> tuple[str, str]:
    name, equals, value = pair.partition("=")
    if not equals:
        raise WorkbookError(
            f"-p takes a name and a value, e.g. `-p shots 5`, but '{pair}' has no value "
            f"(one that begins with -- is given with an equals sign: -p {pair}=--…)"
        )
    return name, value


def main() -> None:
    """Run the command; what cannot be done is said in one message, with exit status 2.

    What the terminal's code page cannot show, such as an α, is printed as a question mark.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        app(join_pairs(sys.argv[1:]))
    except WorkbookError as error:
        _refuse(str(error))
    except OSError as error:
        place = f": {error.filename}" if error.filename else ""
        _refuse(f"{error.strerror or str(error) or type(error).__name__}{place}")


def _refuse(message: str) -> NoReturn:
    typer.echo(f"metalearn-lab: {message}", err=True)
    sys.exit(2)


if __name__ == "__main__":
    main()
