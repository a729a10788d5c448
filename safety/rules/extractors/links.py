"""Links and bare domains, spoken ones included; profiles and payment pages told from the rest."""

import re
from collections.abc import Iterator
from itertools import islice

from safety.rules.extractors.glance import Glance, glanced
from safety.rules.extractors.kinds import LINK, PAYMENT, PROFILE, Found, words
from safety.rules.extractors.mails import DOT

CANDIDATES_MAX = 24
_PROFILE_HOSTS = frozenset(
    {
        "t.me", "telegram.me", "wa.me", "whatsapp.com", "instagram.com", "instagr.am", "ig.me",
        "snapchat.com", "facebook.com", "fb.me", "fb.com", "m.me", "twitter.com", "x.com",
        "tiktok.com", "discord.gg", "discord.com", "onlyfans.com", "mym.fans", "fansly.com",
        "linktr.ee", "beacons.ai", "allmylinks.com", "signal.me", "signal.group", "threads.net",
        "getallmylinks.com", "kik.me", "reddit.com", "bsky.app", "vk.com", "line.me",
        "zoom.us", "meet.google.com", "skype.com", "viber.com", "bumble.com", "tinder.com",
        "meet.jit.si", "campsite.bio", "hoo.be", "fanvue.com", "chaturbate.com", "carrd.co",
    }
)  # fmt: skip
_PAYMENT_HOSTS = frozenset(
    {
        "paypal.me", "paypal.com", "revolut.me", "cash.app", "lydia-app.com", "lydia.me",
        "wise.com", "ko-fi.com", "buymeacoffee.com", "patreon.com", "leetchi.com", "venmo.com",
        "gofundme.com", "monzo.me", "throne.com", "buy.stripe.com", "tikkie.me", "bunq.me",
        "sumup.link", "lepotcommun.fr", "cagnotte.me", "tipeee.com", "skrill.com", "twint.ch",
    }
)  # fmt: skip
_SURE = (
    "com|fr|net|org|info|biz|xyz|app|link|bio|vip|site|online|shop|club|top|fans"
    "|example|page|chat|group|live|cam|sex|xxx|porn|adult|date|store|space"
)
_SHORT = (
    "gg|ly|eu|ai|gl|uk|ca|us|ru|cc|ws|tk|ee|am|me|be|ch|io|co|tv|to|de|es|it|nl|lu|ma|dz|tn|ie"
    "|pt|si|pl"
)
_HOST = rf"(?:[a-z0-9][a-z0-9\-]{{0,40}}\.){{1,4}}(?:{_SURE}|{_SHORT})"
WRITTEN = glanced(
    rf"(?<![a-z0-9@.\-_])(?:(h(?:tt|xx)ps?: ?//)|(www\.))?({_HOST})(?![a-z0-9\-])(/[^\s]{{0,200}})?"
)
_SHORT_END = re.compile(rf"\.(?:{_SHORT})$")
DOTTED = re.compile(r"\.[a-z]{2}")
SPOKEN = frozenset({"dot", "point", "punto"})
SPACED = glanced(r"\. (?:com|fr|net|org|me)(?![a-z0-9])| \.(?:com|fr|net|org|me)(?![a-z0-9])")
SAID_TLD = words("com fr net org me io example gg fans app bio")
SAID = glanced(
    rf"(?:\.|(?<![a-z0-9])(?:dot|point|pt|punto))[ )\]}}>*_\-]{{0,3}}({'|'.join(sorted(SAID_TLD))})"
    r"(?![a-z0-9])((?: ?(?:/|slash) ?[a-z0-9_\-.]{2,60}){0,3})"
)
_SAID_HEAD = re.compile(
    rf"(?<![a-z0-9@.\-_])([a-z0-9][a-z0-9\-]{{0,40}})(?:{DOT}([a-z0-9\-]{{2,40}}))?"
    r"[ (\[{<*_\-]{0,3}$"
)
_SAID_REACH = 90  # characters before the last dot
_CLOSING = ".,;:!?)]}\"'»"
_SLASH = re.compile(r" ?(?:/|slash) ?")
_PROFILE_ROOT = re.compile(r"^(?:t|m|wa|kik|signal|line|fb|ig)\.me$")


def links(glance: Glance) -> Iterator[Found]:
    """The links written with a dot."""
    for found in islice(glance.finditer(WRITTEN), CANDIDATES_MAX):
        host = found[3].removeprefix("www.")
        kind = _kind(host)
        announced = found[1] or found[2] or found[4]
        doubtful = (kind == LINK and host.count(".") == 1) or _PROFILE_ROOT.match(host)
        if doubtful and not announced and _SHORT_END.search(host):
            continue  # "merci.me voila" is a missing space, not an address
        path = (found[4] or "").rstrip(_CLOSING)
        yield kind, host + path, (found.start(), found.end() - len(found[4] or "") + len(path))


def said_links(glance: Glance) -> Iterator[Found]:
    """The links whose dots are words or stand apart: `example point com slash vip`."""
    text = glance.text
    for found in islice(glance.finditer(SAID), CANDIDATES_MAX):
        first = max(0, found.start() - _SAID_REACH)
        head = _SAID_HEAD.search(text[first : found.start()])
        if head is None:
            continue
        host = ".".join(part for part in (head[1], head[2], found[1]) if part)
        start = first + head.start()
        if host in text[start : found.end()]:
            continue  # written plainly: the other finder has it
        kind = _kind(host)
        if found[1] in ("me", "io", "app", "bio", "gg", "fans") and kind == LINK and not found[2]:
            continue  # "the point me and you"
        yield kind, host + _SLASH.sub("/", found[2]), (start, found.end())


def _kind(host: str) -> str:
    parts = host.split(".")
    tails = {".".join(parts[place:]) for place in range(len(parts) - 1)}
    if tails & _PROFILE_HOSTS:
        return PROFILE
    return PAYMENT if tails & _PAYMENT_HOSTS else LINK
