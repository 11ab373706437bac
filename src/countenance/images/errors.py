"""Errors of images.

ImageError
├── NotAnImageError       the bytes are no image of an accepted format, or a damaged one
├── ImageTooLargeError    more bytes or pixels than accepted
├── ImageUnreadableError  the file cannot be opened at all
├── VideoUnreadableError  the file is no video, or it ends before its own length
├── VideoUnwritableError  a video cannot be written there or in that format
├── CameraError           no camera answers under that number
└── UnusablePhotographsError  no photograph of a person gives a sample
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


class VideoUnreadableError(ImageError):
    """The file is no video that can be decoded, or it ends before its own length."""

    code = "image.video_unreadable"


class VideoUnwritableError(ImageError):
    """A video cannot be written there or in that format."""

    code = "image.video_unwritable"


class CameraError(ImageError):
    """No camera of this machine answers under that number."""

    code = "image.camera"


class UnusablePhotographsError(ImageError):
    """No photograph of a person is good enough to become a sample."""

    code = "image.unusable_photographs"
