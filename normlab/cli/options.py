"""Options that several commands share."""

from typing import Annotated

import typer

from normlab.cli.completion import complete_run, complete_study, complete_word

RunId = Annotated[
    str,
    typer.Argument(metavar="ID", help="The run's id, or how it begins.", autocompletion=complete_run),
]
RunIds = Annotated[
    list[str],
    typer.Argument(metavar="ID...", help="Ids of runs, or how they begin.", autocompletion=complete_run),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Csv = Annotated[bool, typer.Option("--csv", help="Print CSV.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what stands there.")]
Yes = Annotated[bool, typer.Option("--yes", help="Don't ask.")]
Events = Annotated[bool, typer.Option("--json", help="Print each event as a line of JSON.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print the final table only, and a study's verdicts.")]
CheckpointEvery = Annotated[
    int | None,
    typer.Option(metavar="N", min=1, help="Epochs (steps where training counts them) between checkpoints."),
]
TimeLimit = Annotated[
    str | None, typer.Option(metavar="90|10m|2h", help="Stop and save each run after this much training.")
]
Jobs = Annotated[
    int, typer.Option(metavar="N", min=1, help="Runs of a study to train at the same time, in processes.")
]
Expect = Annotated[
    str | None,
    typer.Option(
        metavar="WORD,...",
        help="Exit with 1 unless every claim is supported, refuted, undecided, ...; or one word for each.",
        autocompletion=complete_word,
    ),
]
StudyId = Annotated[
    str,
    typer.Argument(metavar="ID", help="The study's id, or how it begins.", autocompletion=complete_study),
]
