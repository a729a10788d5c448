"""The words of statements of reasons, French and English; plain language, one idea a sentence."""

from collections.abc import Mapping

LANGUAGES = ("fr", "en")

MONTHS: Mapping[str, tuple[str, ...]] = {
    "fr": (
        "janvier", "février", "mars", "avril", "mai", "juin",
        "juillet", "août", "septembre", "octobre", "novembre", "décembre",
    ),
    "en": (
        "January", "February", "March", "April", "May", "June",
        "July", "August", "September", "October", "November", "December",
    ),
}  # fmt: skip

_FRENCH = {
    "title_decision": "Exposé des motifs",
    "title_expiry": "Fin d’une attente sans décision",
    "facts": "Les faits",
    "facts_text": "Votre message, examiné le {date} :",
    "rule": "La règle appliquée",
    "DECISION_GROUND_ILLEGAL_CONTENT": "Contenu illicite, base légale :",
    "DECISION_GROUND_INCOMPATIBLE_CONTENT": "Contenu contraire à nos conditions, base :",
    "version": "Version du règlement : {version}.",
    "reason": "Pourquoi",
    "reason_text": "La personne qui a décidé écrit :",
    "found": "Comment ce message a été repéré",
    "found_machine": "Une vérification automatique l’a signalé, de notre propre initiative.",
    "found_report": "Une personne nous l’a signalé. Nous ne disons pas qui.",
    "machine": "La part de l’automatique",
    "AUTOMATED_DECISION_PARTIALLY": "Une machine a repéré le message et pouvait seulement le "
    "faire attendre. Elle n’a rien décidé : une personne a décidé.",
    "AUTOMATED_DECISION_NOT_AUTOMATED": "Aucune machine n’est intervenue : une personne a repéré "
    "et une personne a décidé.",
    "decided": "Qui a décidé",
    "decided_text": "{moderator}, de la modération, le {date}. Cette personne ne voit ni montants "
    "ni audience.",
    "effect": "Les effets",
    "effect_not_delivered": "Le message n’est pas remis. La conversation reste ouverte.",
    "effect_removed": "Le message est retiré de la conversation. La conversation reste ouverte.",
    "effect_not_changed": "La modification n’est pas montrée ; le texte d’avant reste en place.",
    "effect_expired": "Le message n’est pas remis et rien n’est débité : ce qui était réservé "
    "revient à son propriétaire. Ce n’est pas une sanction. Vous pouvez l’envoyer de nouveau.",
    "reserved_returned": "Tout argent encore réservé pour ce message revient à son propriétaire.",
    "earned_returned": "Ce qui avait déjà été gagné avec ce message est rendu à qui l’a payé.",
    "earned_kept": "Ce qui avait déjà été gagné avec ce message reste acquis.",
    "redress": "Vos recours",
    "redress_text": "Vous pouvez contester gratuitement jusqu’au {date}, en écrivant à {contact} ; "
    "une autre personne décidera. Vous pouvez aussi saisir un organe de règlement "
    "extrajudiciaire certifié (article 21 du règlement européen sur les services numériques ; "
    "liste publiée par la Commission européenne), ou le juge.",
    "redress_expiry": "Aucune décision n’a été prise, donc rien ne vous est reproché et aucun "
    "recours n’est nécessaire.",
    "expiry_text": "Votre message, retenu le {date}, attendait la lecture d’une personne. "
    "Personne n’a décidé à temps.",
    "suspected": "La règle en question",
}

_ENGLISH = {
    "title_decision": "Statement of reasons",
    "title_expiry": "A wait ended without a decision",
    "facts": "The facts",
    "facts_text": "Your message, examined on {date}:",
    "rule": "The rule applied",
    "DECISION_GROUND_ILLEGAL_CONTENT": "Illegal content, legal basis:",
    "DECISION_GROUND_INCOMPATIBLE_CONTENT": "Content against our terms, basis:",
    "version": "Version of the rule book: {version}.",
    "reason": "Why",
    "reason_text": "The person who decided writes:",
    "found": "How this message was found",
    "found_machine": "An automatic check pointed at it, on our own initiative.",
    "found_report": "A person reported it to us. We do not say who.",
    "machine": "The part played by machines",
    "AUTOMATED_DECISION_PARTIALLY": "A machine found the message and could only make it wait. "
    "It decided nothing: a person decided.",
    "AUTOMATED_DECISION_NOT_AUTOMATED": "No machine took part: a person found it and a person "
    "decided.",
    "decided": "Who decided",
    "decided_text": "{moderator}, of moderation, on {date}. This person sees neither amounts nor "
    "audience.",
    "effect": "The effects",
    "effect_not_delivered": "The message is not delivered. The conversation stays open.",
    "effect_removed": "The message is removed from the conversation. The conversation stays open.",
    "effect_not_changed": "The change is not shown; the text before it stays.",
    "effect_expired": "The message is not delivered and nothing is charged: what was reserved "
    "goes back to its owner. This is not a sanction. You can send it again.",
    "reserved_returned": "Any money still reserved for this message goes back to its owner.",
    "earned_returned": "What was already earned with this message goes back to whoever paid it.",
    "earned_kept": "What was already earned with this message is kept.",
    "redress": "What you can do",
    "redress_text": "You can contest this, free of charge, until {date}, by writing to {contact}; "
    "another person will decide. You can also go to a certified out-of-court dispute settlement "
    "body (article 21 of the European Digital Services Act; list published by the European "
    "Commission), or to court.",
    "redress_expiry": "No decision was taken, so nothing is held against you and nothing needs to "
    "be contested.",
    "expiry_text": "Your message, held on {date}, was waiting to be read by a person. Nobody "
    "decided in time.",
    "suspected": "The rule in question",
}

WORDS: Mapping[str, Mapping[str, str]] = {"fr": _FRENCH, "en": _ENGLISH}
