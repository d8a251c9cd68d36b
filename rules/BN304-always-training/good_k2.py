import numpy as np
import tensorflow as tf
import tf_keras as keras


class Classifier(keras.Model):
    def __init__(self, units):
        super().__init__()
        self.dense = keras.layers.Dense(units)
        self.bn = keras.layers.BatchNormalization(momentum=0.9)
        self.dropout = keras.layers.Dropout(0.1)
        self.head = keras.layers.Dense(1)

    def call(self, x, training=None):
        h = self.bn(self.dense(x), training=training)
        h = self.dropout(tf.nn.relu(h), training=training)
        return self.head(h)


if __name__ == "__main__":
    x = np.random.normal(5.0, 2.0, [1280, 3]).astype("float32")
    model = Classifier(units=4)
    model.compile(optimizer="sgd", loss="mse")
    model.fit(x, x.mean(axis=1) / 5.0, epochs=2, verbose=0)
    print("moving mean after training:", model.bn.moving_mean.numpy())
    model.predict(x + 100.0, verbose=0)
    print("moving mean after predict:", model.bn.moving_mean.numpy())
