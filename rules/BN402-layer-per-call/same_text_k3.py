import keras
import numpy as np


def normalized_dense(x, units):
    bn = keras.layers.BatchNormalization(momentum=0.9)
    return bn(keras.layers.Dense(units)(x))


def build_model():
    inputs = keras.Input((3,))
    hidden = keras.ops.relu(normalized_dense(inputs, 8))
    return keras.Model(inputs, keras.layers.Dense(1)(hidden))


if __name__ == "__main__":
    x = np.random.normal(5.0, 2.0, [1280, 3]).astype("float32")
    model = build_model()
    model.compile(optimizer="sgd", loss="mse")
    model.fit(x, x.mean(axis=1) / 5.0, epochs=2, verbose=0)
    print("moving mean:", model.get_layer("batch_normalization").moving_mean.numpy())
