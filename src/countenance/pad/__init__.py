"""Presentation attack detection: species, error rates, scores over time.

Only numpy and the standard library here: no clock, file, log, setting or model.
"""
