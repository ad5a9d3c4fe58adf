"""normlab studies extend."""

from normlab.cli.headless import Form, read_how
from normlab.cli.study import StudyHow, run_study
from normlab.core.errors import ConfigError, Problem
from normlab.lab.checks import check_arms
from normlab.store.errors import StoreError
from normlab.store.studies import find_study
from normlab.store.sweep import open_swept


def extend(
    start: str,
    seeds: int,
    jobs: int,
    checkpoint_every: int | None,
    time_limit: str | None,
    expect: str | None,
    yes: bool,
    form: Form,
) -> int:
    """Run what a study lacks of so many seeds, and give the exit code.

    Raises: ConfigError for fewer seeds than it has, a third look, or weights that are gone; StoreError for an
    id, or a store that can't be written.
    """
    store = open_swept()
    if store.is_read_only and store.problem is not None:
        raise StoreError(store.problem)
    study = find_study(store, start)
    if seeds < study.looks[-1]:
        rule = f"is fewer than the {study.looks[-1]} seeds that study {study.id} has"
        raise ConfigError(Problem("--seeds", rule, "ask for more", seeds))
    preset = study.preset
    assert preset.study is not None, "a kept study has its seeds"
    preset = preset.with_(study=preset.study.model_copy(update={"seeds": seeds}))
    check_arms(preset)
    how = read_how(study.device, study.origin, checkpoint_every, time_limit)
    return run_study(preset, how, StudyHow(jobs, expect=expect, yes=yes), form)
