"""The engine alone: are two photographs of one person? Usage: ONE.jpg OTHER.jpg."""

import sys
import tempfile
from pathlib import Path

from countenance.biometrics.comparison import similarity
from countenance.biometrics.embeddings import Embedding
from countenance.images.codec import read_image
from countenance.vision.engine import Engine, open_engine


def embedding_of(engine: Engine, path: Path) -> Embedding:
    """The embedding of the largest face, or the end of the program."""
    analysis = engine.analyse_still(read_image(path))
    if analysis.embedding is None:
        sys.exit(f"{path}: no face found")
    return analysis.embedding


def main(one: Path, other: Path) -> None:
    """Compare and print."""
    with tempfile.TemporaryDirectory() as prepared_models:
        engine = open_engine(Path(prepared_models))
        alike = similarity(embedding_of(engine, one), embedding_of(engine, other))
        threshold = engine.thresholds.match_similarity
    answer = "one person" if alike >= threshold else "two people"
    print(f"{answer} (similarity {alike:.3f}, threshold {threshold:.3f})")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
