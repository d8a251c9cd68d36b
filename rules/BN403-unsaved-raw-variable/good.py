import os
import tempfile

import keras
import tensorflow as tf


class BatchNorm(keras.layers.Layer):
    def __init__(self, momentum=0.9, epsilon=1e-3):
        super().__init__()
        self.momentum = momentum
        self.epsilon = epsilon

    def build(self, input_shape):
        channels = input_shape[-1]
        self.moving_mean = self.add_weight(shape=[channels], initializer="zeros", trainable=False)
        self.moving_variance = self.add_weight(shape=[channels], initializer="ones", trainable=False)

    def call(self, x, training=False):
        m = self.momentum
        if training:
            mean, variance = tf.nn.moments(x, axes=[0])
            self.moving_mean.assign(self.moving_mean * m + mean * (1 - m))
            self.moving_variance.assign(self.moving_variance * m + variance * (1 - m))
        else:
            mean, variance = self.moving_mean, self.moving_variance
        return (x - mean) / tf.sqrt(variance + self.epsilon)


def build_model():
    return keras.Sequential([keras.Input((3,)), BatchNorm(), keras.layers.Dense(1)])


if __name__ == "__main__":
    model, restored = build_model(), build_model()
    for step in range(50):
        model(tf.random.normal([64, 3], mean=5.0, stddev=2.0), training=True)
    path = os.path.join(tempfile.mkdtemp(), "model.weights.h5")
    model.save_weights(path)
    restored.load_weights(path)
    print("moving mean, trained:", model.layers[0].moving_mean.numpy())
    print("moving mean, restored:", restored.layers[0].moving_mean.numpy())
