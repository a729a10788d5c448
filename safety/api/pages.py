"""Public pages without JavaScript: a statement of reasons, and the rule book."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone, translation
from django.views.decorators.http import require_safe

from accounts.db import in_db
from accounts.errors import NotFound
from accounts.web import visitor
from safety import queries
from safety.second_opinion import stage

OTHER = {"fr": "en", "en": "fr"}
_PAGE_WORDS: dict[str, dict[str, Any]] = {
    "fr": {
        "rules": "Le règlement",
        "rules_intro": "Ce que chaque règle interdit. Une machine peut seulement laisser passer, "
        "signaler ou faire attendre ; une personne décide.",
        "version": "Version",
        "hash": "Empreinte complète (SHA-256)",
        "since": "En vigueur depuis le",
        "key": "Scellée par la clé",
        "machine": "Ce que la machine applique",
        "machine_intro": "Un programme lit ces mêmes données à l’adresse",
        "limits": "Seuils du modèle, de 0 à 1",
        "limits_intro": "À partir de quel score le modèle demande un second avis, signale, fait "
        "attendre. Au-dessous de l’appui, une règle de mots est notée sans effet. Un second avis a "
        "ses propres seuils ; 1 n’est jamais atteint.",
        "limit_names": ("second avis demandé", "signalement", "attente", "appui"),
        "by_second": "par le second avis",
        "second_on": "Ce serveur demande un second avis.",
        "second_off": "Ce serveur ne demande pas de second avis.",
        "rules_only": "Le modèle est arrêté : seules les règles écrites s’appliquent.",
        "firm": "Règles fermes",
        "firm_intro": "Une règle de mots que le modèle contredit est notée sans effet. Celles-ci "
        "agissent quoi qu’il en pense : elles se trompent rarement, ou visent des mots neufs.",
        "firm_none": "Aucune en ce moment.",
        "trial": "à l’essai, sans effet",
        "health": "Ce qui n’a pas marché comme il faut, ces trente derniers jours",
        "health_at": "Les mêmes chiffres pour un programme :",
        "minutes": "minutes",
        "messages": "messages",
        "history": "Versions",
        "states": {
            "proposed": "proposée",
            "shadow": "à l’essai, sans effet",
            "active": "en vigueur",
            "retired": "remplacée",
        },
        "home": "Retour à Aparté",
        "other": "English",
        "read_rules": "Lire le règlement",
    },
    "en": {
        "rules": "The rule book",
        "rules_intro": "What each rule forbids. A machine may only let pass, point at or make "
        "wait; a person decides.",
        "version": "Version",
        "hash": "Full fingerprint (SHA-256)",
        "since": "In force since",
        "key": "Sealed by key",
        "machine": "What the machine applies",
        "machine_intro": "A program reads the same facts at",
        "limits": "Thresholds of the model, from 0 to 1",
        "limits_intro": "From which score the model asks for a second opinion, flags, holds. Below "
        "the support, a rule of words is recorded without effect. A second opinion has thresholds "
        "of its own; 1 is never reached.",
        "limit_names": ("asks a second opinion", "flag", "hold", "support"),
        "by_second": "by the second opinion",
        "second_on": "This server asks for a second opinion.",
        "second_off": "This server asks for no second opinion.",
        "rules_only": "The model is off: only written rules apply.",
        "firm": "Firm rules",
        "firm_intro": "A rule of words that the model contradicts is recorded without effect. "
        "These act whatever it thinks: they are seldom wrong, or after new words.",
        "firm_none": "None at present.",
        "trial": "on trial, without effect",
        "health": "What did not work as it should, over the last thirty days",
        "health_at": "The same figures for a program:",
        "minutes": "minutes",
        "messages": "messages",
        "history": "Versions",
        "states": {
            "proposed": "proposed",
            "shadow": "on trial, without effect",
            "active": "in force",
            "retired": "replaced",
        },
        "home": "Back to Aparté",
        "other": "Français",
        "read_rules": "Read the rule book",
    },
}


@require_safe
async def statement_page(request: HttpRequest, statement_id: UUID) -> HttpResponse:
    """A statement, for its addressee alone; for anybody else it does not exist (404)."""
    account = await visitor(request)
    if account is None:
        raise Http404
    try:
        statement = await in_db(queries.statement_for)(
            account_id=account.id,
            statement_id=statement_id,
            language=request.GET.get("language"),
        )
    except NotFound:
        raise Http404 from None
    response = _page(request, "statement", statement.language, statement=statement)
    response["Cache-Control"] = "private, no-store"
    return response


@require_safe
async def rules_page(request: HttpRequest) -> HttpResponse:
    """Every rule in force with its article, and the version that names this very text."""
    language = request.GET.get("language") or getattr(request, "LANGUAGE_CODE", "fr")[:2]
    language = language if language in OTHER else "fr"
    facts = await in_db(_enforced)(language)
    return _page(request, "rules", language, **facts)


def _enforced(language: str) -> dict[str, Any]:
    """The book of this process with its articles, and the versions there were."""
    states = _PAGE_WORDS[language]["states"]
    articles, book = queries.articles(language), queries.published()
    titles = {name: title for name, title, _ in articles}
    return {
        "rules": articles,
        "book": book,
        "limits": [(name, titles[name], limit) for name, limit in book.thresholds.items()],
        "second": stage.enabled(),
        "firm": [(rule, titles[rule.policy]) for rule in book.rules if rule.firm],
        "degraded": [
            (row, queries.CAUSES[row.cause][language])
            for row in queries.degraded(now=timezone.now())
        ],
        "versions": [(row, states[row.state]) for row in queries.all_versions()],
    }


def _page(request: HttpRequest, name: str, language: str, **facts: Any) -> HttpResponse:
    words = {"language": language, "other": OTHER[language], "words": _PAGE_WORDS[language]}
    with translation.override(language):  # figures as well
        return render(request, f"safety/{name}.html", {**words, **facts})
