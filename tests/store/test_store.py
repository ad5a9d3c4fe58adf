"""A store is opened with care: whose file it is, who writes to it, and what its disk allows."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import apsw
import pytest
from support.told import told

from normlab.core.errors import NormlabError
from normlab.lab.experiment import Experiment
from normlab.lab.presets import Preset
from normlab.store import owners, schema
from normlab.store.connection import connect
from normlab.store.errors import StoreError
from normlab.store.find import find_run, find_runs
from normlab.store.planning import keep_study
from normlab.store.record import record
from normlab.store.store import Store, open_store
from normlab.store.studies import find_studies
from normlab.store.sweep import open_swept, sweep


def ids(store):
    return [run.id for run in find_runs(store).runs]


def test_looking_at_an_empty_store_makes_no_file(store):
    assert ids(store) == []
    assert not store.home.exists()


def test_the_file_says_what_it_is_and_is_durable(store):
    list(record(told(), store))
    with store.read() as connection:
        assert connection.pragma("application_id") == schema.APPLICATION_ID
        assert connection.pragma("user_version") == len(schema.VERSIONS)
        assert connection.pragma("journal_mode") == "wal"
    assert store.writer._connection.pragma("synchronous") == 2
    assert tuple(map(int, apsw.sqlite_lib_version().split(".")[:3])) >= (3, 51, 3), "older ones corrupt files"


@pytest.mark.parametrize("raw", [b"", b"not a database at all" * 100, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_file_that_is_no_store_is_refused_and_left_alone(home, raw):
    home.mkdir()
    (home / "lab.db").write_bytes(raw)
    if not raw:  # a crash before the first commit may leave that
        assert ids(Store(home)) == []
        return
    with pytest.raises(StoreError, match=r"lab\.db: .*move it away"):
        Store(home)
    assert (home / "lab.db").read_bytes() == raw


def test_another_programs_database_is_refused_and_left_alone(home):
    home.mkdir()
    other = apsw.Connection(str(home / "lab.db"))
    other.execute("CREATE TABLE runs (id)")
    other.close()
    with pytest.raises(StoreError, match="another program's file"):
        Store(home)


def test_a_store_of_a_later_version_can_be_read_and_says_so(home):
    first = Store(home)
    list(record(told(), first))
    first.write(lambda connection: connection.pragma("user_version", 99))
    first.close()
    store = Store(home)
    assert store.is_read_only
    assert "version 99" in str(store.problem)
    assert "update normlab" in str(store.problem)
    assert ids(store) == ["aaaaaa"]
    with pytest.raises(StoreError, match="version 99"):
        store.write(lambda connection: None)
    store.close()


def test_an_older_store_is_backed_up_and_brought_up_to_date_in_one_step(home, monkeypatch):
    first = Store(home)
    list(record(told(), first))
    first.close()
    monkeypatch.setattr(
        "normlab.store.connection.VERSIONS", (*schema.VERSIONS, "ALTER TABLE runs ADD COLUMN mood")
    )
    monkeypatch.setattr("normlab.store.store.VERSIONS", (*schema.VERSIONS, ""))
    store = Store(home)
    with store.read() as connection:
        assert connection.pragma("user_version") == len(schema.VERSIONS) + 1
        assert connection.execute("SELECT mood FROM runs").get is None
    backup = apsw.Connection(str(home / f"lab.db.v{len(schema.VERSIONS)}"))
    assert backup.pragma("user_version") == len(schema.VERSIONS)
    assert backup.execute("SELECT id FROM runs").get == "aaaaaa"
    store.close()


def test_an_upgrade_that_fails_leaves_the_old_store_as_it_was(home, monkeypatch):
    first = Store(home)
    list(record(told(), first))
    first.close()
    wrong = (*schema.VERSIONS, "ALTER TABLE runs ADD COLUMN mood; SELECT nonsense FROM nowhere")
    with monkeypatch.context() as patch:
        patch.setattr("normlab.store.connection.VERSIONS", wrong)
        with pytest.raises(apsw.SQLError):
            connect(home / "lab.db")
    store = Store(home)
    assert ids(store) == ["aaaaaa"]
    with store.read() as connection:
        assert connection.pragma("user_version") == len(schema.VERSIONS)
    store.close()


def test_a_store_of_the_first_version_keeps_its_runs_and_takes_studies(home, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("normlab.store.connection.VERSIONS", schema.VERSIONS[:1])
        connection = connect(home / "lab.db")
        connection.execute(
            "INSERT INTO runs (id, arm, seed, created, experiment, outcome)"
            " VALUES ('oldrun', 'baseline', 0, 1.0, ?, 'completed')",
            (Experiment().model_dump_json(),),
        )
        connection.close()
    store = Store(home)
    study = keep_study(store, Preset(title="old and new", experiment=Experiment()), "cpu")
    assert ids(store) == ["oldrun"]
    assert [kept.id for kept in find_studies(store)] == [study.id]
    assert (home / "lab.db.v1").exists()
    store.close()


def test_a_folder_that_cannot_be_written_is_said_and_still_read(home, monkeypatch):
    first = Store(home)
    list(record(told(), first))
    first.close()
    monkeypatch.setattr("os.access", lambda path, mode: mode != os.W_OK)
    store = Store(home)
    assert store.is_read_only
    assert "can't be written" in str(store.problem)
    assert "NORMLAB_HOME" in str(store.problem)
    assert ids(store) == ["aaaaaa"]
    store.close()


def test_a_read_only_disk_is_read(home, tmp_path):
    first = Store(home)
    list(record(told(), first))
    first.close()
    mount = tmp_path / "mount"
    mount.mkdir()
    bound = subprocess.run(["mount", "--bind", home, mount], capture_output=True)
    if bound.returncode:
        pytest.skip("this machine lets nobody mount")
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", mount], check=True, capture_output=True)
        store = Store(mount)
        assert store.is_read_only
        assert ids(store) == ["aaaaaa"]
        store.close()
    finally:
        subprocess.run(["umount", "--lazy", mount], check=True)


def test_a_network_disk_is_said_and_its_log_is_one_that_works_there(home, monkeypatch):
    part = SimpleNamespace(mountpoint="/", fstype="nfs4")
    monkeypatch.setattr("psutil.disk_partitions", lambda all: [part])
    store = Store(home)
    assert "nfs4" in str(store.problem)
    assert not store.is_read_only
    list(record(told(), store))
    with store.read() as connection:
        assert connection.pragma("journal_mode") == "delete"
    store.close()


DYING = """
import sys, time
sys.path.insert(0, "tests")
from support.told import told
from normlab.store.record import record
for event in record(told({run!r}, epochs=1000, pause=0.005)):
    if event.event == "measured":
        print(event.epoch, flush=True)
