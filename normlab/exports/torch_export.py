"""A run's best model as a torch.export program."""

import io
import json
from collections.abc import Sequence

from normlab.exports.exhibit import Exhibit

FACTS = "normlab.json"
"""What the program is, in the file beside it: extra_files of torch.export.load."""


def write_torch_export(exhibits: Sequence[Exhibit]) -> bytes:
    """Write the program samples -> outputs for any number of samples, standardisation in front.

    Raises: CheckpointError when the weights can't be read; DataError when the data can't be.
    """
    import torch

    from normlab.exports.graph import trace

    graph = trace(exhibits[0])
    file = io.BytesIO()
    torch.export.save(graph.program, file, extra_files={FACTS: json.dumps(graph.metadata, indent=1)})
    return file.getvalue()
