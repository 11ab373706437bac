"""What any counted error rate needs, of whichever kind: intervals, and the normal deviate.

Numpy and the standard library only, and no word about faces: `biometrics` and `pad` are siblings
that may not import each other, and both count errors.
"""
