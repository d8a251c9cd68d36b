import keras
import numpy as np
from keras import ops


class BatchNorm(keras.layers.Layer):
    def __init__(self, m=0.9, epsilon=1e-3):
        super().__init__()
        self.m = m
        self.epsilon = epsilon

    def call(self, x, training=False):
        moving_mean = keras.Variable(ops.zeros(x.shape[-1]), trainable=False)  # bad: BN401
        moving_variance = keras.Variable(ops.ones(x.shape[-1]), trainable=False)  # bad: BN401
        if training:
            mean, variance = ops.moments(x, axes=[0])
            moving_mean.assign(moving_mean * self.m + mean * (1 - self.m))
            moving_variance.assign(moving_variance * self.m + variance * (1 - self.m))
        else:
            mean, variance = moving_mean, moving_variance
        return (x - mean) / ops.sqrt(variance + self.epsilon)


if __name__ == "__main__":
    bn = BatchNorm()
    for step in range(50):
        bn(np.random.normal(5.0, 2.0, [64, 3]).astype("float32"), training=True)
    print("weights of the layer:", [weight.numpy() for weight in bn.weights])
    print("mean of the test output:", ops.mean(bn(np.random.normal(5.0, 2.0, [64, 3]).astype("float32"))))
