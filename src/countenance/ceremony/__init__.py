"""The login as a fold over observations: evidence in, verdict out.

Numpy and the standard library only: no clock, file, log or setting. Time comes in as seconds.
"""
