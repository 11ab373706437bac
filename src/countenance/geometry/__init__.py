"""Points, boxes and transforms as values.

Numpy and the standard library only: no clock, file, log or setting.
"""
