"""Training of detectors: the only home of the training framework.

Nothing that runs a login may import this package; what it makes are ONNX files with a card.
"""
