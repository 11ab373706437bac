"""The lab: collecting presentations, and looking at what each cue sees. Scores are shown here only.

Everything here asks for the right to use the lab; a login never touches it.
"""
