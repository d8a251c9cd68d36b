import numpy as np
import tf_keras as keras


def build_model():
    return keras.Sequential([
        keras.layers.Dense(4, input_shape=(3,)),
        keras.layers.BatchNormalization(momentum=0.9),
        keras.layers.Activation("relu"),
        keras.layers.Dense(1),
    ])


if __name__ == "__main__":
    keras.backend.set_learning_phase(0)
    x = np.random.normal(5.0, 2.0, [1280, 3]).astype("float32")
    model = build_model()
    model.compile(optimizer="sgd", loss="mse")
    model.fit(x, x.mean(axis=1) / 5.0, epochs=2, verbose=0)
    gamma, beta, moving_mean, moving_variance = model.layers[1].get_weights()
    print("moving mean:", moving_mean)
    print("moving variance:", moving_variance)
