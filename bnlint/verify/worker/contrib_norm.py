"""``tf.contrib.layers.batch_norm`` for TensorFlow 2: when it updates, and who has to run the updates, as in 1.15."""

from __future__ import annotations

from typing import Any, List

from . import framework


class BatchNorm(framework.StandInLayer):
    """One call of the function. The variables are its own, and named as the function named them."""

    def __init__(self, momentum: float, trainable: bool) -> None:
        self.momentum = momentum
        self.trainable = trainable

    def call(self, inputs: Any, options: "dict[str, Any]") -> Any:
        """inputs: a batch of any rank, normalised for each channel. options: the function's other arguments."""
        v1, tf = framework.v1, framework.tf
        axis = 1 if str(options["data_format"]).startswith("NC") and inputs.shape.ndims > 2 else inputs.shape.ndims - 1
        channels = framework.size_of(inputs.shape[axis])
        beta = self._weight("beta", channels, 0.0, True) if options["center"] else None
        gamma = self._weight("gamma", channels, 1.0, True) if options["scale"] else None
        moving = [self._weight("moving_mean", channels, 0.0), self._weight("moving_variance", channels, 1.0)]
        axes = [each for each in range(inputs.shape.ndims) if each != axis]
        statistics = self._statistics(inputs, axes, moving, options)
        if axis != inputs.shape.ndims - 1:
            shape = [channels if each == axis else 1 for each in range(inputs.shape.ndims)]
            statistics, (beta, gamma) = (
                [tf.reshape(each, shape) for each in statistics],
                [None if each is None else tf.reshape(each, shape) for each in (beta, gamma)],
            )
        return v1.nn.batch_normalization(inputs, *statistics, beta, gamma, options["epsilon"])

    def _weight(self, name: str, channels: int, start: float, trainable: bool = False) -> Any:
        v1 = framework.v1
        collections = [v1.GraphKeys.GLOBAL_VARIABLES, v1.GraphKeys.MODEL_VARIABLES]
        return v1.get_variable(
            name,
            [channels],
            initializer=v1.constant_initializer(start),
            trainable=trainable and self.trainable,
            collections=collections,
        )

    def _statistics(self, inputs: Any, axes: List[int], moving: List[Any], options: "dict[str, Any]") -> List[Any]:
        """Of the batch in training, else the moving ones; a flag that is a tensor decides when the graph runs."""
        tf, flag = framework.tf, options["is_training"]
        known = framework.constant_value(flag)
        if known is False:
            return moving
        batch = framework.v1.nn.moments(inputs, axes)
        sources = list(batch)
        if inputs.shape.ndims == 4 and options["fused"] is not False:
            # The fused kernel corrects the variance for the size of the batch.
            count = tf.cast(tf.reduce_prod(tf.stack([tf.shape(inputs)[each] for each in axes])), inputs.dtype)
            sources[1] = sources[1] * (count / tf.maximum(count - 1.0, 1.0))

        def update() -> List[Any]:
            return [self._average(one, source, options) for one, source in zip(moving, sources)]

        def forced() -> List[Any]:
            with framework.v1.control_dependencies(update()):
                return [tf.identity(each) for each in batch]

        def kept() -> List[Any]:
            return [tf.identity(each) for each in moving]

        collections = options["updates_collections"]
        if collections is None:
            return forced() if known else framework.v1.cond(flag, forced, kept)
        updates = update() if known else framework.v1.cond(flag, lambda: [tf.identity(u) for u in update()], kept)
        names = [collections] if isinstance(collections, str) else list(collections)
        for name in names:
            for each in updates:
                framework.v1.add_to_collection(name, getattr(each, "op", each))
        return list(batch) if known else framework.v1.cond(flag, lambda: [tf.identity(b) for b in batch], kept)

    def _average(self, variable: Any, value: Any, options: "dict[str, Any]") -> Any:
        debias = options["zero_debias_moving_mean"] and variable.op.name.endswith("moving_mean")
        return framework.assign_moving_average(variable, value, self.momentum, debias)


def batch_norm(
    inputs: Any,
    decay: float = 0.999,
    center: bool = True,
    scale: bool = False,
    epsilon: float = 0.001,
    activation_fn: Any = None,
    param_initializers: Any = None,
    param_regularizers: Any = None,
    updates_collections: Any = "update_ops",
    is_training: Any = True,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    batch_weights: Any = None,
    fused: Any = None,
    data_format: str = "NHWC",
    zero_debias_moving_mean: bool = False,
    scope: Any = None,
    **_: Any,
) -> Any:
    """The signature and the defaults of 1.15; initializers and regularizers make no difference here."""
    options = {
        "center": center,
        "scale": scale,
        "epsilon": epsilon,
        "updates_collections": updates_collections,
        "is_training": is_training,
        "fused": fused,
        "data_format": data_format or "NHWC",
        "zero_debias_moving_mean": zero_debias_moving_mean,
    }
    with framework.v1.variable_scope(scope, "BatchNorm", [inputs], reuse=reuse):
        outputs = BatchNorm(decay, trainable).call(inputs, options)
    return outputs if activation_fn is None else activation_fn(outputs)
