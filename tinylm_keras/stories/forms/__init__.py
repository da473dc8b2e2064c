"""Every sentence a story can hold, sorted by the part it plays in the story.

A form is plain text with slots: `{hero}` is a role, `{hero.his}` something that follows from the word in that role (see
`words.TRAITS`). The writer fills these forms in and the judge reads them back, so nothing here is said twice: a new
line in one of the lists is at once written and understood.
"""

from tinylm_keras.stories.forms import days, friends, shared, toys

_GROUPS = (
    shared.SHARED,
    *(toys.LOST, toys.BROKEN, toys.STUCK, toys.RETURN),
    *(friends.SHARE, friends.GIFT, friends.RAIN),
    *(days.ANIMAL, days.LEARN, days.VISIT, days.SEED),
)

PARTS: dict[str, tuple[str, ...]] = {part: sentences for group in _GROUPS for part, sentences in group.items()}
"""Part of a story -> the sentence forms that can play it."""
