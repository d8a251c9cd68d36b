import numpy as np
import tf_keras as keras


def build_model():
    return keras.Sequential([
        keras.Input((3,)),
        keras.layers.BatchNormalization(momentum=0.1),  # bad: BN501
        keras.layers.Dense(1),
    ])


if __name__ == "__main__":
    x = np.random.normal(5.0, 2.0, [1280, 3]).astype("float32")
    model = build_model()
    model.compile(optimizer="sgd", loss="mse")
    model.fit(x, x.mean(axis=1) / 5.0, batch_size=8, epochs=2, verbose=0)
    print("moving mean, moving variance:", [variable.numpy() for variable in model.layers[0].non_trainable_variables])
