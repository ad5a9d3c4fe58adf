"""Downloads that are resumed where they broke off, checked, and only then put in their place."""

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from normlab.components.datasets import Fetched
from normlab.core.errors import DataError, Problem
from normlab.core.text import visible

TIMEOUT_SECONDS = 30
CHUNK_BYTES = 2**16


@dataclass(frozen=True)
class Remote:
    """A file on the net."""

    path: Path
    """Where it belongs."""
    urls: tuple[str, ...]
    """Where it can be had, the same from each."""
    md5: str


def download(remotes: Iterable[Remote]) -> Iterator[Fetched]:
    """Download the files that are not there yet, trying every mirror.

    What was received of a file before stays beside its place as `NAME.part`.

    Raises: DataError when no mirror delivers a file, or another file stands in its place.
    """
    wanted = [remote for remote in remotes if not _stands(remote)]
    for index, remote in enumerate(wanted):
        causes: list[str] = []
        for url in remote.urls:
            try:
                yield from _receive(url, remote)
                break
            except (OSError, HTTPException) as error:
                if has_md5(remote.path, remote.md5):  # another process has put it there
                    break
                causes.append(f"{urlsplit(url).netloc}: {_cause(error)}")
        else:
            folder = remote.path.parent
            names = ", ".join(rest.path.name for rest in wanted[index:])
            rule = f"{remote.path.name} can't be downloaded ({visible('; '.join(causes), 300)})"
            raise DataError(Problem(str(folder), rule, f"try again, or put {names} into {folder} by hand"))


def has_md5(path: Path, md5: str) -> bool:
    """Tell whether the file is there, with that checksum."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest() == md5


def _stands(remote: Remote) -> bool:
    if not remote.path.exists():
        return False
    if has_md5(remote.path, remote.md5):
        return True
    rule = "is damaged, or another file: its checksum is wrong"
    raise DataError(Problem(str(remote.path), rule, "delete it and run again"))


def _receive(url: str, remote: Remote) -> Iterator[Fetched]:
    part = remote.path.with_name(f"{remote.path.name}.part")
    part.parent.mkdir(parents=True, exist_ok=True)
    if has_md5(part, remote.md5):  # it was stopped between the last byte and the renaming
        os.replace(part, remote.path)
        return
    response, done = _open(url, part.stat().st_size if part.exists() else 0)
    part.touch()
    # Written in place and never cut short: another process may write the same bytes into it meanwhile.
    with response, part.open("r+b") as file:
        file.seek(done)
        total = None if response.length is None else done + response.length
        yield Fetched(remote.path.name, done, total)
        while chunk := response.read(CHUNK_BYTES):
            done += file.write(chunk)
            yield Fetched(remote.path.name, done, total)
        if total is not None and done < total:
            raise ConnectionError(f"the connection broke off after {done} of {total} bytes")
        file.truncate()
        file.flush()
        os.fsync(file.fileno())
    if not has_md5(part, remote.md5):
        part.unlink(missing_ok=True)
        raise ConnectionError("what is served there has the wrong checksum")
    os.replace(part, remote.path)


def _open(url: str, start: int) -> tuple[HTTPResponse, int]:
    """Ask for the file from byte `start` on, and tell where the answer starts: there, or at 0."""
    agent = {"User-Agent": "normlab"}
    if start:
        try:
            request = Request(url, headers=agent | {"Range": f"bytes={start}-"})
            response = urlopen(request, timeout=TIMEOUT_SECONDS)
        except HTTPError as error:
            error.close()
        else:
            if response.status == 206 and response.headers.get("Content-Range", "").startswith(
                f"bytes {start}-"
            ):
                return response, start
            response.close()
    return urlopen(Request(url, headers=agent), timeout=TIMEOUT_SECONDS), 0


def _cause(error: Exception) -> str:
    if isinstance(error, URLError) and isinstance(error.reason, OSError):
        error = error.reason
    said = error.strerror if isinstance(error, OSError) and not isinstance(error, HTTPError) else None
    return said or str(error) or type(error).__name__
