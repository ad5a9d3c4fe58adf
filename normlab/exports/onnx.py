"""A run's best model as an ONNX graph."""

from collections.abc import Sequence

from normlab.exports.exhibit import Exhibit

OPSET = 20
"""Of ONNX: what runtimes of the last years take."""


def write_onnx(exhibits: Sequence[Exhibit]) -> bytes:
    """Write the graph samples -> outputs for any number of samples, standardisation in front.

    Its metadata tell the run, the units and the classes.

    Raises: CheckpointError when the weights can't be read; DataError when the data can't be.
    """
    import torch

    from normlab.exports.graph import trace

    graph = trace(exhibits[0])
    onnx = torch.onnx.export(
        graph.program, dynamo=True, input_names=["samples"], output_names=["outputs"], opset_version=OPSET,
        dynamic_shapes={"samples": {0: "batch"}}, verbose=False,
    )  # fmt: skip
    assert onnx is not None
    onnx.model.metadata_props.clear()
    onnx.model.metadata_props.update(graph.metadata)
    onnx.model.producer_name, onnx.model.producer_version = "normlab", graph.metadata["normlab"]
    return onnx.model_proto.SerializeToString()
