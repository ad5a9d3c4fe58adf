"""Downloaded image sets, from a server on this machine that serves tiny files in the true formats."""

import errno
import gzip
import hashlib
import http.server
import io
import pickle
import socket
import tarfile
import threading
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import scipy.io
from torchvision import datasets
from torchvision.datasets import utils

from normlab.components.datasets import Dataset, _download
from normlab.core.choice import member, members
from normlab.core.errors import DataError

NUM_TRAIN, NUM_TEST = 15, 4
KINDS = {
    "mnist": "MNIST",
    "fashion_mnist": "FashionMNIST",
    "kmnist": "KMNIST",
    "cifar10": "CIFAR10",
    "svhn": "SVHN",
}
IDX = list(KINDS)[:3]


@dataclass
class Site:
    """A server's files, how it answers, and what it was asked for."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    ranges: bool = True
    shift: int = 0
    """Added to where an answer says that it starts, and starts."""
    cut: int | None = None
    asked: list[tuple[str, str | None]] = field(default_factory=list)


@pytest.fixture
def site(monkeypatch):
    shown = Site()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            name, wanted = self.path[1:], self.headers["Range"]
            shown.asked.append((name, wanted))
            if name not in shown.files:
                self.send_error(404)
                return
            content, start = shown.files[name], 0
            if wanted and shown.ranges:
                start = int(wanted.removeprefix("bytes=").removesuffix("-"))
                if start >= len(content):
                    self.send_error(416)
                    return
                start += shown.shift
                self.send_response(206)
                self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            else:
                self.send_response(200)
            self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            self.wfile.write(content[start : shown.cut])

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        shown.url = f"http://127.0.0.1:{server.server_port}/"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        monkeypatch.setenv("no_proxy", "*")
        yield shown
        server.shutdown()
        thread.join()


def md5(content: bytes) -> str:
    return hashlib.md5(content).hexdigest()


def idx(array: np.ndarray) -> bytes:
    header = (0x0800 + array.ndim).to_bytes(4, "big")
    return header + b"".join(size.to_bytes(4, "big") for size in array.shape) + array.tobytes()


class OldArray:
    """Pickles bytes as NumPy did under Python 2, which wrote the published files."""

    def __init__(self, array: np.ndarray) -> None:
        self.array = array

    def __reduce__(self):
        from numpy._core.multiarray import _reconstruct

        text = self.array.tobytes().decode("latin1")
        return _reconstruct, (np.ndarray, (0,), "b"), (1, self.array.shape, OldType(), False, text)


class OldType:
    def __reduce__(self):
        return np.dtype, ("u1", 0, 1), (3, "|", None, None, None, -1, -1, 0)


def batch(images: np.ndarray, labels: np.ndarray) -> bytes:
    entry = {"data": OldArray(images.reshape(len(images), -1)), "labels": labels.tolist()}
    return pickle.dumps(entry, protocol=2).replace(b"numpy._core.multiarray", b"numpy.core.multiarray")


@pytest.fixture
def publish(site, monkeypatch):
    """Draw a set, serve it as it is published, and give its images and labels: training, then test."""

    def serve(kind: str) -> list[tuple[np.ndarray, np.ndarray]]:
        part, known = members(Dataset)[kind], getattr(datasets, KINDS[kind])
        random = np.random.default_rng(0)
        parts = [
            (
                random.integers(256, size=(count, *part.shape), dtype="uint8"),
                np.arange(count, dtype="uint8") % 10,
            )
            for count in (NUM_TRAIN, NUM_TEST)
        ]
        monkeypatch.setattr(part, "num_stored", NUM_TRAIN)
        monkeypatch.setattr(part, "num_test", NUM_TEST)
        if kind in IDX:
            names = [name for name, _ in known.resources]
            contents = [gzip.compress(idx(array)) for x, y in parts for array in (x[:, 0], y)]
            site.files |= dict(zip(names, contents, strict=True))
            monkeypatch.setattr(known, "mirrors", [site.url])
            monkeypatch.setattr(known, "resources", [(name, md5(site.files[name])) for name in names])
        elif kind == "cifar10":
            (x, y), test = parts
            batches = [(x[i : i + 3], y[i : i + 3]) for i in range(0, NUM_TRAIN, 3)] + [test]
            listed = [name for name, _ in known.train_list + known.test_list]
            contents = {name: batch(*b) for name, b in zip(listed, batches, strict=True)}
            contents[known.meta["filename"]] = pickle.dumps({"label_names": list("0123456789")}, protocol=2)
            with tarfile.open(fileobj=(packed := io.BytesIO()), mode="w:gz") as archive:
                for name, content in contents.items():
                    entry = tarfile.TarInfo(f"{known.base_folder}/{name}")
                    entry.size = len(content)
                    archive.addfile(entry, io.BytesIO(content))
            site.files[known.filename] = packed.getvalue()
            sums = [[name, md5(contents[name])] for name in listed]
            monkeypatch.setattr(known, "url", site.url + known.filename)
            monkeypatch.setattr(known, "tgz_md5", md5(packed.getvalue()))
            monkeypatch.setattr(known, "train_list", sums[:-1])
            monkeypatch.setattr(known, "test_list", sums[-1:])
            monkeypatch.setattr(known, "meta", known.meta | {"md5": md5(contents[known.meta["filename"]])})
        else:
            split_list = {}
            for split, (x, y) in zip(("train", "test"), parts, strict=True):
                name = known.split_list[split][1]
                digits = np.where(y == 0, 10, y)[:, None]  # the files write 10 for the digit 0
                scipy.io.savemat(content := io.BytesIO(), {"X": x.transpose(2, 3, 1, 0), "y": digits})
                site.files[name] = content.getvalue()
                split_list[split] = [site.url + name, name, md5(content.getvalue())]
            monkeypatch.setattr(known, "split_list", split_list)
        return parts

    return serve


@pytest.fixture
def unplug(monkeypatch):
    def refuse(*_):
        raise AssertionError("asked the network")

    return lambda: monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_fetched_is_read_without_a_network(kind, publish, site, unplug, tmp_path, read):
    train, test = publish(kind)
    told = list(member(Dataset, kind).fetch(tmp_path))
    assert {step.what: step.done_bytes for step in told} == {name: len(c) for name, c in site.files.items()}
    assert all(step.total_bytes == len(site.files[step.what]) for step in told)
    unplug()
    assert list(member(Dataset, kind).fetch(tmp_path)) == []
    samples = read(member(Dataset, kind), tmp_path)
    for part, (x, y) in ((samples, train), (samples.val, test)):
        np.testing.assert_array_equal(part.x, x.astype("float32") / 255)
        np.testing.assert_array_equal(part.y, y)
    first = read(member(Dataset, kind, samples=5, use_test_set=False), tmp_path)
    np.testing.assert_array_equal(first.x, samples.x[:5])


@pytest.mark.parametrize("kind", KINDS)
def test_archives_put_by_hand_need_no_network(kind, publish, site, unplug, tmp_path, read):
    publish(kind)
    folder = tmp_path / KINDS[kind] / "raw" if kind in IDX else tmp_path
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in site.files.items():
        (folder / name).write_bytes(content)
    unplug()
    assert list(member(Dataset, kind).fetch(tmp_path)) == []
    read(member(Dataset, kind), tmp_path)


@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_file_is_named_and_comes_back_once_deleted(kind, publish, tmp_path, read):
    publish(kind)
    part = member(Dataset, kind)
    list(part.fetch(tmp_path))
    for file in part.sources(tmp_path):
        content = file.read_bytes()
        for damage in (content[: len(content) // 2], b"", b"?" + content[1:], content + b"?"):
            file.write_bytes(damage)
            assert list(part.fetch(tmp_path)) == []
            with pytest.raises(DataError) as error:
                read(part, tmp_path)
            assert str(error.value) == f"{file}: is damaged; delete it and run again"
        file.unlink()
        with pytest.raises(DataError, match="is missing; run again where there is a network"):
            read(part, tmp_path)
        list(part.fetch(tmp_path))
        assert file.read_bytes() == content


def test_a_label_beyond_the_classes_is_damage(publish, tmp_path, read):
    publish("mnist")
    list(member(Dataset, "mnist").fetch(tmp_path))
    file = tmp_path / "MNIST" / "raw" / "t10k-labels-idx1-ubyte"
    file.write_bytes(file.read_bytes()[:-1] + b"\x0a")
    with pytest.raises(DataError, match="t10k-labels-idx1-ubyte: is damaged"):
        read(member(Dataset, "mnist"), tmp_path)


def test_without_the_test_set_its_file_is_not_downloaded(publish, site, tmp_path, read):
    publish("svhn")
    part = member(Dataset, "svhn", use_test_set=False)
    list(part.fetch(tmp_path))
    assert site.asked == [("train_32x32.mat", None)]
    assert read(part, tmp_path).val is None


@pytest.fixture
def svhn(publish, tmp_path):
    """A set of one file, where it belongs, and what belongs there."""
    publish("svhn")
    return member(Dataset, "svhn", use_test_set=False), tmp_path / "train_32x32.mat"


def test_a_broken_download_is_resumed_from_where_it_stopped(svhn, site, tmp_path):
    part, file = svhn
    content = site.files[file.name]
    site.cut = len(content) // 2
    with pytest.raises(DataError, match=rf"broke off after {site.cut} of {len(content)} bytes"):
        list(part.fetch(tmp_path))
    assert not file.exists()
    steps, site.cut = part.fetch(tmp_path), None
    assert next(steps).done_bytes == len(content) // 2
    list(steps)
    assert site.asked == [(file.name, None), (file.name, f"bytes={len(content) // 2}-")]
    assert file.read_bytes() == content
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize(("ranges", "size"), [(False, 100), (True, 10**6)])
def test_a_download_starts_anew_where_it_can_not_be_resumed(ranges, size, svhn, site, tmp_path):
    part, file = svhn
    site.ranges = ranges
    Path(f"{file}.part").write_bytes(bytes(size))
    list(part.fetch(tmp_path))
    assert file.read_bytes() == site.files[file.name]
    assert [asked for _, asked in site.asked] == [f"bytes={size}-", None]


def test_an_answer_that_starts_elsewhere_is_not_joined_on(svhn, site, tmp_path):
    part, file = svhn
    Path(f"{file}.part").write_bytes(site.files[file.name][:100])
    site.shift = 1
    list(part.fetch(tmp_path))
    assert file.read_bytes() == site.files[file.name]
    assert [asked for _, asked in site.asked] == ["bytes=100-", None]


def test_a_download_that_only_lacks_its_name_is_not_repeated(svhn, site, unplug, tmp_path):
    part, file = svhn
    Path(f"{file}.part").write_bytes(site.files[file.name])
    unplug()
    list(part.fetch(tmp_path))
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("lead", [1, 2])
def test_two_processes_may_fetch_the_same_file(lead, svhn, site, tmp_path, monkeypatch):
    part, file = svhn
    monkeypatch.setattr(_download, "CHUNK_BYTES", len(site.files[file.name]) // 5)
    first, second = part.fetch(tmp_path), part.fetch(tmp_path)
    for _ in range(lead):
        next(first)
    next(second)
    list(first)
    list(second)
    assert file.read_bytes() == site.files[file.name]
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("kind", ["mnist", "cifar10"])
def test_unpacking_that_breaks_off_leaves_nothing_half_done(kind, publish, tmp_path, monkeypatch, read):
    publish(kind)
    part = member(Dataset, kind)
    extract = utils.extract_archive

    def fill_the_disk(archive: str, folder: str) -> None:
        extract(archive, folder)
        for file in Path(folder).rglob("*"):
            if file.is_file():
                file.write_bytes(file.read_bytes()[:10])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(utils, "extract_archive", fill_the_disk)
    with pytest.raises(DataError, match=r"gz: can't be unpacked \(No space left on device\); make room in "):
        list(part.fetch(tmp_path))
    assert not any(file.exists() for file in part.sources(tmp_path))
    monkeypatch.setattr(utils, "extract_archive", extract)
    list(part.fetch(tmp_path))
    read(part, tmp_path)


def test_what_has_the_wrong_checksum_is_removed(svhn, site, tmp_path):
    part, file = svhn
    Path(f"{file}.part").write_bytes(b"of another file")
    with pytest.raises(DataError, match=r"train_32x32\.mat can't be downloaded .*wrong checksum"):
        list(part.fetch(tmp_path))
    assert list(tmp_path.iterdir()) == []
    list(part.fetch(tmp_path))
    assert file.exists()


def test_another_file_in_an_archive_s_place_is_left_alone(publish, tmp_path):
    publish("cifar10")
    archive = tmp_path / "cifar-10-python.tar.gz"
    archive.write_bytes(b"mine")
    with pytest.raises(DataError) as error:
        list(member(Dataset, "cifar10").fetch(tmp_path))
    said = "is damaged, or another file: its checksum is wrong; delete it and run again"
    assert str(error.value) == f"{archive}: {said}"
    assert archive.read_bytes() == b"mine"


def test_every_mirror_is_tried(publish, site, tmp_path, monkeypatch, read):
    publish("mnist")
    monkeypatch.setattr(datasets.MNIST, "mirrors", ["http://127.0.0.1:1/", f"{site.url}none/", site.url])
    list(member(Dataset, "mnist").fetch(tmp_path))
    read(member(Dataset, "mnist"), tmp_path)


def test_without_a_network_one_line_says_what_to_put_where(publish, site, tmp_path, monkeypatch):
    publish("mnist")
    monkeypatch.setattr(datasets.MNIST, "mirrors", ["http://127.0.0.1:1/", f"{site.url}none/"])
    folder = tmp_path / "MNIST" / "raw"
    with pytest.raises(DataError) as error:
        list(member(Dataset, "mnist").fetch(tmp_path))
    assert len(error.value.problems) == 1
    names = ", ".join(name for name, _ in datasets.MNIST.resources)
    assert str(error.value) == (
        f"{folder}: train-images-idx3-ubyte.gz can't be downloaded (127.0.0.1:1: Connection refused; "
        f"{site.url[7:-1]}: HTTP Error 404: Not Found); try again, or put {names} into {folder} by hand"
    )


def test_a_folder_that_can_not_be_written_is_told(svhn, tmp_path):
    (tmp_path / "taken").write_bytes(b"")
    with pytest.raises(DataError, match=r"taken: train_32x32\.mat can't be downloaded .*(exists|directory)"):
        list(svhn[0].fetch(tmp_path / "taken"))


@pytest.mark.parametrize("kind", KINDS)
def test_the_outline_of_a_published_set_is_known_beforehand(kind, tmp_path):
    told = member(Dataset, kind).outline(tmp_path)
    assert (told.num_samples, told.num_val) == {"cifar10": (50_000, 10_000), "svhn": (73_257, 26_032)}.get(
        kind, (60_000, 10_000)
    )
    lecture = member(Dataset, kind, samples=11_000, use_test_set=False, val_samples=1000)
    assert lecture.split_sizes(lecture.outline(tmp_path)) == (10_000, 1000)
