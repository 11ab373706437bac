"""A whole login without a server: performer, observer and fold, on a clock of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from countenance.biometrics.templates import Template, template_of
from countenance.ceremony.challenge import Draw
from countenance.ceremony.colour import ColourDraw
from countenance.ceremony.login import (
    LoginPolicy,
    LoginState,
    advance_login,
    begin_login,
    expire_login,
)
from countenance.images.image import Image
from countenance.vision.engine import Engine
from countenance.web.capture.login import follow_light, follow_relief
from tests.harness.injections import pixels_of
from tests.harness.performers import Footage, Performer
from tests.harness.reflections import Lit

SAMPLES: Final = 8


@dataclass(slots=True)
class Stage:
    """Who is expected, and by which rules."""

    engine: Engine
    policy: LoginPolicy
    template: Template
    fps: float = 10.0

    def play(
        self,
        performer: Performer,
        draws: tuple[Draw, ...],
        colours: tuple[ColourDraw, ...] = (),
    ) -> LoginState:
        """One login from the first frame to its verdict."""
        observer = self.engine.observer()
        state = begin_login(self.policy, draws, at_s=0.0, colours=colours)
        sequence, prompt = 0, None
        while state.verdict is None:
            at_s = sequence / self.fps
            image = Image(pixels_of(performer.frame(prompt, at_s=at_s)))
            seen = observer.observe(image, sequence=sequence, at_s=at_s, template=self.template)
            before, state = state, advance_login(state, seen)
            follow_relief(observer, before, state)
            follow_light(observer, before, state)
            prompt = state.move.value if state.move else None
            if isinstance(performer, Lit):
                performer.show(state.colour.value if state.colour else None, at_s=at_s)
            sequence += 1
            state = expire_login(state, at_s=at_s)
        return state


def template_from(engine: Engine, footage: Footage, *, samples: int = SAMPLES) -> Template:
    """Enrols the person of a recording from its most frontal frames.

    Raises: ValueError: no face was found on any of them.
    """
    order: Sequence[int] = sorted(
        range(len(footage.frames)), key=lambda k: abs(float(footage.yaws_deg[k]))
    )
    stills = (engine.analyse_still(Image(footage.frames[k])) for k in order)
    found = islice((still.embedding for still in stills if still.embedding), samples)
    return template_of(list(found))
