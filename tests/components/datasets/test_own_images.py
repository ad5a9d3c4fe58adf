"""A user's own folder of images."""

import contextlib
import errno
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from normlab.components.datasets import Dataset
from normlab.core.choice import member
from normlab.core.errors import DataError


@pytest.fixture
def root(tmp_path):
    """Two classes, of two images and one, beside what is none of them."""
    for name, colour in {"dog/b.png": "red", "dog/a.JPG": "white", "cat/1.png": "blue"}.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        Image.new("RGB", (20, 10), colour).save(path)
    (tmp_path / ".cache").mkdir()
    (tmp_path / "dog" / "notes.txt").write_text("none")
    (tmp_path / "notes.png").write_text("none")
    return tmp_path


def test_folders_are_classes_in_sorted_order(root, read):
    samples = read(member(Dataset, "image_folder", path=str(root), size=4))
    assert samples.x.shape == (3, 3, 4, 4)
    assert samples.y.tolist() == [0, 1, 1]
    np.testing.assert_allclose(samples.x[:, :, 2, 1], [[0, 0, 1], [1, 1, 1], [1, 0, 0]], atol=0.02)


def test_grey_is_the_brightness(root, read):
    samples = read(member(Dataset, "image_folder", path=str(root), size=2, channels="grey"))
    np.testing.assert_allclose(samples.x[:, 0, 0, 0], [0.114, 1, 0.299], atol=0.01)


def test_an_added_image_is_seen(root, read):
    part = member(Dataset, "image_folder", path=str(root))
    assert part.outline(Path()).num_samples == 3
    Image.new("RGBA", (1, 1)).save(root / "cat" / "2.webp")
    assert len(read(part).x) == 4


def test_what_is_no_set_of_classes_is_told(root, tmp_path):
    def said(path: Path | str) -> str:
        with pytest.raises(DataError) as error:
            member(Dataset, "image_folder", path=str(path)).outline(Path())
        return str(error.value)

    for path in ("", root / "none", root / "notes.png"):
        assert "is no folder; give the folder that holds a folder for each class" in said(path)
    assert said(root / "dog").startswith(f"{root / 'dog'}: holds 0 folders, and each class has one; ")
    (root / "empty").mkdir()
    assert said(root).startswith(f"{root / 'empty'}: holds no image; put some into it (.png, ")


def test_an_unreadable_image_is_named(root, read):
    (root / "dog" / "b.png").write_bytes(b"not an image")
    with pytest.raises(
        DataError, match=r"dog/b\.png: can't be read as an image \(cannot identify image file"
    ):
        read(member(Dataset, "image_folder", path=str(root)))


@pytest.mark.parametrize("kind", ["EPS", "ICO"])
def test_another_type_of_image_under_a_known_name_is_refused(kind, root, read):
    Image.new("RGB", (16, 16), "red").save(root / "dog" / "b.png", kind)
    with pytest.raises(DataError, match=r"dog/b\.png: can't be read as an image \(cannot identify"):
        read(member(Dataset, "image_folder", path=str(root)))


@pytest.mark.parametrize("suffix", ["png", "tif", "pgm"])
def test_sixteen_bits_of_grey_keep_their_brightness(suffix, root, read):
    grey = np.array([[0, 257 * 100], [257 * 200, 65535]], "uint16")
    (root / "cat" / "1.png").unlink()
    Image.fromarray(grey).save(root / "cat" / f"1.{suffix}")
    samples = read(member(Dataset, "image_folder", path=str(root), size=2, channels="grey"))
    np.testing.assert_array_equal(samples.x[0, 0], np.array([[0, 100], [200, 255]], "float32") / 255)


@pytest.mark.parametrize(("type_", "mode"), [("float32", "F"), ("int32", "I")])
def test_pixels_without_a_known_white_are_refused(type_, mode, root, read):
    Image.fromarray(np.ones((2, 2), type_)).save(root / "cat" / "2.tif")
    with pytest.raises(DataError) as error:
        read(member(Dataset, "image_folder", path=str(root)))
    said = "holds numbers without a known white; save it with 8 or 16 bits a channel"
    assert str(error.value) == f"{root / 'cat' / '2.tif'}: {mode}: {said}"


def test_an_image_is_turned_upright(root, read):
    part = member(Dataset, "image_folder", path=str(root), size=2, channels="grey")
    pixels = np.array([[0, 100], [200, 255]], "uint8")
    turned = Image.Exif()
    turned[0x0112] = 6  # the camera was held on its side
    Image.fromarray(pixels).save(root / "cat" / "1.png", exif=turned)
    np.testing.assert_allclose(read(part).x[0, 0] * 255, np.rot90(pixels, -1), rtol=1e-6)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_is_transparent_lies_on_white(mode, root, read):
    Image.new("RGBA", (2, 2), (0, 0, 0, 0)).convert(mode).save(root / "cat" / "1.png")
    assert (read(member(Dataset, "image_folder", path=str(root), size=2)).x[0] == 1).all()


def test_a_link_to_itself_is_told(root):
    (root / "cat" / "round.png").symlink_to("round.png")
    with pytest.raises(DataError, match=r"cat/round\.png: can't be read \(Too many levels"):
        member(Dataset, "image_folder", path=str(root)).outline(Path())


@pytest.mark.parametrize("refused", ["", "dog"])
def test_a_folder_that_may_not_be_read_is_told(refused, root, monkeypatch):
    scan = os.scandir

    def refuse(path):
        if Path(path) == root / refused:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)  # as root, the tests may read everything
    with pytest.raises(DataError) as error:
        member(Dataset, "image_folder", path=str(root)).outline(Path())
    said = "can't be read (Permission denied); check its permissions, or remove it"
    assert str(error.value) == f"{root / refused}: {said}"


@pytest.mark.parametrize("limit", [150, 50])
def test_a_decompression_bomb_is_refused(limit, root, read, monkeypatch):
    monkeypatch.setattr(
        Image, "MAX_IMAGE_PIXELS", limit
    )  # the images have 200: once a warning, once an error
    with pytest.raises(
        DataError, match=r"cat/1\.png: can't be read as an image \(Image size \(200 pixels\) exceeds"
    ):
        read(member(Dataset, "image_folder", path=str(root)))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(["dog/b.png", "dog/a.JPG"]), st.floats(0, 1), st.binary(max_size=4), st.booleans())
def test_a_damaged_image_is_refused_or_read_but_never_crashes(root, read, name, place, noise, cut):
    path = root / name
    content = path.read_bytes()
    at = int(place * len(content))
    path.write_bytes(content[:at] + noise + (b"" if cut else content[at + len(noise) :]))
    with contextlib.suppress(DataError):
        read(member(Dataset, "image_folder", path=str(root)))
    path.write_bytes(content)
