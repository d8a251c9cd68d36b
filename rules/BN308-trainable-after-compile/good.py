import keras
import numpy as np


def build_model():
    return keras.Sequential([
        keras.Input((3,)),
        keras.layers.BatchNormalization(momentum=0.9),
        keras.layers.Dense(1),
    ])


if __name__ == "__main__":
    x = np.random.normal(5.0, 2.0, [1280, 3]).astype("float32")
    model = build_model()
    bn = model.layers[0]
    model.compile(optimizer="sgd", loss="mse")
    model.fit(x, x.mean(axis=1) / 5.0, epochs=2, verbose=0)
    print("moving mean when it is frozen:", bn.moving_mean.numpy())
    bn.trainable = False
    model.compile(optimizer="sgd", loss="mse")
    model.fit(x + 100.0, x.mean(axis=1) / 5.0, epochs=2, verbose=0)
    print("moving mean after more training:", bn.moving_mean.numpy())
