import pytest

from normlab.core.errors import ConfigError
from normlab.scale import jobs


def test_more_workers_than_fit_into_memory_are_refused_in_one_line(monkeypatch):
    monkeypatch.setattr(jobs, "physical_memory_bytes", lambda: 2 * 2**30)
    jobs.check_jobs(4)
    with pytest.raises(
        ConfigError, match=r"^--jobs: 5: is more than 2.0 GiB of memory hold, .*; use \d or fewer$"
    ):
        jobs.check_jobs(5)


def test_there_is_always_room_for_one(monkeypatch):
    monkeypatch.setattr(jobs, "physical_memory_bytes", lambda: 2**20)
    jobs.check_jobs(1)
    assert jobs.max_jobs() == 1


def test_as_many_as_there_are_processors_are_of_use(monkeypatch):
    monkeypatch.setattr(jobs, "num_cpus", lambda: 3)
    monkeypatch.setattr(jobs, "physical_memory_bytes", lambda: 2**40)
    assert jobs.max_jobs() == 3
