"""Sentences about two friends: a lunch shared, a gift made, an umbrella in the rain."""

SHARE = {
    "has_food": (
        "{hero} had a {taste} {food} in {hero.his} bag.",
        "{hero} had brought a {taste} {food} for lunch.",
        "{hero} sat down to eat {food.a} {food} for lunch.",
        "{hero} took {food.a} {food} out of {hero.his} bag.",
    ),
    "no_food": (
        "But {friend} had nothing to eat.",
        "{friend} had left {friend.his} lunch at home.",
        "{friend} looked at the {food} and felt hungry.",
        "But {friend} had an empty lunch box.",
    ),
    "share": (
        "{hero} cut the {food} in two and gave {friend.him} half.",
        "So {hero} gave {friend.him} half of the {food} to eat.",
        "{hero} broke the {food} and gave {friend.him} a big piece.",
        "So {hero} asked {friend.him} to have some of the {food} too.",
    ),
    "eat": (
        "They ate every crumb {place.in} the {place}.",
        "The {food} tasted even better with a friend.",
        "They sat side by side and ate the {food} together.",
    ),
    "end_share": (
        "The next day, {friend} had {food.a} {food} for {hero.him} too.",
        "After that, {hero} and {friend} always shared their lunch.",
    ),
}

GIFT = {
    "gift_open": (
        "It was {friend}'s birthday, and {hero} wanted to make a gift.",
        "{hero} wanted to make {hero.his} friend {friend} a gift.",
        "{friend} was ill, and {hero} wanted to make {friend.him} a gift.",
        "{hero} wanted to surprise {friend} on {friend.his} birthday.",
    ),
    "get_material": (
        "{hero.He} found some {colour} {material} {place.in} the {place}.",
        "{hero.His} {kin} gave {hero.him} some {colour} {material} to use.",
        "{hero.He} took scissors and some {colour} {material} from a drawer.",
    ),
    "make": (
        "{hero.He} made a {thing} and put it in a box.",
        "{hero.He} cut and glued until a {thing} was ready.",
        "Slowly, a {thing} took shape in {hero.his} hands.",
        "It took all {time}, but then a {thing} was ready.",
    ),
    "give": (
        "Then {hero} gave {friend.him} the {colour} {thing} with a smile.",
        "{hero} put the {thing} into {friend.his} hands.",
        "{friend} opened the door and saw the {thing} that {hero.he} had made.",
    ),
    "end_gift": (
        "Now the {colour} {thing} hung over {friend}'s bed.",
        "{friend} kept the {colour} {thing} next to {friend.his} bed.",
        "{friend} showed {friend.his} new {thing} to everyone.",
        "{friend} said that the {thing} was {friend.his} best gift ever.",
    ),
}

RAIN = {
    "rain": (
        "Suddenly, it began to rain.",
        "Dark clouds came, and it began to rain.",
        "Then big drops of rain fell from the sky.",
        "Drip, drop, down came the rain.",
    ),
    "wet": (
        "{hero} had no coat and got {wet}.",
        "Soon {hero} was {wet} from head to toe.",
        "{hero} ran, but {hero.he} got {wet}.",
    ),
    "umbrella": (
        "Then {friend} came by with {colour.a} {colour} umbrella.",
        "{hero} saw {friend} with {colour.a} {colour} umbrella.",
        "{hero.His} friend {friend} had {colour.a} {colour} umbrella.",
    ),
    "cover": (
        "{friend} let {hero.him} walk under the {colour} umbrella.",
        "They walked close together under the {colour} umbrella.",
        "{friend} made room for {hero.him} under the {colour} umbrella.",
    ),
    "shelter": (
        "Together they ran to the {shelter}.",
        "They waited in an old {shelter}.",
        "They hurried along to a small {shelter}.",
    ),
    "inside": (
        "It was warm and dry inside the {shelter}.",
        "They told funny stories in the {shelter}.",
        "Until the rain stopped, they sang in the {shelter}.",
    ),
    "end_rain": (
        "Later they ran back to the {place}.",
        "Then the sun came out, and they saw a rainbow.",
        "Later they jumped in puddles {place.in} the {place}.",
    ),
}
