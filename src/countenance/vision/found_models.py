"""What lies in a models folder that has no manifest, and may be listed as it is.

A file of a pack counts when it has the digest of its card, which comes with the product. A promoted
detector counts when pointer, card and model agree and the audit trail tells that this model was
promoted: nothing else says where it came from.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from countenance.vision.errors import ModelUnlistedError
from countenance.vision.manifest import Came, ListedFile
from countenance.vision.model_store import digest_of
from countenance.vision.packs import shipped_packs
from countenance.vision.pad_service import DEMOTE, promoted_files


def found_models(folder: Path, *, promoted_sha256: str | None) -> Iterator[ListedFile]:
    """What may be listed.

    Args:
        folder: of the installed models.
        promoted_sha256: of the model that the audit trail tells to be promoted, empty for none;
            None when somebody has looked and takes what is there.

    Raises:
        ModelUnlistedError: a detector is in service that the audit trail does not tell of.
        ModelMissingError, ModelInvalidError, ModelAlteredError: it is not consistent.
    """
    yield from _pack_files(folder)
    files = promoted_files(folder)
    if not files:
        return
    digests = {digest_of(content) for content in files.values()}
    if promoted_sha256 is not None and promoted_sha256 not in digests:
        raise ModelUnlistedError(
            f"The audit trail does not tell that the detector in {next(iter(files)).parent} was "
            "promoted.",
            remedy=DEMOTE,
        )
    for path, content in files.items():
        name = path.relative_to(folder).as_posix()
        yield ListedFile(name, digest_of(content), len(content), "detector", Came.FOUND)


def _pack_files(folder: Path) -> Iterator[ListedFile]:
    seen: set[str] = set()
    for pack in shipped_packs():
        for card in pack.cards:
            for name, digest in {card.file: card.sha256, **card.alternatives}.items():
                path = folder / name
                if name in seen or not path.is_file():
                    continue
                content = path.read_bytes()
                if digest_of(content) == digest:
                    seen.add(name)
                    yield ListedFile(name, digest, len(content), pack.name, Came.FOUND)
