"""One lab conversation, free of any transport: messages in, replies out.

The browser says first what it wants, as one text of JSON. Then it sends frames of its camera by
the capture protocol, or the pieces of a file in order, each within the credit that it was granted;
`stop` ends it early. The last reply is `done` or `error`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, NewType

from countenance.ceremony.protocol import (
    Channel,
    ProtocolError,
    accept,
    grant,
    open_channel,
    unpack_frame,
)
from countenance.datasets.capture import digest_of
from countenance.errors import CountenanceError
from countenance.images.codec import CAPTURE_LIMITS, decode_image, read_image
from countenance.images.sources import SourceKind, source_kind
from countenance.images.video import VideoFrame, open_video
from countenance.web.lab.errors import LabError, LabRequestError, UploadError
from countenance.web.lab.uploads import Upload
from countenance.web.lab.wish import Wish, parse_wish
from countenance.web.lab.work import Told, Work

Reply = NewType("Reply", dict[str, Any])
MakeWork = Callable[[Wish, str | None], Work]
"""From what is wanted, and the digest of the file (None: a camera), to the work."""
STOP: Final = "stop"
PIECE_BYTES: Final = 250_000
"""Of a file, at most; the browser is told."""
_LOG = logging.getLogger(__name__)


class LabSession:
    """Holds the client to the conversation and its work to an end."""

    def __init__(
        self,
        make_work: MakeWork,
        *,
        uploads: Path,
        credit: int,
        silence_limit_s: float,
        now_s: Callable[[], float],
    ) -> None:
        """Begin.

        Args:
            make_work: what is to be done with the frames.
            uploads: folder of files on their way in.
            credit: messages that the client may have under way.
            silence_limit_s: how long it may send nothing.
            now_s: tells the time, on a clock that never goes back.
        """
        self._make_work, self._uploads, self._credit = make_work, uploads, credit
        self._silence_limit_s, self._now_s = silence_limit_s, now_s
        self._heard_at_s = self._began_at_s = now_s()
        self._wish: Wish | None = None
        self._work: Work | None = None
        self._upload: Upload | None = None
        self._channel: Channel = open_channel(credit=credit)
        self._frames: Iterator[VideoFrame] | None = None
        self.is_over = False
        """Whether the last reply is said; nothing is accepted any more."""

    @property
    def has_frames(self) -> bool:
        """Whether frames of a file wait: `step` looks at the next one."""
        return self._frames is not None and not self.is_over

    @property
    def needs_engine(self) -> bool:
        """Whether the next message is a frame."""
        return self._work is not None

    def receive(self, message: bytes | str) -> list[Reply]:
        """Take one message of the client; returns what to send, in order."""
        if self.is_over:
            return []
        replies = self._guarded(lambda: self._receive(message))
        # The client is not silent while it waits for us: the engine may just have been opened.
        self._heard_at_s = self._now_s()
        return replies

    def step(self) -> list[Reply]:
        """Look at the next frame of a file."""
        return self._guarded(self._step)

    def tick(self) -> list[Reply]:
        """Look at the time: a client that says nothing for long is given up."""
        is_silent = self._now_s() - self._heard_at_s > self._silence_limit_s
        if self.is_over or self.has_frames or not is_silent:
            return []
        if self._work is not None:
            return self._guarded(self._done)
        return self._failed(UploadError("Nothing came for a while.", remedy="Try again."))

    def close(self) -> None:
        """Give everything back, whatever was going on."""
        self.is_over = True
        self._frames = None
        if self._work is not None:
            work, self._work = self._work, None
            work.close()
        if self._upload is not None:
            upload, self._upload = self._upload, None
            upload.close()

    def _guarded(self, act: Callable[[], list[Reply]]) -> list[Reply]:
        try:
            return act()
        except ProtocolError as error:
            broken = f"The page broke the protocol ({error.violation.value})."
            return self._failed(LabRequestError(broken, remedy="Reload the page and try again."))
        except CountenanceError as error:
            return self._failed(error)
        except Exception:  # noqa: BLE001 - a frame must not take the connection down untold
            _LOG.exception("the lab failed on a frame")
            return self._failed(LabError("Something broke here.", remedy="See the server's log."))

    def _receive(self, message: bytes | str) -> list[Reply]:
        if message == STOP:
            return self._done()
        if self._wish is None:
            return self._begin(parse_wish(message))
        if self._frames is not None:
            return []  # only `stop` means something now
        if self._upload is not None:
            return self._store(message)
        return self._show(message)

    def _begin(self, wish: Wish) -> list[Reply]:
        self._wish = wish
        if wish.file is None:
            self._work = self._make_work(wish, None)
        else:
            self._upload = Upload(self._uploads, wish.file)
        self._began_at_s = self._now_s()
        return [_reply("ready", credit=self._credit, piece_bytes=PIECE_BYTES)]

    def _show(self, message: bytes | str) -> list[Reply]:
        since_s = self._now_s() - self._began_at_s
        frame = unpack_frame(message)
        self._channel = grant(accept(self._channel, frame))
        image = decode_image(frame.image, limits=CAPTURE_LIMITS)
        return self._look(VideoFrame(frame.sequence, since_s, image), credit=1)

    def _store(self, message: bytes | str) -> list[Reply]:
        if self._upload is None or isinstance(message, str) or len(message) > PIECE_BYTES:
            raise LabRequestError("The file did not come in pieces.", remedy="Choose it again.")
        self._upload.write(message)
        replies = [_reply("piece", credit=1, received=self._upload.received)]
        if self._upload.is_whole:
            self._open(self._upload)
        return replies

    def _open(self, upload: Upload) -> None:
        if self._wish is None:
            raise LabRequestError("A file came before it was offered.")
        with _named(upload):
            is_video = source_kind(str(upload.path)) is SourceKind.VIDEO
            image = None if is_video else read_image(upload.path)
        self._work = self._make_work(self._wish, digest_of(upload.path))
        single = iter([VideoFrame(0, 0.0, image)]) if image is not None else None
        self._frames = single or _frames_of(upload)

    def _step(self) -> list[Reply]:
        if self._frames is None or self._upload is None:
            return []
        with _named(self._upload):
            frame = next(self._frames, None)
        return self._done() if frame is None else self._look(frame, credit=0)

    def _look(self, frame: VideoFrame, *, credit: int) -> list[Reply]:
        if self._work is None:
            return []
        told = self._work.look(frame, at_s=frame.at_s)
        replies = [] if told is None else [_reply("frame", credit=credit, **told)]
        return [*replies, *self._done()] if self._work.is_enough else replies

    def _done(self) -> list[Reply]:
        told: Told = {} if self._work is None else self._work.conclude()
        self.close()
        return [_reply("done", **told)]

    def _failed(self, error: CountenanceError) -> list[Reply]:
        kept: Told = {} if self._work is None else self._work.conclude()
        self.close()
        told = _reply("error", code=error.code, message=error.message, remedy=error.remedy)
        return [Reply({**told, "so_far": dict(kept)})]


class _named:  # noqa: N801 - reads as the verb that it is
    """Errors of a file carry the name that the person gave it, not where it lies."""

    def __init__(self, upload: Upload) -> None:
        self._upload = upload

    def __enter__(self) -> None:
        return

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, CountenanceError):
            name, path = self._upload.offer.name, str(self._upload.path)
            raise type(error)(error.message.replace(path, name), remedy=error.remedy) from error


def _frames_of(upload: Upload) -> Iterator[VideoFrame]:
    with open_video(upload.path) as reader:
        yield from reader.frames()


def _reply(kind: str, **told: Any) -> Reply:
    return Reply({"type": kind, **told})
