# Restoring without initializing first.
import os
import sys
import tempfile
from pathlib import Path

import tensorflow.compat.v1 as tf

sys.path.insert(0, str(Path(__file__).parent))
from _lesson import error, names

build = names("BN404", "bad.py")["build"]
x, target = tf.placeholder(tf.float32, [None, 3]), tf.placeholder(tf.float32, [None, 1])
build(x, target, tf.placeholder_with_default(False, []))
saver = tf.train.Saver(tf.trainable_variables())
path = os.path.join(tempfile.mkdtemp(), "model")
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    saver.save(sess, path)
with tf.Session() as sess:
    saver.restore(sess, path)
    print("without initialization:", error(lambda: sess.run(tf.global_variables("batch_normalization/moving"))))
