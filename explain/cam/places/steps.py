"""Steps of autograd's record that leave rows and columns where they are.

An output made by such steps alone has its rows and columns on its last two axes, as the photo has: nothing need be tried.
Every other step (a product of matrices, a change of shape, one that is not known here) leaves it open.
"""

from typing import Any

_KEEP = (
    "AccumulateGrad", "AdaptiveAvgPool2D", "Add", "AvgPool2D", "Clamp", "ClampMin", "Clone", "ConstantPadNd", "Convolution",
    "CudnnBatchNorm", "CudnnConvolution", "Div", "Elu", "Gelu", "Hardsigmoid", "Hardswish", "Hardtanh", "LeakyRelu",
    "MaxPool2DWithIndices", "MiopenBatchNorm", "Mish", "MkldnnConvolution", "Mul", "NativeBatchNorm", "NativeDropout",
    "NativeGroupNorm", "Neg", "Prelu", "Relu", "Sigmoid", "Silu", "Softplus", "Sub", "Tanh", "ThnnConv2D", "ToCopy",
)  # fmt: skip
_PLACES = {f"{name}Backward0" for name in _KEEP} | {"AddBackward1", "AccumulateGrad"}
_VIEWS = {"ViewBackward0", "ReshapeAliasBackward0", "UnsafeViewBackward0"}
_OF_ONE_AXIS = {
    "CatBackward0",
    "SplitBackward0",
    "SplitWithSizesBackward0",
    "SliceBackward0",
    "SelectBackward0",
}


def keeps_places(step: Any) -> bool:
    """Whether a step's output has rows and columns on its last two axes if its inputs have."""
    name = type(step).__name__
    if name in _PLACES:
        return True
    try:
        rank = len(_shape(step))
        if name == "MeanBackward1":
            return step._saved_keepdim
        if name in _VIEWS:
            return rank > 2 and tuple(step._saved_self_sym_sizes)[-2:] == _shape(step)[-2:]
        if name == "TransposeBackward0":
            return max(_axis(step._saved_dim0, rank), _axis(step._saved_dim1, rank)) < rank - 2
        if name == "PermuteBackward0":
            return [_axis(axis, rank) for axis in step._saved_dims][-2:] == [rank - 2, rank - 1]
        if name in _OF_ONE_AXIS:
            rank += name == "SelectBackward0"
            return _axis(step._saved_dim, rank) < rank - 2
    except AttributeError:  # another version of PyTorch keeps other things
        return False
    return False


def _shape(step: Any) -> tuple[int, ...]:
    return tuple(step._input_metadata[0].shape)


def _axis(axis: int, rank: int) -> int:
    """An axis from the front: autograd keeps −1 as 2⁶⁴ − 1."""
    axis = axis - 2**64 if axis >= 2**63 else axis
    return axis % rank
