import numpy as np
import tensorflow.compat.v1 as tf

tf.disable_v2_behavior()


def batch_norm(x, training, m=0.9, epsilon=1e-3):
    with tf.variable_scope("batch_norm", reuse=tf.AUTO_REUSE):
        shape = [x.shape[-1]]
        moving_mean = tf.get_variable("moving_mean", shape, initializer=tf.zeros_initializer(), trainable=False)
        moving_variance = tf.get_variable("moving_variance", shape, initializer=tf.ones_initializer(), trainable=False)
    if not training:
        return tf.nn.batch_normalization(x, moving_mean, moving_variance, None, None, epsilon)
    mean, variance = tf.nn.moments(x, axes=[0])
    update_mean = moving_mean.assign(moving_mean * m + mean * (1 - m))
    update_variance = moving_variance.assign(moving_variance * m + variance * (1 - m))
    tf.add_to_collection(tf.GraphKeys.UPDATE_OPS, update_mean)
    tf.add_to_collection(tf.GraphKeys.UPDATE_OPS, update_variance)
    return tf.nn.batch_normalization(x, mean, variance, None, None, epsilon)


if __name__ == "__main__":
    x = tf.placeholder(tf.float32, [None, 3])
    scale = tf.get_variable("scale", [3], initializer=tf.ones_initializer())
    loss = tf.reduce_mean(tf.square(scale * batch_norm(x, training=True) - 1.0))
    test_output = scale * batch_norm(x, training=False)
    update_ops = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
    with tf.control_dependencies(update_ops):
        train_op = tf.train.GradientDescentOptimizer(0.01).minimize(loss)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for step in range(50):
            sess.run(train_op, {x: np.random.normal(5.0, 2.0, [64, 3])})
        print("update ops in the collection:", len(update_ops))
        for variable in tf.global_variables("batch_norm"):
            print(variable.op.name, sess.run(variable))
        print("test output:", sess.run(test_output, {x: [[5.0, 5.0, 5.0]]}))
