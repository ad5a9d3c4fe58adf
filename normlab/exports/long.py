"""Every measured number in a row of its own, as CSV or Parquet: what data frames and plots like best."""

import csv
import io
import math
from collections.abc import Iterator, Sequence

from normlab.core.errors import show_scalar
from normlab.core.quoting import for_csv
from normlab.exports.exhibit import Exhibit
from normlab.exports.settings import Setting, changed_settings

COLUMNS = ("run", "label", "arm", "origin", "seed", "epoch", "step", "seconds", "metric", "value")
"""Then come the settings that differ among the runs, by their paths."""

_Number = tuple[int, int, float, str, float]


def write_csv(exhibits: Sequence[Exhibit]) -> bytes:
    """Write a row per measured number; what isn't finite is nan, inf or -inf.

    Text that a spreadsheet would run as a formula gets a leading apostrophe.
    """
    settings = changed_settings([each.history.experiment for each in exhibits])
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([*COLUMNS, *settings])
    for index, exhibit in enumerate(exhibits):
        head = [*map(for_csv, _names(exhibit)), exhibit.history.experiment.seed]
        tail = [_csv_value(values[index]) for values in settings.values()]
        writer.writerows([*head, *number, *tail] for number in _numbers(exhibit))
    return file.getvalue().encode()


def write_parquet(exhibits: Sequence[Exhibit]) -> bytes:
    """Write a row per measured number; settings that are numbers in every run that has them stay numbers."""
    import pyarrow as pa
    from pyarrow import parquet

    settings = changed_settings([each.history.experiment for each in exhibits])
    typed = {path: _typed(values) for path, values in settings.items()}
    text = pa.dictionary(pa.int32(), pa.string())
    types = [text] * 4 + [pa.int64()] * 3 + [pa.float64(), text, pa.float64()]
    types += [text if any(isinstance(v, str) for v in values) else pa.float64() for values in typed.values()]
    schema = pa.schema(list(zip((*COLUMNS, *typed), types, strict=True)))
    file = io.BytesIO()
    with parquet.ParquetWriter(file, schema) as writer:
        for index, exhibit in enumerate(exhibits):
            numbers = list(_numbers(exhibit))
            head = [[value] * len(numbers) for value in (*_names(exhibit), exhibit.history.experiment.seed)]
            measured = list(zip(*numbers, strict=True)) or [()] * 5
            tail = [[values[index]] * len(numbers) for values in typed.values()]
            columns = [
                pa.array(column, type) for column, type in zip((*head, *measured, *tail), types, strict=True)
            ]
            writer.write_table(pa.table(columns, schema))
    return file.getvalue()


def _names(exhibit: Exhibit) -> tuple[str, str, str, str]:
    return exhibit.run.id, exhibit.label, exhibit.run.arm, exhibit.origin


def _numbers(exhibit: Exhibit) -> Iterator[_Number]:
    for point in exhibit.history.points:
        seconds = point.metrics.get("seconds", math.nan)
        for metric, value in point.metrics.items():
            if metric != "seconds":
                yield point.epoch, point.step, seconds, metric, value


def _csv_value(value: Setting | None) -> Setting:
    if isinstance(value, str):
        return for_csv(value)
    return "" if value is None else show_scalar(value)


def _typed(values: Sequence[Setting | None]) -> Sequence[float | str | None]:
    if any(isinstance(value, bool | str) for value in values):
        return [None if value is None else show_scalar(value) for value in values]
    return values
