import numpy as np
import tf_keras as keras


def build_model():
    inputs = keras.Input((3,))
    bn = keras.layers.BatchNormalization(momentum=0.9)
    h = bn(keras.layers.Dense(4)(inputs), training=False)
    return keras.Model(inputs, keras.layers.Dense(1)(h))


if __name__ == "__main__":
    x = np.random.normal(5.0, 2.0, [1280, 3]).astype("float32")
    model = build_model()
    model.compile(optimizer="sgd", loss="mse")
    model.fit(x, x.mean(axis=1) / 5.0, epochs=2, verbose=0)
    bn = next(layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization))
    print("moving mean of the frozen layer:", bn.moving_mean.numpy())
