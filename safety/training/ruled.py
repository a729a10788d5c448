"""What the rules say of texts that no rule was written from, so that the model leaves them room.

Rules were written from the development texts and hardly ever err on them; the corpus is what they
had not seen. Rules and model share one budget of false alarms, judged there.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from safety.rules import rulebook
from safety.rules.heads import debatable, evident, is_grave
from safety.screening import Context, Engine, Finding
from safety.training.texts import Example

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Ruled:
    """For each text: whether rules `judged` it, found it whatever anybody says (`firm`), or unless
    the model or a second opinion contradicts them, which what is `grave` gives hardly a chance and
    what is `weak` a good one."""

    judged: Flags
    firm: Flags
    grave: Flags
    weak: Flags

    @property
    def acting(self) -> Flags:
        """What they find, unless somebody contradicts them."""
        return self.firm | self.grave | self.weak

    def contradicted(
        self, harm: NDArray[np.float64], *, support: float = 0.0, grave: float = 0.0
    ) -> "Ruled":
        """The same without what a chance of harm below these contradicts."""
        kept = self.grave & (harm >= grave), self.weak & (harm >= support)
        return Ruled(self.judged, self.firm, *kept)

    def of(self, places: Sequence[int]) -> "Ruled":
        """The same of some of the texts."""
        return Ruled(*(each[places] for each in (self.judged, self.firm, self.grave, self.weak)))


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

    def where(some: Callable[[Finding], bool]) -> Flags:
        return np.array([any(map(some, each)) for each in said])

    judged = np.array([bool(one.said) for one in examples])
    firm = where(lambda f: f.policy not in policies or not debatable(f, rules.evident))
    grave = where(lambda f: is_grave(f.policy)) & ~firm
    return Ruled(judged, firm, grave, where(bool) & ~firm & ~grave)
