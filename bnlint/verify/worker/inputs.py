"""What to call the user's code with: arguments guessed from defaults, names, annotations and the axes in the code.

Batches have mean ≠ 0 and variance ≠ 1, different for each channel and each step: with zeros, or with N(0, 1), correct
code leaves its statistics where they started.
"""

from __future__ import annotations

import inspect
import re
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

BATCH, SIDE, CHANNELS = 8, 6, 3

TRAINING = re.compile(
    r"^(is_?|in_?|b_?|the_?)?(train(ing|_phase|_mode|_flag|_time)?|phase(_train(ing)?)?|istrain)(_?(ph|flag|mode|phase|bool))?$",
    re.I,
)
INFERENCE = re.compile(
    r"^(is_?|in_?|for_?)?(test(ing)?|inference|infer|eval(uation|uating)?|predict(ing|ion)?)(_?(flag|mode|phase))?$",
    re.I,
)
MODE = re.compile(r"^(run_?)?mode$", re.I)
LABELS = re.compile(r"^(y|ys|y_true|y_|targets?|labels?|ground_?truth|gt|t)$", re.I)
STATISTIC = re.compile(
    r"^_*(moving|running|pop|population|ema|avg|average|global|mov|run|accum|old)_*"
    r"(mean|mu|m|var|variance|v|sigma|std|stddev|average|avg|statistic|stat)s?$"
    r"|^(mm|mv|rm|rv|mean_ema|var_ema|pop_statistic|statistic|stat)$",
    re.I,
)
MEAN_VECTOR = re.compile(r"^_*(batch_?)?(mean|mu|m|b_mean|avg|average|batch_stat(istic)?|new_value|value)s?$", re.I)
VARIANCE_VECTOR = re.compile(r"^_*(batch_?)?(var|variance|sigma|std|stddev|b_var)s?$", re.I)
CONSTANTS: Sequence[Tuple[str, Any]] = (
    (r"(bn_|ema_|batch_?norm_|bn)?(decay|momentum|alpha|rho)(_rate)?", 0.9),
    (r"(bn_?|batch_?norm_|norm_|variance_)?(eps|epsilon)", 1e-3),
    (r"(name|scope|name_scope|scope_name|layer_name|prefix|postfix|bn_name|var_scope)", "bn"),
    (r"(reuse|use_bias|bias|freeze|fused|renorm)", False),
    (r"(trainable|center|scale_flag|affine|use_scale|use_offset|update|use_bn|bn|batch_norm|is_bn)", True),
    (r"(axis|ch_axis|channel_axis|feature_axis)", -1),
    (r"(n_out|channels?|n_channels?|num_channels?|in_channels|units|filters|num_features|dim|dims?|depth|size|nb_filters?"
     r"|n_filters?|num_outputs|out_dim|output_dim|input_dim|features_dim|width|hidden|n_hidden|num_filters?|out_channels"
     r"|num_units|n_units|ch|c|num_classes|n_classes|classes|nb_classes|number_of_channels|feature_size"
     r"|(filters?|channels?|units|features)_(in|out)|(in|out|input|output)_(filters?|channels?|units|features|planes))",
     CHANNELS),
    (r"(kernel|kernel_size|k|ksize|filter_size|k_h|k_w)", 3),
    (r"(strides?|stride|s|d_h|d_w|rate|dilation|groups?|group_width)", 1),
    (r"(keep_prob|dropout|drop_rate|keep_rate|dropout_rate)", 0.5),
    (r"(batch_?size|bs|n_batch|num_batch|batch)", BATCH),
    (r"((max_?)?(seq|sequence|time)_?(len|length|steps?)|max_?len(gth)?|maxlen|num_steps|n_steps)", SIDE),
    (r"(padding|pad)", "SAME"),
    (r"(data_format|format)", "channels_last"),
    (r"(steps?|epochs?|iterations|n|num|count|num_layers|n_layers|blocks)", 2),
    (r"(lr|learning_rate|weight_decay|l2|stddev|regularization)", 1e-3),
)  # fmt: skip


