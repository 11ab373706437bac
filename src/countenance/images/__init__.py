"""Pixels: decoding, cropping, drawing and measuring them. OpenCV's image codec lives here."""
