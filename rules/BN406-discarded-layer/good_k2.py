import numpy as np
import tf_keras as keras


def build_model():
    model = keras.Sequential()
    model.add(keras.layers.Dense(4, input_shape=(3,)))
    model.add(keras.layers.BatchNormalization(momentum=0.9))
    model.add(keras.layers.ReLU())
    model.add(keras.layers.Dense(1))
    return model


if __name__ == "__main__":
    x = np.random.normal(5.0, 2.0, [1280, 3]).astype("float32")
    model = build_model()
    model.compile(optimizer="sgd", loss="mse")
    model.fit(x, x.mean(axis=1) / 5.0, epochs=2, verbose=0)
    print("layers of the model:", [layer.name for layer in model.layers])
    print("moving statistics:", [variable.numpy() for variable in model.non_trainable_variables])