THINGS = ("model", "layer", "optimizer", "function", "stand-in")
"""What a parameter may be that is no data."""


class Variant(NamedTuple):
    """One guess: the rank of the batch, and whether the training flag is a tensor instead of ``True``, or off.

    kinds: what else than the first guess some parameters are, see :func:`alternative`. partial: make do with what a
    constructor got done before it raised. channels: the last axis of batches. side: the axes between.
    """

    rank: int
    tensor_flag: bool = False
    off: bool = False
    kinds: Tuple[Tuple[str, str], ...] = ()
    partial: bool = False
    channels: int = CHANNELS
    side: int = SIDE

    def shape(self, rank: int = 0) -> Tuple[int, ...]:
        """Of a batch of this rank, or of another one, channels last: (8, 6, 6, 3), (8, 3) …"""
        return (*shape_of(rank or self.rank, self.side)[:-1], self.channels)


class Argument(NamedTuple):
    """kind: "batch" (a new array of ``shape`` each step), "statistic" (a variable), "flag" (a tensor) or "constant".

    For a kind of THINGS one is made. off: what a flag is outside of training. array: a batch that is a NumPy array.
    dtype: of a batch; int32 are class numbers, bool is a mask. keys: by which the code asks for it, in a mapping.
    """

    name: str
    kind: str
    value: Any = None
    shape: Tuple[int, ...] = ()
    positive: bool = False
    keyword: bool = False
    off: Any = None
    array: bool = False
    dtype: str = "float32"
    keys: Tuple[str, ...] = ()


def variants(hint: Optional[int]) -> List[Variant]:
    """What to try, the likeliest first. hint: the rank that the code's axes imply."""
    ranks = [hint] if hint else []
    ranks += [rank for rank in (4, 2, 3) if rank != hint]
    return [Variant(rank) for rank in ranks] + [Variant(ranks[0], True)]


def shape_of(rank: int, side: int = SIDE) -> Tuple[int, ...]:
    """A batch of that rank, channels last: (8, 6, 6, 3), (8, 3) …"""
    return (BATCH,) + (side,) * (rank - 2) + (CHANNELS,) if rank > 1 else (CHANNELS,)


def guess(function: Any, variant: Variant, roles: Dict[str, str], skip_first: bool = False) -> List[Argument]:
    """Arguments for every parameter that needs one. roles: what parameters are known to be, see :class:`Argument`."""
    signature = inspect.signature(function)
    parameters = list(signature.parameters.values())[1 if skip_first else 0 :]
    # What takes a mean and a variance takes no batch besides them.
    moments = (
        len(parameters) > 1 and MEAN_VECTOR.match(parameters[0].name) and VARIANCE_VECTOR.match(parameters[1].name)
    )
    arguments: List[Argument] = []
    for parameter in parameters:
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        kind = dict(variant.kinds).get(parameter.name)
        argument = _guess_one(parameter, variant, roles.get(parameter.name), first=not arguments and not moments)
        if kind is not None:
            argument = alternative(parameter.name, kind, variant)
        if argument is not None:
            arguments.append(
                argument._replace(
                    keyword=parameter.kind is parameter.KEYWORD_ONLY or parameter.default is not parameter.empty
                )
            )
    return arguments


