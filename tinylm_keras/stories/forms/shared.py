"""Sentences that several plots tell: openings, feelings, help, thanks, endings."""

SHARED = {
    "open": (
        "One {time}, {hero} went to the {place}.",
        "One {weather} {time}, {hero} was {place.in} the {place}.",
        "{hero} was playing {place.in} the {place}.",
        "Once, a {nature} {hero.boy} named {hero} went to the {place}.",
        "A {nature} {hero.boy} named {hero} was playing {place.in} the {place}.",
    ),
    "open_two": (
        "One {time}, {hero} and {friend} went to the {place}.",
        "{hero} and {friend} were playing {place.in} the {place}.",
        "One {time}, {hero} met {friend} {place.in} the {place}.",
        "One {weather} {time}, {hero} and {friend} were {place.in} the {place}.",
        "Two friends named {hero} and {friend} went to the {place}.",
    ),
    "carry": (
        "{hero.He} had {colour.a} {colour} {thing} with {hero.him}.",
        "{hero.He} was carrying {hero.his} {colour} {thing} around.",
        "{hero.He} had brought {hero.his} {colour} {thing} along.",
        "There was {colour.a} {colour} {thing} in {hero.his} bag.",
        "{hero.He} liked {hero.his} new {colour} {thing} very much.",
    ),
    "sad": (
        "{hero.He} was very {sad}.",
        "This made {hero} {sad}.",
        "{hero.He} felt {sad} and began to cry.",
        "{hero.He} felt so {sad} that {hero.he} sat down.",
    ),
    "friend_sad": (
        "{friend.He} was very {sad}.",
        "{friend.He} looked {sad} and did not say a word.",
        "{hero} saw that {friend.he} was {sad}.",
        "This made {friend} {sad}.",
    ),
    "friend_comes": (
        "{hero.His} friend {friend} came to help {hero.him}.",
        "{friend} saw {hero.him} and came over.",
        "Then {friend} came by and asked what was wrong.",
        "{hero} asked {hero.his} friend {friend} for help.",
    ),
    "kin_comes": (
        "{hero.His} {kin} came to help {hero.him}.",
        "{hero.His} {kin} saw {hero.him} and asked what was wrong.",
        "{hero} asked {hero.his} {kin} for help.",
        "{hero} told {hero.his} {kin} all about it.",
    ),
    "thank_friend": (
        "{hero} hugged {friend.him} and was {happy} again.",
        "{hero} was so {happy} that {friend.he} got a big hug.",
        "{hero} thanked {friend.him} for {friend.his} help.",
        '"Thank you so much!" {hero} said.',
    ),
    "thank_kin": (
        "{hero} hugged {hero.his} {kin} and was {happy} again.",
        "{hero} gave {hero.his} {kin} a kiss.",
        "{hero} thanked {hero.his} {kin} for {kin.his} help.",
        '"Thank you so much!" {hero} said with a smile.',
    ),
    "friend_glad": (
        "{friend} smiled and felt {happy}.",
        "This made {friend} {happy}.",
        "{friend} was {happy} and gave {hero.him} a hug.",
        '"You are so kind!" {friend} said.',
    ),
    "proud": (
        "{hero} was very {proud}.",
        "{hero} smiled and felt {proud}.",
        "This made {hero} {proud}.",
    ),
    "end_two": (
        "Then {hero} and {friend} played happily {place.in} the {place}.",
        "Now {hero} and {friend} were even better friends.",
        "Then they played and laughed {place.in} the {place}.",
        "That night, {hero} dreamed about the {place}.",
        "They had a wonderful day {place.in} the {place}.",
    ),
    "end_kin": (
        "Then {hero} and {hero.his} {kin} had some warm milk.",
        "{hero} knew that {hero.his} {kin} would always help.",
        "That evening, {hero.his} {kin} read {hero.him} a long story.",
    ),
    "end_thing": (
        "From then on, the {colour} {thing} was safe with {hero.him}.",
        "That night, the {colour} {thing} lay next to {hero.his} bed.",
        "{hero} danced with the {colour} {thing} {place.in} the {place}.",
        "{hero} played with the {colour} {thing} {place.in} the {place}.",
    ),
}
