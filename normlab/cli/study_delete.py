"""normlab studies delete."""

from normlab.cli.asking import agrees
from normlab.cli.study_record import title_of
from normlab.cli.tables import shown
from normlab.store.studies import delete_study, find_study
from normlab.store.sweep import open_swept


def delete(start: str, yes: bool) -> None:
    """Hide a study from the list, and print its id.

    Raises: ConfigError where nobody can be asked; StoreError.
    """
    store = open_swept()
    study = find_study(store, start)
    kept = "its runs and looks are kept, and asking for it again brings it back"
    if agrees(f"hide study {study.id} ({shown(title_of(study), 40)}) from the list? {kept}", yes):
        delete_study(store, study.id)
        print(study.id)
