"""Every way in that we can play: who or what is before the camera, and what is told beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from countenance.ceremony.challenge import Move
from tests.harness.injections import (
    EncodedAnew,
    Played,
    Relay,
    Resent,
    Taped,
    Unmoved,
)
from tests.harness.performers import (
    Actor,
    Film,
    Footage,
    Loop,
    Performer,
    Photo,
    Restless,
    contrary,
    deaf,
    shows,
)
from tests.harness.reflections import Lit, Room, Screen

LIVE = "live"
LIT = "lit"


@dataclass(slots=True, eq=False)
class Cast:
    """What one round of acts is played with."""

    name: str
    """Of the person whose account it is."""
    person: Footage
    """The person, recorded."""
    other: Footage
    """Somebody else, recorded."""
    seed: int = 0
    tape: list[tuple[float, bytes]] = field(default_factory=list)
    """The frames of the login that was granted, once it was."""


def clock_of(at_s: float) -> int:
    """The time that an honest page tells, ms."""
    return round(1000 * at_s)


def torn_clock(at_s: float) -> int:
    """Frames that were cut together: after three seconds the time begins again."""
    return round(1000 * (at_s % 3.0))


@dataclass(frozen=True, slots=True)
class Act:
    """One way in."""

    name: str
    title: str
    """For the table."""
    make: Callable[[Cast], Performer]
    camera: str | None = None
    """Label of the camera that is told of."""
    clock: Callable[[float], int] = clock_of
    reasons: frozenset[str] = frozenset()
    """Why it may be refused; the fast suite holds it to these."""
    needs_tape: bool = False
    film: tuple[Move, ...] = ()
    """Moves of a film that knows no prompt; see `is_luck`."""

    @property
    def is_attack(self) -> bool:
        """Whether it has to stay outside."""
        return self.name not in (LIVE, LIT)

    def is_luck(self, asked: Sequence[Move]) -> bool:
        """Whether the server drew moves that this act's film shows anyway.

        To be let in then is chance, whose size `tools.measure_films` tells; to be let in with any
        other moves is a fault.
        """
        return bool(self.film and asked) and shows(self.film, asked)


def _tape(cast: Cast) -> Performer:
    return Taped(Actor(cast.person, cast.seed), cast.tape)


def _lit(cast: Cast, *, strength: float = 0.4, late_s: float = 0.0) -> Lit:
    actor = Restless(cast.person, cast.seed)
    screen = Screen(lag_s=Screen().lag_s + late_s)
    return Lit(actor, actor.face, Room(strength=strength), screen, seed=cast.seed)


def _photo(cast: Cast, way: str, *, angle_deg: float = 42.0) -> Photo:
    return Photo(cast.person, way, seed=cast.seed, angle_deg=angle_deg)


_PASSIVE = frozenset({"presentation_attack", "timed_out", "face_changed"})
_MOVES = (
    frozenset({"challenge_unanswered", "challenge_wrong", "flat_picture", "shallow_turn", "looped"})
    | _PASSIVE
)
_FILM = (Move.TURN_LEFT, Move.MOVE_CLOSER, Move.TURN_RIGHT, Move.MOVE_BACK)

ACTS: tuple[Act, ...] = (
    Act(LIVE, "a person who answers", _tape),
    Act(
        "photo_still",
        "photograph, held",
        lambda cast: Unmoved(_photo(cast, "turned")),
        reasons=_MOVES,
    ),
    Act(
        "photo_encoded_anew",
        "photograph, held, compressed twice, noisy",
        lambda cast: EncodedAnew(Unmoved(_photo(cast, "turned")), seed=cast.seed),
        reasons=_MOVES,
    ),
    Act(
        "photo_turned",
        "photograph, turned as asked",
        lambda cast: _photo(cast, "turned"),
        reasons=_MOVES,
    ),
    Act(
        "photo_tilted",
        "photograph, tilted as asked",
        lambda cast: _photo(cast, "tilted"),
        reasons=_MOVES,
    ),
    Act(
        "photo_bent",
        "photograph, bent and turned as asked",
        lambda cast: _photo(cast, "bent"),
        reasons=_MOVES,
    ),
    Act(
        "photo_rolled",
        "photograph rolled about a level line, turned as asked",
        lambda cast: _photo(cast, "rolled", angle_deg=56.0),
        reasons=_MOVES,
    ),
    Act(
        "photo_leaning",
        "photograph bent about a leaning line, turned as asked",
        lambda cast: _photo(cast, "leaning", angle_deg=56.0),
        reasons=_MOVES,
    ),
    Act(
        "photo_closer",
        "photograph, moved closer and back as asked",
        lambda cast: _photo(cast, "turned", angle_deg=0.0),
        reasons=_MOVES,
    ),
    Act(
        "photo_with_live_eyes",
        "photograph with holes for live eyes, turned as asked",
        lambda cast: Photo(cast.person, "turned", holes=("eyes",), seed=cast.seed),
        reasons=_MOVES | {"not_matched", "several_faces"},
    ),
    Act(
        "photo_bent_with_live_eyes",
        "photograph with holes for live eyes, bent and turned as asked",
        lambda cast: Photo(cast.person, "bent", holes=("eyes",), seed=cast.seed),
        reasons=_MOVES | {"not_matched", "several_faces"},
    ),
    Act(
        "played",
        "recording of the person, played",
        lambda cast: Played(cast.person, cast.seed),
        reasons=_MOVES | {"poor_quality"},
    ),
    Act(
        "film_of_other_moves",
        "recording of a login with other moves",
        lambda cast: Film(Actor(cast.person, cast.seed), _FILM),
        reasons=_MOVES,
        film=_FILM,
    ),
    Act(
        "wrong_direction",
        "every move the other way",
        lambda cast: Actor(cast.person, cast.seed, contrary),
        reasons=frozenset({"challenge_wrong", "challenge_unanswered"}),
    ),
    Act(
        "no_move",
        "a person who hears no prompt",
        lambda cast: Actor(cast.person, cast.seed, deaf),
        reasons=frozenset({"challenge_unanswered", "challenge_wrong"}),
    ),
    Act(
        "looped",
        "a second and a half of the person, in a loop",
        lambda cast: Loop(cast.person, start=0, length=22, seed=cast.seed),
        reasons=_MOVES | {"poor_quality"},
    ),
    Act(
        "swapped_when_turned",
        "somebody else whenever the head is turned",
        lambda cast: Actor(cast.person, cast.seed, turned=cast.other),
        reasons=frozenset({"face_changed", "challenge_unanswered", "challenge_wrong"}),
    ),
    Act(
        "swapped_midway",
        "somebody else, who answers, after three seconds",
        lambda cast: Relay(
            Actor(cast.person, cast.seed), Actor(cast.other, cast.seed + 1), after_s=3.0
        ),
        reasons=_MOVES | {"not_matched", "several_faces"},
    ),
    Act(
        "resent",
        "the granted login, sent again",
        lambda cast: Resent(list(cast.tape)),
        reasons=frozenset({"replayed"}),
        needs_tape=True,
    ),
    Act(
        "resent_encoded_anew",
        "the granted login, encoded anew with noise",
        lambda cast: EncodedAnew(Resent(list(cast.tape)), quality=80, seed=cast.seed + 7),
        reasons=_MOVES | {"not_matched", "several_faces"},
        needs_tape=True,
    ),
    Act(
        "virtual_camera",
        "a person who answers, through OBS",
        lambda cast: Actor(cast.person, cast.seed + 2),
        camera="OBS Virtual Camera",
        reasons=frozenset({"virtual_camera"}),
    ),
    Act(
        "torn_clock",
        "a person who answers, at times that cannot be",
        lambda cast: Actor(cast.person, cast.seed + 3),
        clock=torn_clock,
        reasons=frozenset({"impossible_timing"}),
    ),
)
PHONE_ACTS: tuple[Act, ...] = (
    Act(
        "phone_played",
        "telephone that plays a recording",
        lambda cast: Played(cast.person, cast.seed),
        reasons=_MOVES | {"poor_quality", "no_face", "several_faces"},
    ),
    Act(
        "phone_answering",
        "telephone whose recording does what is asked",
        lambda cast: Actor(cast.person, cast.seed),
        reasons=_MOVES | {"poor_quality", "no_face", "several_faces"},
    ),
)
"""Played with recordings of telephones: the person is the face on the screen, enrolled from it, so
that nothing but presentation attack detection stands in the way."""


_COLOURS = frozenset({"colour_unseen", "colour_ignored"})
COLOUR_ACTS: tuple[Act, ...] = (
    Act(LIT, "a person who answers, in the light of the screen", _lit),
    Act(
        "lit_by_no_screen",
        "a person who answers the moves, fed in from elsewhere",
        lambda cast: _lit(cast, strength=0.0),
        reasons=_COLOURS,
    ),
    Act(
        "lit_too_late",
        "the same, lit by the colours of two seconds ago",
        lambda cast: _lit(cast, late_s=2.0),
        reasons=_COLOURS,
    ),
)
"""Played with the policy `strict`; the light of the screen is simulated."""


def act_named(name: str) -> Act:
    """Raises: StopIteration: there is none."""
    return next(act for act in (*ACTS, *PHONE_ACTS, *COLOUR_ACTS) if act.name == name)
