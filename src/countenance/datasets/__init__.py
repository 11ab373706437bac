"""Presentations to train and test with: manifests and splits that refuse to leak."""
