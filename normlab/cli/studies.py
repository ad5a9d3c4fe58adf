"""normlab studies: what can be said of kept studies on the command line."""

from typing import Annotated

import typer

from normlab.cli.options import (
    CheckpointEvery,
    Csv,
    Events,
    Expect,
    Jobs,
    Json,
    Overwrite,
    Quiet,
    StudyId,
    TimeLimit,
    Yes,
)

studies_app = typer.Typer(
    help="List studies, show their verdicts, report and extend them.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@studies_app.command("list")
def list_studies(
    limit: Annotated[int, typer.Option(metavar="N", min=1, max=1_000_000, help="Studies to list.")] = 20,
    json: Json = False,
    csv: Csv = False,
) -> None:
    """List studies, the latest first: how far they are, and their verdicts."""
    from normlab.cli.study_list import print_list

    print_list(limit, json, csv)


@studies_app.command("show")
def show_study(study: StudyId, json: Json = False, csv: Csv = False) -> None:
    """Show a study as it stands: arms, curves, verdicts, differences and caveats."""
    from normlab.cli.study_show import show

    show(study, json, csv)


@studies_app.command("report")
def report_study(
    study: StudyId,
    to: Annotated[str, typer.Option(metavar="html|markdown", help="What to write.")] = "html",
    out: Annotated[
        str | None, typer.Option(metavar="FILE", help="File to write; by default named here.")
    ] = None,
    overwrite: Overwrite = False,
) -> None:
    """Write a study's report: question, set-up, differences, verdicts, and all seeds' values."""
    from normlab.cli.study_export import report

    report(study, to, out, overwrite)


@studies_app.command("extend")
def extend_study(
    study: StudyId,
    seeds: Annotated[int, typer.Option(metavar="N", min=1, max=10_000, help="Seeds per arm, in all.")],
    jobs: Jobs = 1,
    checkpoint_every: CheckpointEvery = None,
    time_limit: TimeLimit = None,
    expect: Expect = None,
    yes: Yes = False,
    json: Events = False,
    quiet: Quiet = False,
) -> None:
    """Run a study with more seeds, once: each of the two looks is then judged at half the level."""
    from normlab.cli.study_extend import extend

    form = "json" if json else "quiet" if quiet else "full"
    raise typer.Exit(extend(study, seeds, jobs, checkpoint_every, time_limit, expect, yes, form))


@studies_app.command("delete")
def delete_study(study: StudyId, yes: Yes = False) -> None:
    """Hide a study from the list; its runs and looks are kept, and asking for it again brings it back."""
    from normlab.cli.study_delete import delete

    delete(study, yes)