def _guess_one(parameter: Any, variant: Variant, role: Optional[str], first: bool) -> Optional[Argument]:
    name, default = parameter.name, parameter.default
    if MODE.match(name) and default in (parameter.empty, "train", "training"):
        return Argument(name, "constant", "train", off="eval")
    if role in THINGS and default is parameter.empty:
        return Argument(name, role)
    if TRAINING.match(name):
        return Argument(name, "flag" if variant.tensor_flag else "constant", True, off=False)
    if INFERENCE.match(name) and default in (parameter.empty, False):
        return Argument(name, "constant", False, off=True)
    if role == "statistic":
        return Argument(name, "statistic", 1.0 if "v" in name.lower() else 0.0, (variant.channels,))
    if default is not parameter.empty:
        return None
    annotation = str(parameter.annotation)
    for words, value in (("bool", True), ("str", "bn")):
        if annotation in (words, "<class '%s'>" % words):
            return Argument(name, "constant", value)
    if STATISTIC.match(name):
        return Argument(name, "statistic", 1.0 if re.search(r"v|sig|std", name, re.I) else 0.0, (variant.channels,))
    if not first and LABELS.match(name):
        return Argument(name, "batch", shape=(BATCH, 1))
    if not first and MEAN_VECTOR.match(name):
        return Argument(name, "batch", shape=(variant.channels,))
    if not first and VARIANCE_VECTOR.match(name):
        return Argument(name, "batch", shape=(variant.channels,), positive=True)
    if re.match(r"^(gamma|beta|scale|offset|shift)$", name, re.I):
        return Argument(name, "constant", np.ones(CHANNELS, np.float32))
    known, value = constant(name)
    if known:
        return Argument(name, "constant", value)
    if re.match(r"^(axes|reduction_axes|reduce_axes|moments_axes)$", name):
        return Argument(name, "constant", list(range(variant.rank - 1)))
    if re.match(r"^(w|weights?|kernel|filter)_?shape$", name, re.I):
        return Argument(name, "constant", [3] * (variant.rank - 2) + [CHANNELS, CHANNELS])
    if re.match(r"^(b|bias(es)?)_?shape$", name, re.I):
        return Argument(name, "constant", [CHANNELS])
    if re.match(r"^(flags|hparams?|hps|config(uration)?|cfg|conf|opts?|options|settings|params)$", name, re.I):
        return Argument(name, "stand-in")
    if re.match(r"^(shape|input_shape|x_shape|dims)$", name):
        return Argument(name, "constant", list(variant.shape()))
    if annotation in ("int", "<class 'int'>"):
        return Argument(name, "constant", CHANNELS)
    if annotation in ("float", "<class 'float'>"):
        return Argument(name, "constant", 0.9)
    return Argument(name, "batch", shape=variant.shape(), array=role == "array")


def alternative(name: str, kind: str, variant: Variant) -> Argument:
    """Another guess at a parameter: data of some rank, a size or a list of them, class numbers, a mask, a switch …"""
    if kind.startswith("batch"):
        return Argument(name, "batch", shape=variant.shape(int(kind.partition(":")[2] or 0)))
    if kind == "labels":
        return Argument(name, "batch", shape=(BATCH,), dtype="int32")
    if kind == "mask":
        return Argument(name, "batch", shape=(BATCH,), dtype="bool")
    values = {
        "size": CHANNELS,
        "sizes": [CHANNELS, CHANNELS],
        "indices": [number % 2 for number in range(CHANNELS)],
        "number": 0.5,
        "text": "bn",
        "switch": True,
    }
    return Argument(name, kind) if kind in ("function", "stand-in") else Argument(name, "constant", values.get(kind))


def constant(name: str) -> Tuple[bool, Any]:
    """Whether the name says what it may be, and that."""
    for pattern, value in CONSTANTS:
        if re.match("^(" + pattern + ")$", name, re.I):
            return True, value
    return False, None


