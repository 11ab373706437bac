"""From pixels to evidence: faces, embeddings, presentation attack scores.

`interfaces` says what a back-end must do, `backends` hold the ones we ship, `observer` turns
frames into the observations that the ceremony decides over.
"""
