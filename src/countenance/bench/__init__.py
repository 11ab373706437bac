"""Measurements of this installation's speed."""
