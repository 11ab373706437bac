"""The decision alone: made-up camera frames in, a verdict out. No camera, no model, no clock."""

from countenance.ceremony.evidence import FaceEvidence, Hint, Observation
from countenance.ceremony.policy import PassivePolicy
from countenance.ceremony.state import State, advance, begin

FRAMES_PER_S = 15


def frame(number: int, *, bona_fide: bool, match: bool, track: int = 1) -> Observation:
    """One frame with one face of good quality."""
    face = FaceEvidence(
        box_xyxy=(0.3, 0.2, 0.7, 0.8),
        track_id=track,
        hint=Hint.HOLD_STILL,
        yaw_deg=0.0,
        pitch_deg=0.0,
        is_bona_fide=bona_fide,
        is_match=match,
    )
    return Observation(sequence=number, at_s=number / FRAMES_PER_S, face_count=1, face=face)


def watch(frames: list[Observation]) -> State:
    """Fold the frames, as the server does while they arrive."""
    state = begin(PassivePolicy(frames_needed=10, time_limit_s=20), at_s=0.0)
    for observation in frames:
        state = advance(state, observation)
    return state


def tell(who: str, state: State) -> None:
    """Print how it ended."""
    verdict = state.verdict
    end = "still going on" if verdict is None else verdict.reason or "granted"
    print(f"{who}: {end} after {state.frames} frames")


if __name__ == "__main__":
    owner = [frame(n, bona_fide=True, match=True) for n in range(40)]
    phone = [frame(n, bona_fide=False, match=True) for n in range(40)]
    other = [frame(n, bona_fide=True, match=False) for n in range(40)]
    swapped = [frame(n, bona_fide=True, match=True, track=n // 9) for n in range(60)]
    tell("the owner", watch(owner))
    tell("the owner on a phone", watch(phone))
    tell("somebody else", watch(other))
    tell("a new face after every nine frames", watch(swapped))