"""


def start(home, run):
    environment = os.environ | {"NORMLAB_HOME": str(home)}
    command = [sys.executable, "-c", DYING.format(run=run)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


def test_a_killed_process_leaves_its_run_interrupted_with_all_that_was_told(home):
    process = start(home, "bbbbbb")
    for _ in range(5):
        process.stdout.readline()
    watching = Store(home)
    assert find_run(watching, "bbbbbb").outcome is None, "a living process's run is under way"
    watching.close()
    process.send_signal(signal.SIGKILL)
    rest = process.stdout.read().split()
    process.wait()
    process.stdout.close()
    began = time.monotonic()
    store = open_swept(home)
    assert time.monotonic() - began < 2
    run = find_run(store, "bbbbbb")
    assert run.outcome == "interrupted"
    assert str(process.pid) in run.reason
    assert run.last.epoch >= max(map(int, rest), default=5)
    assert run.best is not None
    store.close()


def test_four_processes_write_to_one_store(home):
    processes = [start(home, name * 6) for name in "abcd"]
    for process in processes:
        for _ in range(20):
            assert process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
    store = open_swept(home)
    found = find_runs(store).runs
    assert sorted(run.id for run in found) == ["aaaaaa", "bbbbbb", "cccccc", "dddddd"]
    assert all(run.outcome == "interrupted" and run.last.epoch >= 20 for run in found)
    store.close()


def test_another_machines_process_is_dead_once_its_heart_is_silent():
    now = time.time()
    assert owners.Owner("elsewhere", os.getpid(), now, now - 5).is_alive
    assert not owners.Owner("elsewhere", os.getpid(), now, now - 3600).is_alive


def test_a_pid_that_another_process_has_now_does_not_keep_a_run_alive():
    mine = owners.this_process()
    assert mine.is_alive
    assert not owners.Owner(mine.host, mine.pid, mine.started - 3600, mine.heartbeat - 3600).is_alive


def test_a_write_to_a_place_that_fails_says_where_and_is_not_tried_for_ever(home):
    home.mkdir()
    store = Store(home)
    (home / "lab.db").mkdir()
    with pytest.raises(NormlabError, match=r"lab\.db: .*; "):
        store.write(lambda connection: None)
    store.close()


def test_a_wrong_job_fails_alone(store):
    def wrong(connection):
        connection.execute("SELECT nonsense")

    fine = store.writer.submit(lambda c: c.pragma("user_version"), late=True)
    bad = store.writer.submit(wrong)
    assert fine.wait(5)
    with pytest.raises(apsw.SQLError):
        bad.wait(5)
    list(record(told(), store))
    assert ids(store) == ["aaaaaa"]


def test_a_closed_store_lets_go_of_its_file_and_of_its_process(home):
    store = Store(home)
    list(record(told(), store))
    store.close()
    connection = apsw.Connection(str(home / "lab.db"))
    assert connection.execute("SELECT count(*) FROM owners").get == 0
    connection.close()
    assert not (home / "lab.db-wal").exists()


def test_a_process_says_that_it_lives_while_it_trains(home, monkeypatch):
    monkeypatch.setattr(owners, "HEARTBEAT_SECONDS", 0.05)
    store, beats = Store(home), set()
    for event in record(told(epochs=40, pause=0.02), store):
        if event.event == "measured":
            with store.read() as connection:
                beats.add(connection.execute("SELECT heartbeat FROM owners").get)
    assert len(beats) > 4
    store.close()


def test_a_silent_machines_run_ends_when_it_was_last_heard_of_but_not_before_it_began(store):
    recorded = record(told(epochs=50, pause=0.02), store)
    while next(recorded).event != "measured":
        pass
    store.write(lambda c: c.execute("UPDATE owners SET host = 'elsewhere', heartbeat = 5"))
    assert sweep(store) == ["aaaaaa"]
    run = find_run(store, "aaaaaa")
    assert run.outcome == "interrupted"
    assert run.finished >= run.created
    recorded.close()


def test_closing_a_store_ends_the_runs_that_are_recorded(home):
    store = Store(home)
    recorded = record(told(epochs=50, pause=0.02), store)
    while next(recorded).event != "measured":
        pass
    store.close()
    with pytest.raises(StoreError, match="is closed"):
        list(recorded)
    store = Store(home)
    assert find_run(store, "aaaaaa").outcome == "interrupted"
    assert list(record(told(epochs=3, first=2), store))[-1].outcome == "completed", "it can be resumed"
    store.close()


def test_a_store_that_was_fast_becomes_one_for_a_network_disk(home, monkeypatch):
    first = Store(home)
    list(record(told(), first))
    first.close()
    part = SimpleNamespace(mountpoint="/", fstype="cifs")
    monkeypatch.setattr("psutil.disk_partitions", lambda all: [part])
    store = Store(home)
    list(record(told("bbbbbb"), store))
    with store.read() as connection:
        assert connection.pragma("journal_mode") == "delete"
    store.close()


def test_a_forked_child_opens_a_store_of_its_own(home):
    from support.children import Child

    store = open_store(home)
    list(record(told(), store))

    def work(say):
        mine = open_store(home)
        list(record(told("bbbbbb"), mine))
        mine.close()
        say(mine is store)

    assert Child(work).end() == (["False"], 0)
    assert ids(store) == ["bbbbbb", "aaaaaa"]
    store.close()


@pytest.mark.parametrize("run", ["../../etc", "/tmp/elsewhere", "..", "A" * 6, "a", "", "aaaa/bbbb"])
def test_an_id_that_could_name_another_place_is_refused(store, run):
    with pytest.raises(StoreError, match="is no id of a run"):
        store.folder(run)
    with pytest.raises(StoreError, match="is no id of a run"):
        list(record(told(run), store))


def test_an_edit_that_fails_on_a_full_disk_leaves_no_trouble_behind(store):
    list(record(told(), store))
    store.free_spare()
    limit = store.writer._connection.pragma("page_count")
    store.writer._connection.pragma("max_page_count", limit)
    with pytest.raises(StoreError, match="no space left"):
        store.write(lambda c: c.execute("CREATE TABLE large AS SELECT zeroblob(1000000)"))
    assert store.trouble is None
    store.writer._connection.pragma("max_page_count", 1 << 30)
    store.write(lambda c: time.sleep(0.1))


def test_a_home_that_is_a_file_is_said(home):
    home.write_text("not a folder")
    store = Store(home)
    assert store.is_read_only
    assert "NORMLAB_HOME" in str(store.problem)


def test_a_damaged_row_does_not_take_the_others_with_it(store):
    list(record(told(), store))
    list(record(told("bbbbbb"), store))
    store.write(
        lambda c: c.execute("UPDATE runs SET environment = '{', best = 'x', last = '[]' WHERE id = 'bbbbbb'")
    )
    assert ids(store) == ["bbbbbb", "aaaaaa"]
    assert find_run(store, "bbbbbb").best is None


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs a place where even root can't make a folder")
def test_a_home_that_cant_be_made_is_one_line():
    with pytest.raises(StoreError, match="/proc/normlab: can't be made: no such file"):
        Store(Path("/proc/normlab")).write(lambda _: None)
