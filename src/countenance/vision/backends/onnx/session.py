"""ONNX Runtime sessions; the only home of onnxruntime."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from countenance.vision.backends.onnx.profiling import current_profile
from countenance.vision.errors import ModelInvalidError
from countenance.vision.precision import has_dot_product


class Session:
    """A loaded graph. Safe to run from several threads at once."""

    def __init__(self, inner: onnxruntime.InferenceSession) -> None:
        self._inner = inner
        self.input_names: tuple[str, ...] = tuple(value.name for value in inner.get_inputs())
        self.output_names: tuple[str, ...] = tuple(value.name for value in inner.get_outputs())
        first = inner.get_inputs()[0]
        self.takes_pixels: bool = first.type == "tensor(uint8)"
        """Whether the first input is (n, height, width, channels) uint8 and not planes of
        float32."""
        self.pixel_channels: int = first.shape[-1] if self.takes_pixels else 3
        """3, or 4 where the graph wants a channel more that it makes nothing of."""

    def run(self, feed: Mapping[str, NDArray[Any]]) -> list[NDArray[np.float32]]:
        """All outputs in the order of `output_names`, for one array per input name."""
        return list(self._inner.run(None, dict(feed)))


def open_either(graph: bytes, integers: bytes | None, *, threads: int) -> Session:
    """Load the graph in eight-bit arithmetic where there is one, else the float32 graph."""
    if integers is None:
        return open_session(graph, threads=threads)
    return open_session(integers, threads=threads, is_integer=True)


def open_session(model: bytes | Path, *, threads: int = 1, is_integer: bool = False) -> Session:
    """Load a graph for the processor.

    Args:
        model: an ONNX file, as bytes or by path.
        threads: of one run; 0 lets the runtime take all cores.
        is_integer: run what stands between DequantizeLinear and QuantizeLinear on integers;
            else weights stored as integers are expanded.

    Raises: ModelInvalidError: the runtime refuses the graph.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    # Spinning threads burn the cores that decoding and the web server need between frames.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if is_integer:
        if not has_dot_product():
            # The fastest kernels of other processors saturate their sums; these do not.
            options.add_session_config_entry("session.x64quantprecision", "1")
    else:
        # Weights stored as int8 become float32 once, at loading, not at every run.
        options.add_session_config_entry("session.disable_quant_qdq", "1")
    options.log_severity_level = 3
    profile = current_profile()
    if profile is not None:
        options.enable_profiling = True
        options.profile_file_prefix = profile.next_prefix()
    source = model if isinstance(model, bytes) else str(model)
    try:
        inner = onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the runtime's errors share no narrower public root
        name = "The model" if isinstance(model, bytes) else f"The model {model}"
        raise ModelInvalidError(
            f"{name} cannot be run: {type(error).__name__}.",
            remedy="Install the package that carries it again.",
        ) from error
    if profile is not None:
        profile.watch(inner)
    return Session(inner)
