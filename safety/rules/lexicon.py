"""The words that matter, and how they are disguised: what a disguised word may stand for.

Hides where the words come from (the patterns and examples of the packs, read as text once, so that
a new rule protects its own words) and the tables made of them: masked vowels, swapped letters,
words written backwards, verlan. `respelling.toml` adds phonetic and abbreviated French and English.
"""

import re
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import islice
from math import log2
from pathlib import Path

from safety.rules.characters import plain

_FOLDER = Path(__file__).parent
_PACKS = _FOLDER / "packs"
_RESPELLING = _FOLDER / "respelling.toml"
READINGS_MAX = 8  # of one disguised word
WORD_MAX = 24  # letters of the longest word anybody disguises
_SWAP_MIN, _BACKWARD_MIN, _MASK_MIN, _FRAGMENT_MIN = 5, 5, 3, 6
_VOWELS = "aeiouy"
_MASK_VOWELS = str.maketrans(_VOWELS, "*" * len(_VOWELS))

WORDS_OF_ONE_LETTER = frozenset("ayi")  # French and English, which are no part by themselves

Table = dict[str, tuple[str, ...]]

# -- Words of the packs --------------------------------------------------------------------------

_KEY = re.compile(r"^(\w+) = ")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_NOT_WORDS = re.compile(r"\\\\?.|<\w+>|@\w+|\{[^}]*\}|\[[^\]]*\]|\(\?:")
_OPTIONAL = re.compile(r"([a-z])\?")
_STEM = re.compile(r"([a-z]{4,})\*")
_WORD = re.compile(r"(?<!\w)[a-z]{2,}(?!\w)")
_UNREAD = frozenset({"id", "policy", "action", "view", "reason_fr", "reason_en", "version"})
_EXAMPLES_MIN = 2  # times an example has a word that is not one of its disguises


class _PackWords:
    """How often each word stands in the patterns of the packs, and in their examples."""

    def __init__(self, folder: Path) -> None:
        self.patterns: Counter[str] = Counter()
        self.matches: Counter[str] = Counter()
        self.twins: Counter[str] = Counter()
        stems: set[str] = set()
        kinds = {"matches": self.matches, "twins": self.twins}
        for file in sorted(folder.glob("*.toml")):
            key = ""
            for line in file.read_text("utf-8").splitlines():
                key = found[1] if (found := _KEY.match(line)) else key
                if key not in _UNREAD:
                    for quoted in _QUOTED.findall(line):
                        kinds.get(key, self.patterns).update(_words_of(quoted))
                        stems.update(() if key in kinds else _STEM.findall(plain(quoted)))
        self._stems = tuple(stems)

    def known(self) -> Counter[str]:
        """The words that are nobody's disguise. Examples of matches may hold disguised ones."""
        sure = self.patterns + self.twins
        return sure + Counter(
            {
                word: count
                for word, count in self.matches.items()
                if count >= _EXAMPLES_MIN or word in sure or word.startswith(self._stems)
            }
        )


def _words_of(pattern: str) -> Iterator[str]:
    bare = _NOT_WORDS.sub(" ", plain(pattern))
    yield from _WORD.findall(bare.replace("?", ""))
    yield from (f"{stem}s" for stem in _STEM.findall(bare))
    if "?" in bare:
        yield from _WORD.findall(_OPTIONAL.sub("", bare))


# -- The tables ----------------------------------------------------------------------------------


