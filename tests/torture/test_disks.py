"""A disk that is full, a file that may not grow, and many writers: what was told stays."""

import resource
import shutil
import subprocess

import pytest
from support.children import Child
from support.told import told

from normlab.store.find import find_run, find_runs
from normlab.store.record import record
from normlab.store.replay import replay
from normlab.store.store import Store
from normlab.store.sweep import sweep

pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")


def fill(home, say, epochs, give_up_seconds=1.0):
    """Record until there is no space left, and say what was told."""
    store = Store(home)
    for event in record(told(epochs=epochs), store, give_up_seconds=give_up_seconds):
        if event.event == "measured":
            say(event.epoch)
        elif event.event == "held":
            say(f"held: {event.reason}")
    say(f"{event.event}: {event.outcome}: {event.reason}")
    store.close()


def check(home, lines):
    said = [int(line) for line in lines if line.isdigit()]
    store = Store(home)
    sweep(store)
    kept = {event.epoch for event in replay("aaaaaa", store) if event.event == "measured"}
    with store.read() as connection:
        assert connection.execute("PRAGMA integrity_check").get == "ok"
    run = find_run(store, "aaaaaa")
    store.close()
    assert said, "nothing was told before the disk was full"
    assert set(said) <= kept
    return run


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 2 MB."""
    folder = tmp_path / "small"
    folder.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], capture_output=True
    ).returncode:
        pytest.skip("this machine lets nobody mount")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)  # a store may be open after a failure


def test_a_disk_of_two_megabytes_runs_full_and_nothing_that_was_told_is_lost(small_disk, tmp_path):
    lines, _ = Child(lambda say: fill(small_disk, say, epochs=200_000)).end()
    assert any("no space left" in line for line in lines if line.startswith("held"))
    assert lines[-1].startswith("run_finished: failed: no space left")
    run = check(small_disk, lines)
    assert run.outcome == "failed", "its end was written into the space kept for it"
    bigger = shutil.copytree(small_disk, tmp_path / "bigger")
    store = Store(bigger)
    list(record(told("bbbbbb"), store))
    assert find_runs(store).total == 2
    store.close()


def test_a_file_that_may_not_grow_ends_a_run_as_a_full_disk_does(home):
    def limited(say):
        resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, 600_000))
        fill(home, say, epochs=200_000)

    lines, _ = Child(limited).end()
    assert lines[-1].startswith("run_finished: failed: ")
    assert check(home, lines).outcome in ("failed", "interrupted")


def test_space_that_is_freed_lets_the_run_go_on(small_disk):
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"0" * 1_500_000)
    store = Store(small_disk)
    held, last = 0, None
    for event in record(told(epochs=1500), store, give_up_seconds=30):
        if event.event == "held":
            held += 1
            ballast.unlink(missing_ok=True)
        last = event
    assert held
    assert last.outcome == "completed"
    assert sum(event.event == "measured" for event in replay("aaaaaa", store)) == 1500
    store.close()


def test_four_processes_write_through_their_owners_without_an_error(home, times):
    runs, epochs = times(3, 30), times(40, 200)

    def write(name, say):
        store = Store(home)
        for number in range(runs):
            for event in record(told(f"{name}{number:05d}", epochs=epochs, pause=0.0005), store):
                if event.event == "held":
                    raise AssertionError(event.reason)
        store.close()

    children = [Child(lambda say, name=name: write(name, say)) for name in "abcd"]
    for child in children:
        assert child.end() == ([], 0)
    store = Store(home)
    assert find_runs(store, "outcome=completed").total == 4 * runs
    with store.read() as connection:
        assert connection.execute("SELECT count(*) FROM points").get == 4 * runs * epochs
        assert connection.execute("PRAGMA integrity_check").get == "ok"
    store.close()
