"""Products of matrices: the same numbers in every form, and a choice that stays."""

import pytest
import torch

from normlab.core import places
from normlab.stacked import kept_library, library, product
from normlab.stacked.product import choose_form, form_of, multiply


@pytest.fixture
def fresh_choice():
    library.choose_library.cache_clear()
    yield places.home() / "products"
    library.choose_library.cache_clear()


def needs_onednn():
    if not library._has_onednn():
        pytest.skip("this torch is built without oneDNN")


@pytest.mark.parametrize("kind", ["blas", "onednn"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("shape", [(8, 5, 3), (64, 257, 10), (64, 1400, 2), (129, 130, 131), (300, 200, 1)])
def test_each_form_gives_the_product(shape, dtype, kind, monkeypatch):
    if kind == "onednn":
        needs_onednn()
    monkeypatch.setattr(product, "choose_library", lambda: kind)
    rows, inner, columns = shape
    a, b, bias = torch.randn(rows, inner), torch.randn(inner, columns), torch.randn(columns)
    out = torch.empty(rows, columns, dtype=dtype)
    for left in (a.to(dtype), a.to(dtype).t().contiguous().t()):
        for right in (b.to(dtype), b.to(dtype).t().contiguous().t()):
            multiply(form_of(left, right), left, right, out)
            torch.testing.assert_close(out.double(), a.double() @ b.double(), rtol=1e-4, atol=1e-4)
            multiply(form_of(left, right), left, right, out, bias.to(dtype))
            wanted = a.double() @ b.double() + bias.double()
            torch.testing.assert_close(out.double(), wanted, rtol=1e-4, atol=1e-4)


def test_the_form_follows_from_the_shape():
    assert choose_form(64, 128, 128, "onednn") == "plain"
    assert choose_form(64, 256, 256, "onednn") == "onednn"
    assert choose_form(64, 256, 256, "blas") == "plain"
    assert choose_form(64, 1400, 2, "onednn") == choose_form(64, 1400, 2, "blas") == "turned"
    assert choose_form(32, 64, 2, "onednn") == "plain"


@pytest.mark.parametrize("shape", [(64, 256, 256), (64, 1400, 10), (64, 100, 64)])
def test_bits_do_not_depend_on_addresses(shape, monkeypatch):
    if library._has_onednn():
        monkeypatch.setattr(product, "choose_library", lambda: "onednn")
    rows, inner, columns = shape
    a, b = torch.randn(rows, inner), torch.randn(inner, columns)
    results = []
    for offset in (0, 1, 24, 64):
        moved = torch.empty(offset + a.numel())[offset:].view_as(a).copy_(a)
        out = torch.empty(offset + rows * columns)[offset:].view(rows, columns)
        multiply(form_of(moved, b), moved, b, out)
        results.append(out)
    assert all(torch.equal(results[0], result) for result in results)


def test_a_choice_is_measured_once_and_stays(fresh_choice, monkeypatch):
    needs_onednn()
    monkeypatch.setattr(library, "measure", lambda: "onednn")
    assert library.choose_library() == "onednn"
    assert [path.read_bytes() for path in fresh_choice.iterdir()] == [b"onednn"]
    library.choose_library.cache_clear()
    monkeypatch.setattr(library, "measure", lambda: "blas")
    assert library.choose_library() == "onednn", "another process reads what the first one kept"


def test_of_two_processes_that_measure_at_once_the_first_decides(fresh_choice, monkeypatch):
    needs_onednn()

    def measure():
        kept_library.keep("blas")
        return "onednn"

    monkeypatch.setattr(library, "measure", measure)
    assert library.choose_library() == "blas"


def test_a_file_that_says_nothing_is_measured_anew(fresh_choice, monkeypatch):
    needs_onednn()
    fresh_choice.mkdir(parents=True)
    path = kept_library._path()
    path.write_bytes(b"\xff" * 99)
    monkeypatch.setattr(library, "measure", lambda: "onednn")
    assert library.choose_library() == "onednn"
    assert path.read_bytes() == b"onednn"
    assert list(fresh_choice.iterdir()) == [path]


def test_where_a_choice_cannot_be_kept_it_is_blas(fresh_choice, monkeypatch):
    needs_onednn()
    fresh_choice.parent.mkdir(parents=True)
    fresh_choice.write_text("a file where the folder should be")
    monkeypatch.setattr(library, "measure", lambda: "onednn")
    assert library.choose_library() == "blas"


def test_without_onednn_it_is_blas(fresh_choice, monkeypatch):
    monkeypatch.setattr(library, "_has_onednn", lambda: False)
    assert library.choose_library() == "blas"
    assert not fresh_choice.exists()


def test_measuring_leaves_the_number_of_threads(fresh_choice):
    needs_onednn()
    before = torch.get_num_threads()
    assert library.measure() in ("blas", "onednn")
    assert torch.get_num_threads() == before