def for_placeholder(tensor: Any, step: int, on: bool) -> Any:
    """Something to feed to a placeholder that the user's code made. on: for a training flag."""
    dtype = tensor.dtype.base_dtype
    name = tensor.op.name.rpartition("/")[2]
    dims = tensor.shape.dims
    sizes = [] if dims is None else [getattr(d, "value", d) for d in dims]
    if dims is None and not (dtype.is_bool or TRAINING.match(name)):
        sizes = list(shape_of(4))
    shape = tuple((BATCH if axis == 0 else SIDE) if size is None else size for axis, size in enumerate(sizes))
    if dtype.is_bool:
        return np.full(shape, on if not INFERENCE.match(name) else not on)
    if dtype.is_integer:
        return np.random.RandomState(step).randint(0, 2, shape).astype(dtype.as_numpy_dtype)
    if not dtype.is_floating:
        return np.full(shape, "text")
    if not shape:
        return np.asarray(1.0 if TRAINING.match(name) and on else 0.5 if "keep" in name else 0.01, dtype.as_numpy_dtype)
    return batch(shape, step).astype(dtype.as_numpy_dtype)


def no_tensor(argument: Argument) -> Any:
    """For harnesses that give constructors no data."""
    raise TypeError("the constructor wants data for %s" % argument.name)


def data(argument: Argument, step: int, salt: int) -> Any:
    """A batch for this argument, new for each step: see :func:`batch`; zeros and ones if it is no ``float32``."""
    if argument.dtype == "float32":
        return batch(argument.shape, step, salt, argument.positive)
    return np.random.RandomState(step).randint(0, 2, argument.shape).astype(argument.dtype)


def batch(shape: Tuple[int, ...], step: int, salt: int = 0, positive: bool = False) -> Any:
    """float32 of ``shape``: channel c has mean about 3 + c and standard deviation 2 + c/2, new for each step."""
    random = np.random.RandomState(1000 * salt + step)
    channel = np.arange(shape[-1], dtype=np.float64) % 16
    if len(shape) == 1:
        values = 3.0 + channel + random.uniform(-1.5, 1.5, shape)
    else:
        mean = 3.0 + channel + random.uniform(-1.0, 1.0, shape[-1])
        values = mean + (2.0 + 0.5 * channel) * random.randn(*shape)
    return (np.abs(values) + 0.5 if positive else values).astype(np.float32)


def batch_statistics(arrays: Dict[str, Any], length: int) -> Dict[str, List[float]]:
    """What a moving statistic of ``length`` channels may be fed from these batches, by name.

    "batch mean" and so on are over all axes but one of that length; for length 1 over all axes. A vector argument is
    itself a candidate.
    """
    found: Dict[str, List[float]] = {}
    for name, array in arrays.items():
        values = np.asarray(array, dtype=np.float64)
        if values.ndim == 0:
            continue
        prefix = "" if len(arrays) == 1 or (values.ndim > 1 and not found) else "%s: " % name
        if values.ndim == 1 and len(values) == length:
            found["argument " + name] = [float(v) for v in values]
            continue
        for number, axes in enumerate(_reductions(values.shape, length)):
            if number:
                kept = next(iter(set(range(values.ndim)) - set(axes)), 0)
                prefix = "%s, channels on axis %d: " % (name, kept)
            for kind, result in _reduce(values, axes).items():
                found.setdefault(prefix + kind, [float(v) for v in np.ravel(result)])
    return found


def _reductions(shape: Tuple[int, ...], length: int) -> List[Tuple[int, ...]]:
    every = tuple(range(len(shape)))
    kept = [axis for axis in reversed(every) if shape[axis] == length and len(shape) > 1]
    reductions = [tuple(axis for axis in every if axis != keep) for keep in kept]
    return reductions + ([every] if length == 1 else [])


def _reduce(values: Any, axes: Tuple[int, ...]) -> Dict[str, Any]:
    count = 1
    for axis in axes:
        count *= values.shape[axis]
    variance = values.var(axis=axes)
    reduced = {
        "batch mean": values.mean(axis=axes),
        "batch variance": variance,
        "batch standard deviation": np.sqrt(variance),
        "batch mean of squares": np.square(values).mean(axis=axes),
    }
    if count > 1:
        reduced["batch variance (unbiased)"] = variance * (count / (count - 1.0))
    return reduced
