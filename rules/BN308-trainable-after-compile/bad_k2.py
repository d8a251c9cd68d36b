import numpy as np
import tf_keras as keras


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
    bn.trainable = False  # bad: BN308
    model.fit(x, x.mean(axis=1) / 5.0, epochs=2, verbose=0)
    print("moving mean of the frozen layer:", bn.moving_mean.numpy())
