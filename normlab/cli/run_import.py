"""normlab runs import."""

import sys
from collections.abc import Iterable
from pathlib import Path

from normlab.core.errors import NormlabError
from normlab.store.importing import import_folder
from normlab.store.sweep import open_swept


def import_all(folders: Iterable[str]) -> int:
    """Take runs' folders into the store and print the runs' ids; what is wrong is told, the others go on.

    Raises: StoreError when the store can't be had.
    """
    store, code = open_swept(), 0
    for folder in folders:
        try:
            print(import_folder(store, Path(folder)))
        except NormlabError as error:
            print(error, file=sys.stderr)
            code = 2
    return code