class Lexicon:
    """What is known of words. Built once; only read afterwards."""

    def __init__(self, folder: Path = _PACKS, respelling: Path = _RESPELLING) -> None:
        own = tomllib.loads(respelling.read_text("utf-8"))
        packs = _PackWords(folder)
        matter = Counter(own["words"]["matter"]) + packs.patterns
        self.known = packs.known() + Counter(own["words"]["matter"] + own["ordinary"]["words"])
        self.respelled: dict[str, str] = dict(own["respelled"])
        self.respelled |= {
            form: word for word in own["words"]["verlan"] for form in _verlan(word)
            if form not in self.known and form not in self.respelled
        }  # fmt: skip
        every = sorted((one for one in self.known if len(one) <= WORD_MAX), key=self._rank)
        words = [one for one in every if one in matter]
        self._swapped = _table((_swap_key(one), one) for one in every if len(one) >= _SWAP_MIN)
        self._masked = _table(_mask_keys(every))
        self._backward = {
            one[::-1]: one
            for one in words
            if (len(one) >= _BACKWARD_MIN or one in own["words"]["matter"])
            and one[::-1] not in self.known
        }
        cuts = [(one[:at], one[at:]) for one in every for at in range(2, len(one) - 1)
                if len(one) >= _FRAGMENT_MIN]  # fmt: skip
        self.pairs = frozenset(one.split(" ")[0] for one in self.respelled if " " in one)
        # First parts of words cut in two, whose other part or themselves are no word.
        self.heads = self.pairs.union(
            head for head, tail in cuts if head not in self.known or tail not in self.known
        )
        joins = [
            (one[:at], one[at:])
            for one in self.known
            for at in range(1, len(one))
            if one[:at] in self.heads and (one[:at] not in self.known or one[at:] not in self.known)
        ]
        self._parts = frozenset(part for join in (*cuts, *joins) for part in join)
        self._parts -= self.known.keys()
        self._counted = frozenset(word for word in self.known if len(word) > 2)
        self.costs = {word: _cost(count) for word, count in self.known.items()}
        self.prefixes = frozenset(one[:size] for one in self.known for size in range(1, len(one)))

    def _rank(self, word: str) -> tuple[int, str]:
        return -self.known[word], word

    def forms(self, word: str) -> tuple[str, ...]:
        """What an alphabetic `word` may stand for, best first; nothing when it is itself."""
        if word in self.respelled:
            plain_word = self.respelled[word]
            return (word, plain_word) if word in self.known else (plain_word,)
        if word in self.known or not 3 < len(word) <= WORD_MAX:
            return ()
        if word in self._backward:
            return (self._backward[word],)
        if len(word) >= _SWAP_MIN:
            return self._swapped.get(_swap_key(word), ())
        return ()

    def unmasked(self, word: str) -> tuple[str, ...]:
        """The known words that `word` may be, each of its `*` standing for one letter."""
        found = self._masked.get(word.translate(_MASK_VOWELS), ()) + self._masked.get(word, ())
        fitting = (
            one
            for one in dict.fromkeys(found)
            if all(sign in ("*", letter) for sign, letter in zip(word, one, strict=True))
        )
        return tuple(islice(fitting, READINGS_MAX))

    def count(self, words: Iterable[str]) -> int:
        """How many of `words` are known, short ones aside."""
        return sum(map(self._counted.__contains__, words))

    def is_part(self, word: str) -> bool:
        """Whether `word` may be a part of a known word or pair that was cut by a gap."""
        return word in self._parts or word in self.pairs


def _cost(count: int) -> float:
    """What a word costs in a sentence without gaps: the more often seen, the less."""
    return 6.0 - 0.6 * min(log2(count + 1), 5.0)


def _table(pairs: Iterable[tuple[str, str]]) -> Table:
    """The words of each key, in the order given."""
    table: dict[str, list[str]] = defaultdict(list)
    for key, word in pairs:
        table[key].append(word)
    return {key: tuple(dict.fromkeys(words)) for key, words in table.items()}


def _swap_key(word: str) -> str:
    return f"{word[0]}{''.join(sorted(word[1:-1]))}{word[-1]}"


def _mask_keys(words: Iterable[str]) -> Iterator[tuple[str, str]]:
    for word in words:
        if len(word) >= _MASK_MIN:
            yield word.translate(_MASK_VOWELS), word
            if len(word) > _MASK_MIN:
                yield f"{word[0]}{'*' * (len(word) - 2)}{word[-1]}", word


_SYLLABLES = re.compile(r"(?=[^aeiouy][aeiouy])")


def _verlan(word: str) -> Iterator[str]:
    """The halves of `word` the other way round: `femme` aside, this is how verlan is made."""
    for place in (found.start() for found in _SYLLABLES.finditer(word)):
        if 2 <= place <= len(word) - 2:
            yield word[place:] + word[:place]


@cache
def lexicon() -> Lexicon:
    """The lexicon of the packs beside this module, built at the first call."""
    return Lexicon()
