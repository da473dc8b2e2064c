"""Sentences about a toy or a piece of clothing: lost, broken, stuck in a tree, found and given back."""

LOST = {
    "lose": (
        "But soon the {thing} was gone.",
        "Then {hero.he} looked around, and the {thing} was gone.",
        "While {hero.he} was busy, the {thing} got lost.",
        "After lunch, {hero.he} could not find the {thing} anymore.",
        "Suddenly, {hero.he} could not see the {thing} {place.in} the {place}.",
    ),
    "friend_looks": (
        "{friend} had an idea and looked {spot.under} the {spot}.",
        "{friend} said that they should look {spot.under} the {spot}.",
        "{friend} helped {hero.him} look {spot.under} the {spot}.",
        "Together they searched {spot.under} the {spot}.",
    ),
    "kin_looks": (
        "{kin.He} told {hero.him} to look {spot.under} the {spot}.",
        "{hero} and {hero.his} {kin} looked {spot.under} the {spot}.",
        "{kin.He} bent down and looked {spot.under} the {spot}.",
    ),
    "find": (
        "There was the {colour} {thing} at last!",
        "And there it was, {spot.under} the {spot}.",
        "The {colour} {thing} was lying {spot.under} the {spot}.",
        "The {thing} was hiding right there.",
        "They saw something {colour} there, and the {thing} was found!",
    ),
}

BROKEN = {
    "break": (
        "But {hero.he} dropped the {thing} and broke it.",
        "Then the {thing} hit the ground and broke.",
        "{hero.He} pulled too hard, and the {thing} broke.",
        "Crack, the {thing} fell down and broke in two.",
        "By mistake, {hero.he} stepped on the {thing} and broke it.",
    ),
    "kin_fixes": (
        "{kin.He} fixed the {thing} with some {fixer}.",
        "{hero.His} {kin} mended the {thing} with some {fixer}.",
        "{kin.He} said that the {thing} needed some {fixer}.",
    ),
    "friend_fixes": (
        "{friend} fixed the {thing} with some {fixer}.",
        "{friend} helped {hero.him} mend the {thing} with some {fixer}.",
        "{friend} said that the {thing} needed some {fixer}.",
    ),
    "fixed": (
        "Soon the {colour} {thing} was as good as new.",
        "The {fixer} was strong, and the {colour} {thing} worked again.",
        "The {fixer} held, and the {thing} was whole again.",
        "Now the {colour} {thing} looked even better than before.",
    ),
}

STUCK = {
    "stick": (
        "The wind blew the {thing} into a tall tree.",
        "{hero.He} threw the {thing} up into a tall tree.",
        "Up went the {thing} and got stuck in a tall tree.",
        "Then the {thing} flew away and got stuck in a tall tree.",
    ),
    "reach": (
        "It was too high to reach.",
        "It was too hard to climb up.",
        "It hung high up in the tree.",
    ),
    "kin_brings": (
        "{kin.He} went to get a long {reacher}.",
        "{hero.His} {kin} reached up with a long {reacher}.",
        "{kin.He} came back with a long {reacher}.",
    ),
    "friend_brings": (
        "{friend} went to get a long {reacher}.",
        "{friend} reached up with a long {reacher}.",
        "{friend} came back with a long {reacher}.",
    ),
    "down": (
        "The {reacher} pushed the {thing} out of the tree.",
        "Down came the {colour} {thing} at last!",
        "One push with the {reacher} brought the {colour} {thing} down.",
    ),
}

RETURN = {
    "spy": (
        "{hero.He} saw {colour.a} {colour} {thing} {spot.under} the {spot}.",
        "{hero.He} found {colour.a} {colour} {thing} {spot.under} the {spot}.",
        "There was {colour.a} {colour} {thing} {spot.under} the {spot}.",
    ),
    "wonder": (
        "{hero} wondered whose {thing} it was.",
        "It was pretty, but it was not {hero}'s own.",
        "{hero} knew that the {thing} belonged to someone else.",
    ),
    "seek": (
        "Then {friend} came by and looked {sad}.",
        "{hero} met {friend} and saw that {friend.he} was {sad}.",
        "{friend} was looking around and felt {sad}.",
    ),
    "owner": (
        "{friend} had lost {friend.his} {colour} {thing} that {time}.",
        "{friend} knew that it was {friend.his} own {colour} {thing}.",
        "{friend} said that the {colour} {thing} was {friend.his} own.",
    ),
    "hand_back": (
        "{hero} gave {friend.him} the {thing} back.",
        "{hero} gave {friend.him} the {colour} {thing} with a smile.",
        "So {hero} put the {colour} {thing} in {friend.his} hands.",
    ),
    "end_return": (
        "{friend} never lost the {colour} {thing} again.",
        "{friend} took {friend.his} {thing} and danced for joy.",
    ),
}
