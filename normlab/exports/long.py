"""Every measured number in a row of its own, as CSV or Parquet: what data frames and plots like best."""

import csv
import io
import math
from collections.abc import Iterator, Sequence

from normlab.core.quoting import for_csv
from normlab.exports.exhibit import Exhibit, changed_settings

COLUMNS = ("run", "label", "arm", "seed", "epoch", "step", "seconds", "metric", "value")
"""Then come the settings that differ among the runs, by their paths."""

_Number = tuple[int, int, float, str, float]


def write_csv(exhibits: Sequence[Exhibit]) -> bytes:
    """Write a row per measured number; what isn't finite is nan, inf or -inf.

    Text that a spreadsheet would run as a formula gets a leading apostrophe.
    """
    settings = changed_settings(exhibits)
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([*COLUMNS, *settings])
    for index, exhibit in enumerate(exhibits):
        head = [*map(for_csv, _names(exhibit)), exhibit.history.experiment.seed]
        tail = [for_csv(values[index] or "") for values in settings.values()]
        writer.writerows([*head, *number, *tail] for number in _numbers(exhibit))
    return file.getvalue().encode()


def write_parquet(exhibits: Sequence[Exhibit]) -> bytes:
    """Write a row per measured number; settings that are numbers in every run are numbers here too."""
    import pyarrow as pa
    from pyarrow import parquet

    settings = changed_settings(exhibits)
    typed = {path: _typed(values) for path, values in settings.items()}
    text = pa.dictionary(pa.int32(), pa.string())
    types = [text, text, text, pa.int64(), pa.int64(), pa.int64(), pa.float64(), text, pa.float64()]
    types += [pa.float64() if isinstance(values[0], float) else text for values in typed.values()]
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


def _names(exhibit: Exhibit) -> tuple[str, str, str]:
    return exhibit.run.id, exhibit.label, exhibit.run.arm


def _numbers(exhibit: Exhibit) -> Iterator[_Number]:
    for point in exhibit.history.points:
        seconds = point.metrics.get("seconds", math.nan)
        for metric, value in point.metrics.items():
            if metric != "seconds":
                yield point.epoch, point.step, seconds, metric, value


def _typed(values: list[str | None]) -> Sequence[float | str | None]:
    try:
        return [float(value or "") for value in values]
    except ValueError:
        return values
