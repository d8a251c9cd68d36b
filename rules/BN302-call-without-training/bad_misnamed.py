import keras
import numpy as np


class Classifier(keras.Model):
    def __init__(self, units=8):
        super().__init__()
        self.hidden = keras.layers.Dense(units)
        self.bn = keras.layers.BatchNormalization(momentum=0.9)
        self.head = keras.layers.Dense(1)

    def call(self, x, is_training=None):  # bad: BN302
        h = self.bn(self.hidden(x), training=is_training)
        return self.head(keras.ops.relu(h))


if __name__ == "__main__":
    x = np.random.normal(5.0, 2.0, [1280, 3]).astype("float32")
    model = Classifier()
    model.compile(optimizer="sgd", loss="mse")
    model.fit(x, x.mean(axis=1) / 5.0, epochs=2, verbose=0)
    print("moving mean:", model.bn.moving_mean.numpy())
    print("moving variance:", model.bn.moving_variance.numpy())
