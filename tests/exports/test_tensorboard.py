import math

import pytest
from markdown_it import MarkdownIt

from normlab.exports.tensorboard import fill_tensorboard

pytest.importorskip("tensorboard")


def read(folder):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder), size_guidance={"scalars": 0, "tensors": 0})
    events.Reload()
    return events


def text(events, name):
    return events.Tensors(f"{name}/text_summary")[0].tensor_proto.string_val[0].decode()


def test_every_metric_comes_back_over_steps(tmp_path, pair):
    fill_tensorboard(pair, tmp_path)
    for exhibit in pair:
        events = read(tmp_path / exhibit.run.id)
        for metric in exhibit.history.points[0].metrics:
            told = [(event.step, event.value) for event in events.Scalars(metric)]
            measured = [(p.step, pytest.approx(p.metrics[metric], 1e-6)) for p in exhibit.history.points]
            assert told == measured


def test_files_tell_nothing_of_this_machine_and_this_moment(tmp_path, pair):
    places = [tmp_path / "one", tmp_path / "two"]
    for place in places:
        place.mkdir()
        fill_tensorboard(pair, place)
    first, second = ({path.name: path.read_bytes() for path in place.rglob("events*")} for place in places)
    assert first == second
    assert [*first] == ["events.out.tfevents.1700000000.normlab"]


def test_points_carry_the_time_at_which_they_were_measured(tmp_path, odd):
    fill_tensorboard([odd], tmp_path)
    scalars = read(tmp_path / odd.run.id).Scalars("val_loss")
    assert [event.wall_time for event in scalars] == [1.7e9 + 0.5 * epoch for epoch in (1, 2, 3, 4)]
    (best,) = read(tmp_path / odd.run.id).Scalars("best/val_loss")
    assert best.wall_time == 1.7e9 + 0.5
    assert [event.value for event in scalars[:3]] == [0.5, math.inf, -math.inf]
    assert math.isnan(scalars[3].value)


def test_settings_are_hyperparameters(tmp_path, pair):
    from tensorboard.plugins.hparams import metadata

    fill_tensorboard(pair, tmp_path)
    events = read(tmp_path / "bbb222")
    content = events.summary_metadata[metadata.SESSION_START_INFO_TAG].plugin_data.content
    told = metadata.parse_session_start_info_plugin_data(content).hparams
    assert told["model.norm.kind"].string_value == "batch"
    assert told["optimizer.lr"].number_value == 0.01


def test_summary_and_note_are_no_markup(tmp_path, odd):
    fill_tensorboard([odd], tmp_path)
    events = read(tmp_path / odd.run.id)
    html = MarkdownIt("commonmark").enable("table").render(text(events, "summary"))
    assert "<table>" in html
    assert "<script" not in html
    assert "href" not in html
    assert all(line.startswith("    ") for line in text(events, "note").splitlines())
    assert "\x1b" not in text(events, "note")
