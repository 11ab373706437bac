"""Embeddings, templates and their comparison, in the terms of ISO/IEC 2382-37 and 19795-1.

Numpy and the standard library only: no clock, file, log or setting.
"""
