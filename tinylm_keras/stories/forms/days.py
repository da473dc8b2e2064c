"""Sentences about animals that need help, and about a skill to learn, a visit and a seed."""

ANIMAL = {
    "see": (
        "There {hero.he} saw a {fur} {animal} {spot.under} the {spot}.",
        "A {fur} {animal} was sitting {spot.under} the {spot}.",
        "{hero.He} found a {fur} {animal} {spot.under} the {spot}.",
        "{hero.He} met a {fur} {animal} {spot.under} the {spot}.",
    ),
    "fear": (
        "The {animal} was {afraid} because the {noise} was so loud.",
        "The {noise} had made the {animal} {afraid}.",
        "It was {afraid} because of the loud {noise} far away.",
    ),
    "soothe": (
        "{hero} sat down by the {animal} and spoke softly.",
        "{hero} held out {hero.his} hand and waited.",
        "{hero} sang the {animal} a soft song.",
        "{hero} told the {animal} that all was well.",
    ),
    "calm": (
        "Soon the {fur} {animal} was {calm} again.",
        "Slowly, the {animal} came out and was {calm}.",
        "It grew still, and the {animal} was {calm} again.",
        "After a while, the {animal} felt {calm} and came close.",
    ),
    "hungry": (
        "The {animal} was thin and very hungry.",
        "The poor {animal} had not eaten all day.",
        "It looked up at {hero.him} and wanted something to eat.",
    ),
    "has_feed": (
        "{hero} had some {feed} in {hero.his} bag.",
        "{hero} ran to get some {feed} from home.",
        "{hero} remembered that there was some {feed} at home.",
    ),
    "feed": (
        "{hero.He} put it down on the ground.",
        "{hero.He} held it out in {hero.his} hand.",
        "{hero.He} gave the {animal} all the {feed} at once.",
    ),
    "eats": (
        "The {animal} came closer and ate it quickly.",
        "The {fur} {animal} ate until all of it was gone.",
        "Munch, munch, the {animal} ate every bit.",
    ),
    "full": (
        "Now the {fur} {animal} was full and {happy}.",
        "The {animal} was not hungry anymore and felt {happy}.",
    ),
    "glad": (
        "{hero} had a new friend and was {happy}.",
        "This made {hero} {happy} too.",
        "{hero} stroked the {animal} and felt {happy}.",
    ),
    "end_animal": (
        "{hero} took the {animal} back to its mother.",
        "{hero} and the {fur} {animal} became friends {place.in} the {place}.",
        "After that, the {animal} waited for {hero} {place.in} the {place}.",
        "The {fur} {animal} followed {hero} home from the {place}.",
        "{hero} waved goodbye, and the {fur} {animal} went on its way.",
    ),
}

LEARN = {
    "want": (
        "{hero} wanted to learn how to {skill} well.",
        "{hero} did not know how to {skill} at all.",
        "A {nature} {hero.boy} named {hero} wanted to {skill} very much.",
        "More than anything, {hero} wanted to {skill} like the others.",
    ),
    "try": (
        "{hero.He} tried and tried, but it was too hard.",
        "The first time, {hero.he} did it all wrong.",
        "Every time {hero.he} tried, something went wrong.",
    ),
    "kin_teaches": (
        "{kin.He} showed {hero.him} how to {skill} step by step.",
        "{hero.His} {kin} knew how to {skill} and showed {hero.him}.",
        "{kin.He} said that learning to {skill} takes time.",
    ),
    "friend_teaches": (
        "{friend} showed {hero.him} how to {skill} step by step.",
        "{friend} knew how to {skill} and showed {hero.him}.",
        "{friend} said that learning to {skill} takes time.",
    ),
    "practice": (
        "{hero} practiced every day for a week.",
        "Day after day, {hero} tried again.",
        "{hero} did not give up and worked hard.",
    ),
    "able": (
        "At last, {hero} could {skill} very well!",
        "One {time}, {hero} could {skill} all by {hero.himself}!",
        "Then it happened, and {hero} could {skill} just fine!",
    ),
    "end_kin_skill": (
        "{hero.His} {kin} clapped and asked {hero.him} to {skill} again.",
        "Now {hero} and {hero.his} {kin} {skill} together every {day}.",
    ),
    "end_friend_skill": (
        "{friend} clapped and asked {hero.him} to {skill} again.",
        "Now {hero} and {friend} {skill} together every {day}.",
    ),
}

VISIT = {
    "set_out": (
        "On {day}, {hero} went to visit {hero.his} {kin} for lunch.",
        "One {weather} {day}, {hero} set out to see {hero.his} {kin} again.",
        "It was {day}, and {hero} wanted to see {hero.his} {kin} again.",
    ),
    "house": (
        "{kin.He} lived in {colour.a} {colour} house by the {landmark}.",
        "{kin.He} had {colour.a} {colour} house near the {landmark}.",
    ),
    "tired": (
        "The road was long, and {hero} got {tired}.",
        "{hero} walked a long way and felt {tired}.",
        "The bag was heavy, and soon {hero} was {tired}.",
    ),
    "arrive": (
        "At last {hero} saw the {colour} house far away.",
        "Then {hero} came to the {colour} house and knocked.",
        "There was the {colour} house, and {hero} ran to the door.",
    ),
    "welcome": (
        "{hero.His} {kin} opened the door and looked {happy}.",
        "{hero.His} {kin} saw {hero.him} and was {happy}.",
        "{hero.His} {kin} gave {hero.him} a big hug.",
    ),
    "cook": (
        "They baked a {taste} {food} together.",
        "There was a {taste} {food} on the table.",
        "{hero.His} {kin} had made a {taste} {food} for {hero.him}.",
    ),
    "eat_cake": (
        "{hero} ate the {food} and felt {happy}.",
        "They ate the {food} by the fire.",
        "The {food} was so good that {hero} ate it all.",
    ),
    "end_visit": (
        "{hero} wanted to come back very soon.",
        "{hero.His} {kin} waved until {hero} was far away.",
        "That night, {hero} slept in the {colour} house.",
    ),
}

SEED = {
    "plant": (
        "{hero} put a {plant} seed into {colour.a} {colour} pot.",
        "One {time}, {hero} planted a {plant} seed in {colour.a} {colour} pot.",
        "{hero} had {colour.a} {colour} pot and planted a {plant} in it.",
    ),
    "water": (
        "Every day {hero.he} gave the pot some water.",
        "{hero.He} watered the {colour} pot every {time}.",
        "{hero.He} kept the {colour} pot in a dark corner.",
    ),
    "nothing": (
        "But the {plant} did not grow.",
        "A week went by, but nothing came up.",
        "{hero.He} waited and waited, but no {plant} came up.",
    ),
    "advice": (
        "{kin.He} said that the pot must stand in the sun.",
        "{hero.His} {kin} moved the {colour} pot into the sun.",
        "{kin.He} said that a {plant} needs time and sun.",
    ),
    "grow": (
        "Soon a {plant} grew in the {colour} pot!",
        "One {time}, the {plant} had a tiny green leaf!",
        "Then, at last, the {plant} began to grow!",
    ),
    "end_seed": (
        "{hero} gave the {plant} to {hero.his} {kin} as a gift.",
        "{hero} put the {colour} pot where everyone could see the leaves.",
        "{hero} loved the little {plant} and the {colour} pot.",
    ),
}
