"""Texts of the bench, in French and English: varied, mostly harmless, a few flagged or held."""

from random import Random

FRENCH = (
    ("Bonsoir", "Coucou", "Salut toi", "Hello", "Bonne soirée", "Bonjour", "Re-bonjour", "Hey"),
    (
        "j'ai adoré ta dernière séance photo sur les toits",
        "ta robe rouge d'hier soir était magnifique",
        "j'ai regardé ton direct deux fois de suite",
        "la lumière de ta dernière vidéo est superbe",
        "je pense encore à la chanson que tu as choisie",
        "tes histoires du matin me font toujours sourire",
        "je viens de finir ma journée et je me détends enfin",
        "je raconte à tout le monde à quel point tu es drôle",
    ),
    (
        "raconte-moi comment tu l'as préparée",
        "tu comptes en refaire une bientôt ?",
        "dis-moi ce que tu écoutes en ce moment",
        "quelle couleur porteras-tu la prochaine fois ?",
        "j'espère que ta semaine se passe bien",
        "prends le temps de te reposer un peu",
        "j'attends la suite avec impatience",
        "tu préfères le matin ou le soir pour tourner ?",
    ),
    ("à bientôt", "bises", "merci pour tout", "passe une douce nuit", "à demain sur le direct"),
)
ENGLISH = (
    ("Hey", "Good evening", "Hi there", "Hello again", "Good morning", "Hiya", "Evening", "Hello"),
    (
        "your last set on the rooftop was gorgeous",
        "the red dress from yesterday suits you so well",
        "I watched your stream twice in a row",
        "the light in your latest video is wonderful",
        "that song you picked is still in my head",
        "your morning stories always make me smile",
        "I just finished work and can finally relax",
        "I keep telling everyone how funny you are",
    ),
    (
        "tell me how you prepared it",
        "are you planning another one soon?",
        "what are you listening to these days?",
        "which colour will you wear next time?",
        "I hope your week is going well",
        "please take some time to rest",
        "I can't wait for the next part",
        "do you prefer mornings or evenings for filming?",
    ),
    ("see you soon", "take care", "thanks for everything", "sleep well", "until tomorrow's live"),
)
SUSPECT = (
    "I will pay you 300 euros for a night at my hotel tomorrow.",
    "t'aurais pas un snap par hasard",
    "on bascule sur whatsapp ?",
    "j'ai plus envie de vivre",
    "you can vote by text message this year, send your choice to the number on tv",
    "join our campaign and vote for our party",
)
SUSPECT_EVERY = 200  # one text in so many


class Texts:
    """An endless supply of texts; the same seed gives the same texts."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def next(self) -> str:
        """About 130 bytes that say nothing wrong, or now and then something a rule stops at."""
        if self._random.randrange(SUSPECT_EVERY) == 0:
            return self._random.choice(SUSPECT)
        opener, news, question, end = map(
            self._random.choice, self._random.choice((FRENCH, ENGLISH))
        )
        number = self._random.randrange(1, 60)
        return f"{opener}, {news}. {question.capitalize()} ({number}) {end.capitalize()} !"
