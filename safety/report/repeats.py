"""How much of a set repeats itself: texts of another wording that share most of their 3-grams."""

import re
from collections import defaultdict
from collections.abc import Sequence
from itertools import combinations

from safety.report.texts import Text

NEAR = 0.6  # Jaccard of word 3-grams

Shingles = frozenset[tuple[str, ...]]


def near_duplicates(texts: Sequence[Text]) -> set[str]:
    """Ids of texts that nearly repeat one of another wording (3-gram Jaccard >= 0.6)."""
    grams = {text.id: shingles(text.text) for text in texts}
    sharing: dict[tuple[str, ...], list[Text]] = defaultdict(list)
    for text in texts:
        for gram in grams[text.id]:
            sharing[gram].append(text)
    pairs = {
        (a.id, b.id)
        for group in sharing.values()
        for a, b in combinations(group, 2)
        if (a.family, a.wording) != (b.family, b.wording)
    }
    near = [(a, b) for a, b in pairs if _jaccard(grams[a], grams[b]) >= NEAR]
    return {id_ for pair in near for id_ in pair}


def shingles(text: str) -> Shingles:
    """The 3-grams of the words, or the words themselves when there are fewer than three."""
    words = re.findall(r"\w+", text.lower()) or [text]
    return frozenset(tuple(words[i : i + 3]) for i in range(max(1, len(words) - 2)))


def _jaccard(one: Shingles, other: Shingles) -> float:
    return len(one & other) / len(one | other)
