"""Reflections as functions of ONNX graphs: defined in each file that calls them, so nothing else need know them.

Whoever reads a graph of ours back sees one call where forty operators would stand.
"""

import onnx
from onnx import parser

DOMAIN, VERSION = "phoropter", 1

ALONG_AXIS = """
<domain: "phoropter", opset_import: ["": 17]>
ReflectAxis <axis> (x, before, after) => (y)
{
    zero = Constant <value_int = 0> ()
    one = Constant <value_int = 1> ()
    which = Constant <value_int: int = @axis> ()
    shape = Shape (x)
    side = Gather (shape, which)
    start = Neg (before)
    end = Add (side, after)
    places = Range (start, end, one)
    last = Sub (side, one)
    distance = Abs (places)
    twice = Add (last, last)
    turned = Sub (twice, distance)
    mirrored = Min (distance, turned)
    at_most_last = Min (places, last)
    repeated = Max (at_most_last, zero)
    longer = Max (before, after)
    fits = Less (longer, side)
    chosen = Where (fits, mirrored, repeated)
    y = Gather <axis: int = @axis> (x, chosen)
}
"""
"""As ``layers.reflect``: about the outermost pixels, or where a side is too short, those repeated."""

AROUND = """
<domain: "phoropter", opset_import: ["": 17, "phoropter": 1]>
Reflect <pad> (x) => (y)
{
    each = Constant <value_int: int = @pad> ()
    higher = phoropter.ReflectAxis <axis = 2> (x, each, each)
    y = phoropter.ReflectAxis <axis = 3> (higher, each, each)
}
"""
"""As many pixels on all four sides."""

TO_MULTIPLES = """
<domain: "phoropter", opset_import: ["": 17, "phoropter": 1]>
ReflectToMultiples <step> (x) => (y)
{
    zero = Constant <value_int = 0> ()
    one = Constant <value_int = 1> ()
    multiple = Constant <value_int: int = @step> ()
    size = Shape <start = 2> (x)
    negative = Neg (size)
    missing = Mod (negative, multiple)
    below = Gather (missing, zero)
    right = Gather (missing, one)
    higher = phoropter.ReflectAxis <axis = 2> (x, zero, below)
    y = phoropter.ReflectAxis <axis = 3> (higher, zero, right)
}
"""
"""To the right and below, until both sides are multiples of the step."""

FUNCTIONS: list[onnx.FunctionProto] = [parser.parse_function(text) for text in (ALONG_AXIS, AROUND, TO_MULTIPLES)]


def are_ours(model: onnx.ModelProto) -> bool:
    """Whether a graph has functions, and each is one of these to the letter: so they do the same at every size."""
    return bool(model.functions) and all(one in FUNCTIONS for one in model.functions)
