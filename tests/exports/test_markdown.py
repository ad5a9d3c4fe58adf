from markdown_it import MarkdownIt

from normlab.exports.markdown import write_markdown


def test_table_has_a_column_per_arm(pair):
    header, _, *rows = write_markdown(pair).decode().splitlines()
    assert [cell.strip() for cell in header.split("|")[2:-1]] == ["baseline", "batch norm"]
    assert any(row.startswith("| model.norm ") for row in rows)


def test_seeds_share_a_column(scripted):
    runs = [scripted([0.5 + seed], f"run{seed}", {"seed": seed}) for seed in range(3)]
    header, *rows = write_markdown(runs).decode().splitlines()
    assert "baseline · 3 seeds" in header
    assert any("1.5000 ± 1.0000" in row for row in rows)


def test_a_seed_that_ran_twice_is_no_repetition(scripted):
    header = write_markdown([scripted([0.5], "one"), scripted([0.6], "two")]).decode().splitlines()[0]
    assert [cell.strip() for cell in header.split("|")[2:-1]] == ["baseline", "baseline (2)"]


def test_arms_of_one_name_are_told_apart_by_what_they_change(scripted):
    runs = [
        scripted([0.5], "one"),
        scripted([0.6], "two", {"optimizer.lr": 0.01}),
        scripted([0.7], "three", {"optimizer.lr": 0.02}),
        scripted([0.8], "four", origin="one:best"),
    ]
    table = write_markdown(runs).decode().splitlines()
    header = [cell.strip() for cell in table[0].split("|")[2:-1]]
    assert header == ["baseline", "baseline · lr = 0.01", "baseline · lr = 0.02", "baseline · from one:best"]
    (origin,) = (row for row in table if row.startswith("| origin "))
    assert [cell.strip() for cell in origin.split("|")[2:-1]] == ["–", "–", "–", "one:best"]


def test_a_name_is_no_markup(odd):
    html = MarkdownIt("commonmark").enable("table").render(write_markdown([odd]).decode())
    assert "<script" not in html
    assert "href" not in html
    assert "<table>" in html
