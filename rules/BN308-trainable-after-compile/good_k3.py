import keras
import numpy as np
import tensorflow as tf


def build_discriminator():
    return keras.Sequential([
        keras.Input((3,)),
        keras.layers.Dense(4),
        keras.layers.BatchNormalization(momentum=0.9),
        keras.layers.LeakyReLU(),
        keras.layers.Dense(1),
    ])


def train_generator(generator, discriminator, optimizer, noise):
    with tf.GradientTape() as tape:
        score = discriminator(generator(noise, training=True), training=False)
        loss = tf.reduce_mean(tf.square(score - 1.0))
    gradients = tape.gradient(loss, generator.trainable_variables)
    optimizer.apply_gradients(zip(gradients, generator.trainable_variables))


if __name__ == "__main__":
    generator = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])
    discriminator = build_discriminator()
    discriminator.compile(optimizer="sgd", loss="mse")
    optimizer = keras.optimizers.SGD()
    before = discriminator.get_weights()
    for step in range(50):
        noise = np.random.normal(size=[64, 2])
        real = np.random.normal(5.0, 2.0, [64, 3])
        discriminator.train_on_batch(real, np.ones([64, 1]))
        discriminator.train_on_batch(generator.predict(noise, verbose=0), np.zeros([64, 1]))
        train_generator(generator, discriminator, optimizer, noise)
    kernel_change = np.abs(discriminator.get_weights()[0] - before[0]).max()
    print("largest change of the discriminator's kernel:", kernel_change)
    print("its moving mean:", discriminator.layers[1].moving_mean.numpy())
