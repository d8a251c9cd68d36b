import keras
import numpy as np
from keras import ops


class BatchNorm(keras.layers.Layer):
    def __init__(self, momentum=0.9, epsilon=1e-3):
        super().__init__()
        self.momentum = momentum
        self.epsilon = epsilon

    def build(self, input_shape):
        shape = (input_shape[-1],)
        self.moving_mean = ops.zeros(shape)  # bad: BN105
        self.moving_variance = ops.ones(shape)  # bad: BN105

    def call(self, x, training=False):
        m = self.momentum
        if training:
            mean, variance = ops.moments(x, axes=[0])
            self.moving_mean = self.moving_mean * m + mean * (1 - m)
            self.moving_variance = self.moving_variance * m + variance * (1 - m)
        else:
            mean, variance = self.moving_mean, self.moving_variance
        return (x - mean) / ops.sqrt(variance + self.epsilon)


if __name__ == "__main__":
    x = np.random.normal(5.0, 2.0, [1280, 3]).astype("float32")
    bn = BatchNorm()
    model = keras.Sequential([keras.Input((3,)), bn, keras.layers.Dense(1)])
    model.compile(optimizer="sgd", loss="mse")
    model.fit(x, x.mean(axis=1) / 5.0, epochs=2, verbose=0)
    print("weights of the layer:", [weight.numpy() for weight in bn.weights])
    print("moving mean:", bn.moving_mean)
