"""Runs the code a finding is about and says whether it does what the rule predicted; see `verifier`.

TensorFlow lives in worker processes; nothing here imports it.
"""
