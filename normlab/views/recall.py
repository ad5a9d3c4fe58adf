"""Kept runs as histories: for charts and comparisons, as if they had just been trained."""

from normlab.store.kept import KeptRun
from normlab.store.replay import replay
from normlab.store.store import Store
from normlab.views.history import History


def recall(run: KeptRun, store: Store) -> History:
    """Fold a kept run's events.

    Raises: StoreError when it is gone or damaged; ConfigError where a version made it whose settings this
    one doesn't know.
    """
    history = History(run.arm, run.experiment)
    for event in replay(run.id, store):
        history.fold(event)
    return history
