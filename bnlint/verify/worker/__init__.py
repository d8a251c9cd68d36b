"""The process that runs the user's code: stdlib, NumPy and TensorFlow only; Python >= 3.7, TensorFlow >= 1.15.

It is started by path, possibly under another interpreter, and so imports nothing of bnlint outside this folder.
"""
