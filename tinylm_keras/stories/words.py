"""The words of the stories, sorted in a few classes, and what the grammar has to know about a word.

A *role* is a part somebody or something plays in one story (`hero`, `friend`, `thing`, `colour`, ...). A role keeps
its word from the first sentence to the last; that is what makes a story hang together, and what the judge checks. Only
the `FREE_ROLES` may take another word in every sentence.
"""


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


BOYS = _words("Tom Ben Sam Max Leo")
GIRLS = _words("Mia Lily Anna Sue Zoe")
MEN = ("father", "grandpa", "uncle", "brother")
WOMEN = ("mother", "grandma", "aunt", "sister")

OUTDOOR_PLACES = {
    "in": "park garden forest",
    "at": "beach farm",
}
INDOOR_PLACES = {"in": "kitchen attic", "at": "shop"}
OUTDOOR_SPOTS = {"under": "bush bench", "behind": "tree fence"}
INDOOR_SPOTS = {"under": "table chair", "behind": "door"}


def _members(by_preposition: dict[str, str]) -> tuple[str, ...]:
    return tuple(word for words in by_preposition.values() for word in words.split())


CLASSES = {
    "name": BOYS + GIRLS,
    "family": MEN + WOMEN,
    "elder": ("grandpa", "uncle", "grandma", "aunt"),
    "outdoor place": _members(OUTDOOR_PLACES),
    "indoor place": _members(INDOOR_PLACES),
    "outdoor spot": _members(OUTDOOR_SPOTS),
    "indoor spot": _members(INDOOR_SPOTS),
    "toy": _words("truck drum boat train doll puppet"),
    "flyer": _words("kite ball plane balloon"),
    "clothing": _words("hat scarf sock shoe"),
    "craft": _words("crown mask star flower"),
    "colour": _words("red blue green yellow orange pink"),
    "fur": _words("white brown grey"),
    "animal": _words("rabbit duck mouse lamb kitten puppy"),
    "eater": _words("rabbit duck mouse lamb"),
    "feed": _words("bread corn cheese"),
    "baked": _words("cake pie muffin"),
    "food": _words("cake pie muffin sandwich apple"),
    "fixer": _words("glue tape string"),
    "material": _words("paper cloth wool"),
    "reacher": _words("stick rake broom"),
    "noise": _words("thunder wind horn"),
    "shelter": _words("barn hut tent"),
    "landmark": _words("sea mill woods"),
    "skill": _words("swim skate dance paint sing read"),
    "plant": _words("rose tulip bean pumpkin"),
    "day": _words("Monday Tuesday Wednesday Thursday Friday Saturday Sunday"),
    "time": ("morning", "afternoon", "day"),
    "weather": _words("sunny warm bright quiet fine lovely mild clear cool windy pleasant golden"),
    "nature": _words(
        "kind brave clever cheerful gentle curious polite young shy lively careful friendly patient helpful merry"
    ),
    "taste": _words("big fresh small tasty lovely sweet warm round soft"),
    "sad": ("sad", "upset", "unhappy", "gloomy", "miserable", "worried", "lonely"),
    "happy": ("happy", "glad", "cheerful", "joyful", "delighted", "merry", "thrilled"),
    "proud": ("proud", "pleased", "satisfied"),
    "afraid": ("afraid", "scared", "frightened"),
    "calm": ("calm", "quiet", "peaceful", "relaxed"),
    "tired": ("tired", "sleepy", "weary", "drowsy"),
    "wet": ("wet", "cold", "soaked"),
}

FEELINGS = ("sad", "happy", "proud", "afraid", "calm", "tired", "wet")
"""Roles that are one and the same thing to the parser, a feeling; which of them fits is for the judge to say."""

FREE_ROLES = frozenset(("time", "weather", "nature", "taste", *FEELINGS))
"""Roles that may take another word each time they are mentioned."""

_ITS_OWN_CLASS = (
    *("colour", "fur", "animal", "feed", "food", "fixer", "material", "reacher", "noise", "shelter", "landmark"),
    *("skill", "plant", "day", "time", "weather", "nature", "taste"),
)

ROLES = {
    **dict.fromkeys(("hero", "friend"), ("name",)),
    "thing": ("toy", "flyer", "clothing", "craft"),
    **dict.fromkeys(FEELINGS, FEELINGS),
    **{role: (role,) for role in _ITS_OWN_CLASS},
    "kin": ("family",),
    "place": ("outdoor place", "indoor place"),
    "spot": ("outdoor spot", "indoor spot"),
}
"""Role -> the classes a sentence accepts for it. A plot may ask for less (see `plots.CASTS`)."""

MUST_DIFFER = {"friend": "hero"}
"""Role -> the role before it in `ROLES` whose word it may not take."""


def role_words(role: str) -> tuple[str, ...]:
    """Every word a sentence accepts in `role`, each once, in a fixed order."""
    return tuple(dict.fromkeys(word for name in ROLES[role] for word in CLASSES[name]))


_MALE = {"he": "he", "him": "him", "his": "his", "He": "He", "His": "His", "boy": "boy", "himself": "himself"}
_FEMALE = {"he": "she", "him": "her", "his": "her", "He": "She", "His": "Her", "boy": "girl", "himself": "herself"}


def _traits() -> dict[str, dict[str, str]]:
    table: dict[str, dict[str, str]] = {}
    for words in CLASSES.values():
        for word in words:
            table.setdefault(word, {})["a"] = "an" if word[0] in "aeiou" else "a"
    for words, pronouns in ((BOYS + MEN, _MALE), (GIRLS + WOMEN, _FEMALE)):
        for word in words:
            table[word].update(pronouns)
    for trait, groups in (("in", (OUTDOOR_PLACES, INDOOR_PLACES)), ("under", (OUTDOOR_SPOTS, INDOOR_SPOTS))):
        for group in groups:
            for preposition, words in group.items():
                for word in words.split():
                    table[word][trait] = preposition
    return table


TRAITS = _traits()
"""Word -> what follows from it: its article `a`, a person's `he`, `his` ..., a place's `in`, a spot's `under`."""
