import atexit
import gc

from normlab.core.garbage import collect_from_here, pause_collecting


def test_what_there_is_by_now_is_left_out_and_what_comes_is_found(monkeypatch):
    at_exit = []
    monkeypatch.setattr(atexit, "register", at_exit.append)
    pause_collecting()
    try:
        assert not gc.isenabled()
        before = gc.get_freeze_count()
        collect_from_here()
        assert gc.isenabled()
        assert gc.get_freeze_count() > before
        circle = []
        circle.append(circle)
        del circle
        assert gc.collect() >= 1
        assert at_exit == [gc.unfreeze]
    finally:
        gc.enable()
        gc.unfreeze()
