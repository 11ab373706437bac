"""Errors of images.

ImageError
├── NotAnImageError       the bytes are no image of an accepted format, or a damaged one
├── ImageTooLargeError    more bytes or pixels than accepted
└── ImageUnreadableError  the file cannot be opened at all
"""

from __future__ import annotations

from countenance.errors import CountenanceError


class ImageError(CountenanceError):
    """An image that cannot be used."""

    code = "image"


class NotAnImageError(ImageError):
    """The bytes are no image of an accepted format, or a damaged one."""

    code = "image.not_an_image"


class ImageTooLargeError(ImageError):
    """More bytes or pixels than accepted; found in the header, before decoding."""

    code = "image.too_large"


class ImageUnreadableError(ImageError):
    """The file cannot be opened: it is missing, a folder, or not permitted."""

    code = "image.unreadable"
