import json

from normlab.core.parsing import parse
from normlab.engine.events import Point
from normlab.exports.document import write_json
from normlab.lab.experiment import Experiment


def refuse(constant):
    raise AssertionError(f"{constant} is no JSON")


def read(exhibits):
    return json.loads(write_json(exhibits), parse_constant=refuse)["runs"]


def test_points_and_settings_come_back_as_they_were(pair):
    for told, exhibit in zip(read(pair), pair, strict=True):
        assert [parse(Point, point) for point in told["points"]] == exhibit.history.points
        assert parse(Experiment, told["experiment"]) == exhibit.history.experiment
        assert parse(Point, told["best"]) == exhibit.history.best
        assert told["environment"] == exhibit.run.environment


def test_what_is_not_finite_is_text(odd):
    values = [point["metrics"]["val_loss"] for point in read([odd])[0]["points"]]
    assert values == [0.5, "inf", "-inf", "nan"]


def test_times_are_utc(scripted):
    told = read([scripted([1.0], created=0.0, finished=None)])[0]
    assert (told["created"], told["finished"]) == ("1970-01-01T00:00:00+00:00", None)


def test_a_note_brings_no_control_characters_to_a_terminal(odd):
    assert b"\x1b" not in write_json([odd])
