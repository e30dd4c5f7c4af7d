"""A detector in the form of an RF-DETR export that truly works: it finds what is bright, by a graph written by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SIDE = 64
BRIGHT = 1.2
"""Over this, as ImageNet's mean and spread make of it (about 0.73 to 0.76 of white, by channel), a pixel is bright: no
picture fed otherwise is, whose values end at 1.
"""
CLASSES, CAR = 91, 3
"""As RF-DETR counts: COCO's own numbers, where 3 is a car."""


def write_bright_detr(path: Path) -> Path:
    """Writes the file: `input` (1 × 3 × SIDE × SIDE), `dets` (1 × 2 × 4: centre and size as parts of the picture) and
    `labels` (1 × 2 × CLASSES, logits); the second guess is always of nothing.
    """

    def constant(name: str, value: np.ndarray) -> onnx.TensorProto:
        return numpy_helper.from_array(value, name)

    logits = np.full((1, 2, CLASSES), -8.0, np.float32)
    logits[0, 0, CAR] = 4.0
    nodes = [
        helper.make_node("ReduceMin", ["input", "channel"], ["least"], keepdims=0),
        helper.make_node("Greater", ["least", "bright"], ["is_bright"]),
        helper.make_node("Cast", ["is_bright"], ["mask"], to=TensorProto.FLOAT),
    ]
    for name, other in (("x", "rows"), ("y", "columns")):
        nodes += [
            helper.make_node("ReduceMax", ["mask", other], [f"{name}_any"], keepdims=0),
            helper.make_node("ArgMax", [f"{name}_any"], [f"{name}_first"], axis=1, keepdims=1),
            helper.make_node("ArgMax", [f"{name}_any"], [f"{name}_last"], axis=1, keepdims=1, select_last_index=1),
            helper.make_node("Cast", [f"{name}_first"], [f"{name}_from"], to=TensorProto.FLOAT),
            helper.make_node("Cast", [f"{name}_last"], [f"{name}_ends"], to=TensorProto.FLOAT),
            helper.make_node("Add", [f"{name}_ends", "one"], [f"{name}_to"]),
            helper.make_node("Add", [f"{name}_from", f"{name}_to"], [f"{name}_sum"]),
            helper.make_node("Sub", [f"{name}_to", f"{name}_from"], [f"{name}_length"]),
            helper.make_node("Div", [f"{name}_sum", "twice"], [f"{name}_centre"]),
            helper.make_node("Div", [f"{name}_length", "side"], [f"{name}_size"]),
        ]  # fmt: skip
    nodes += [
        helper.make_node("Concat", ["x_centre", "y_centre", "x_size", "y_size"], ["flat"], axis=1),
        helper.make_node("Unsqueeze", ["flat", "rank"], ["found"]),
        helper.make_node("Concat", ["found", "nothing"], ["dets"], axis=1),
        helper.make_node("Identity", ["logits"], ["labels"]),
    ]
    one_axis = {"channel": 1, "rows": 1, "columns": 2, "rank": 1}
    numbers = {"bright": BRIGHT, "one": 1.0, "twice": 2.0 * SIDE, "side": float(SIDE)}
    graph = helper.make_graph(
        nodes,
        "bright",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, SIDE, SIDE])],
        [
            helper.make_tensor_value_info("dets", TensorProto.FLOAT, [1, 2, 4]),
            helper.make_tensor_value_info("labels", TensorProto.FLOAT, [1, 2, CLASSES]),
        ],
        [
            *(constant(name, np.array([axis], np.int64)) for name, axis in one_axis.items()),
            *(constant(name, np.array(value, np.float32)) for name, value in numbers.items()),
            constant("nothing", np.full((1, 1, 4), 0.5, np.float32)),
            constant("logits", logits),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
    return path
