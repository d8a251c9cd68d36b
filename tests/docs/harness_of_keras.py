"""Runs Keras's own test harness for layers on layers whose moving mean never moves, and on one whose does."""

import keras
from keras.src import testing


def layer(update):
    """A layer that updates its moving mean in this way."""

    class Center(keras.layers.Layer):
        def build(self, input_shape):
            self.moving_mean = self.add_weight(shape=(input_shape[-1],), initializer="zeros", trainable=False)

        def call(self, x, training=None):
            if training:
                mean = keras.ops.mean(x, axis=0)
                update(self, 0.9 * self.moving_mean + 0.1 * mean)
                return x - mean
            return x - self.moving_mean

    return keras.saving.register_keras_serializable(name=update.__name__)(Center)


def right(self, value):
    self.moving_mean.assign(value)


def attribute(self, value):
    self.moving_mean = value


def name(self, value):
    moving_mean = self.moving_mean
    moving_mean = value  # noqa: F841


def augmented(self, value):
    self.moving_mean += value - self.moving_mean


for update in (right, attribute, name, augmented):
    test = testing.TestCase()
    test.setUp()
    try:
        test.run_layer_test(
            layer(update),
            init_kwargs={},
            input_shape=(8, 3),
            expected_output_shape=(8, 3),
            expected_num_trainable_weights=0,
            expected_num_non_trainable_weights=1,
            run_mixed_precision_check=False,
        )
        print(update.__name__.capitalize(), "passes")
    except Exception as error:
        print(update.__name__.capitalize(), "fails:", type(error).__name__, str(error)[:300])
