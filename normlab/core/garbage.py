"""When Python looks for garbage: not while much is imported that stays."""

import atexit
import gc


def pause_collecting() -> None:
    """Look for no garbage until `collect_from_here`: among what is imported there is none."""
    gc.disable()


def collect_from_here() -> None:
    """Look for garbage, but not among what there is by now: torch leaves 190,000 objects, and a look at all
    of them takes 0.15 s, several times in a run's first seconds.
    """
    gc.freeze()
    gc.enable()
    # At the end they must be found, or triton calls them leaked.
    atexit.unregister(gc.unfreeze)
    atexit.register(gc.unfreeze)
