"""What the rules say of texts that no rule was written from, so that the model leaves them room.

Rules were written from the development texts and hardly ever err on them; the corpus is what they
had not seen. Rules and model share one budget of false alarms, judged there.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from safety.rules import rulebook
from safety.rules.heads import contradictable, evident
from safety.screening import Context, Engine, Finding
from safety.training.texts import Example

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Ruled:
    """For each text: whether rules `judged` it, found it whatever the model says (`firm`), or found
    it unless the model contradicts them (`weak`)."""

    judged: Flags
    firm: Flags
    weak: Flags

    def settled(self, harm: NDArray[np.float64], support: float) -> "Ruled":
        """The same once the model has said how likely any harm is."""
        return Ruled(self.judged, self.firm | (self.weak & (harm >= support)), self.weak & False)

    def of(self, places: Sequence[int]) -> "Ruled":
        """The same of some of the texts."""
        return Ruled(self.judged[places], self.firm[places], self.weak[places])


class Rules:
    """The shipped rules alone, on a message of a fan; they read no clock."""

    def __init__(self) -> None:
        book = rulebook.load()
        self.evident = evident(book.rules)
        self._engine = Engine(book, clock=lambda: 0, now=lambda: 0.0)

    def found(self, one: Example) -> Sequence[Finding]:
        """What they find in a text. RuntimeError when it could not be screened."""
        context = Context(sender_role="fan", country="FR", language=one.lang)
        verdict = self._engine.screen(one.said, context)
        if verdict.cause:
            raise RuntimeError(f"a text of {one.group} could not be screened: {verdict.cause}")
        return verdict.findings


def ruled(examples: Sequence[Example], policies: Sequence[str], rules: Rules) -> Ruled:
    """What `rules` say of the texts whose writing is known (`said`); of the others, nothing.

    A model of these policies contradicts what `Heads.supported` lets it.
    """
    said = [rules.found(one) if one.said else () for one in examples]
    firm = np.array(
        [
            any(f.policy not in policies or not contradictable(f, rules.evident) for f in each)
            for each in said
        ]
    )
    judged = np.array([bool(one.said) for one in examples])
    return Ruled(judged, firm, np.array([bool(each) for each in said]) & ~firm)
