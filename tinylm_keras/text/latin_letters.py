"""Letters beyond ASCII of languages in Latin script, to find the encoding of a text."""

import collections

# A misread text has letters that no single language has together. Loan words are rare.
_ALPHABETS = (
    "äöüß",  # German
    "àâæçéèêëîïôœùûüÿ",  # French
    "áéíóúüñªº",  # Spanish
    "áâãàçéêíóôõúüªº",  # Portuguese
    "àéèìíîòóùú",  # Italian
    "àçéèíïóòúü·",  # Catalan
    "áéèëíïóöüú",  # Dutch
    "åäöéüæø",  # Swedish, Finnish, Danish, Norwegian
    "áðéíóúýþæö",  # Icelandic
    "ąćęłńóśźż",  # Polish
    "áäčďéěíĺľňóôŕřšťúůýž",  # Czech, Slovak
    "áéíóöőúüű",  # Hungarian
    "ăâîșşțţ",  # Romanian
    "čćđšž",  # Croatian, Slovene
    "âçğıîiöşûü\u0307",  # Turkish; the last is the dot of the capital İ in small letters
    "ąčęėįšųūž",  # Lithuanian
    "āčēģīķļņšūž",  # Latvian
    "äõöšüž",  # Estonian
    "âêîôûŵŷáéíóúäëïöü",  # Welsh
    "çë",  # Albanian
)


def foreign_letters(text):
    """Return the number of letters that are neither ASCII nor of the language that has most of them.

    Example:

    >>> foreign_letters("Příliš žluťoučký kůň"), foreign_letters("Pøíliš žluouèký kùò")
    (0, 4)
    """
    letters = collections.Counter(
        one for one in text.lower() if not one.isascii() and (one.isalpha() or one == "\u0307")
    )
    return min(sum(count for one, count in letters.items() if one not in alphabet) for alphabet in _ALPHABETS)
