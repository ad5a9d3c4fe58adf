"""What is wrong with the store."""

from normlab.core.errors import NormlabError


class StoreError(NormlabError):
    """The store, or a run that is asked for, can't be had."""
