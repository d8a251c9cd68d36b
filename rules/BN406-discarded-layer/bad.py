import keras
import numpy as np


def build_model():
    inputs = keras.Input((3,))
    h = keras.layers.Dense(4)(inputs)
    keras.layers.BatchNormalization(momentum=0.9)(h)  # bad: BN406
    h = keras.layers.ReLU()(h)
    return keras.Model(inputs, keras.layers.Dense(1)(h))


if __name__ == "__main__":
    x = np.random.normal(5.0, 2.0, [1280, 3]).astype("float32")
    model = build_model()
    model.compile(optimizer="sgd", loss="mse")
    model.fit(x, x.mean(axis=1) / 5.0, epochs=2, verbose=0)
    print("layers of the model:", [layer.name for layer in model.layers])
    print("moving statistics:", [variable.numpy() for variable in model.non_trainable_variables])
