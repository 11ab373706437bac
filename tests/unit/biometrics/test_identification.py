import numpy as np
import pytest

from countenance.biometrics.comparison import PackMismatchError
from countenance.biometrics.embeddings import Embedding, normalised
from countenance.biometrics.identification import Gallery
from countenance.biometrics.templates import Template, template_of


def towards(degrees: float, pack: str = "test/1") -> Embedding:
    angle = np.radians(degrees)
    return normalised(np.array([np.cos(angle), np.sin(angle)]), pack=pack)


def template(degrees: float, pack: str = "test/1") -> Template:
    return template_of([towards(degrees, pack)])


@pytest.fixture
def gallery() -> Gallery:
    people = {"ada": template(0), "ben": template(30), "cid": template(90)}
    return Gallery(people.items(), pack="test/1")


def test_candidates_come_best_first_and_reach_the_threshold(gallery: Gallery) -> None:
    found = gallery.candidates(towards(20), threshold=0.5, limit=5)
    assert [candidate.key for candidate in found] == ["ben", "ada"]
    assert found[0].similarity == pytest.approx(np.cos(np.radians(10)), abs=1e-6)


def test_nobody_reaches_the_threshold(gallery: Gallery) -> None:
    assert gallery.candidates(towards(200), threshold=0.5, limit=5) == []


def test_no_more_candidates_than_asked_for(gallery: Gallery) -> None:
    assert len(gallery.candidates(towards(20), threshold=-1.0, limit=2)) == 2


def test_an_empty_gallery_knows_nobody() -> None:
    assert Gallery(pack="test/1").candidates(towards(0), threshold=-1.0, limit=1) == []


def test_a_template_takes_the_place_of_an_earlier_one(gallery: Gallery) -> None:
    gallery.put("ada", template(180))
    assert len(gallery) == 3
    assert gallery.candidates(towards(180), threshold=0.9, limit=1)[0].key == "ada"


def test_other_packs_do_not_compare(gallery: Gallery) -> None:
    with pytest.raises(PackMismatchError):
        gallery.put("dan", template(0, pack="other/1"))
    with pytest.raises(PackMismatchError):
        gallery.candidates(towards(0, pack="other/1"), threshold=0.5, limit=1)
