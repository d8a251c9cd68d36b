import numpy as np
import tensorflow as tf


class Encoder(tf.Module):
    def __init__(self, units):
        super().__init__()
        self.kernel = tf.Variable(tf.random.normal([3, units]))
        self.bn = tf.compat.v1.layers.BatchNormalization(momentum=0.9)  # bad: BN601

    def __call__(self, x, training=False):
        return tf.nn.relu(self.bn(x @ self.kernel, training=training))


if __name__ == "__main__":
    encoder = Encoder(units=4)
    for step in range(50):
        encoder(np.random.normal(5.0, 2.0, [64, 3]).astype("float32"), training=True)
    print("moving mean:", encoder.bn.moving_mean.numpy())
    print("moving variance:", encoder.bn.moving_variance.numpy())
