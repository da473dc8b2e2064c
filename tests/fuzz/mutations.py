"""Good bytes and good JSON, with something wrong in them: what hypothesis draws and makes smaller again."""

import copy

from hypothesis import strategies as st

# Values that a reader may not expect where they stand.
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 70),
    st.sampled_from([2**31, 2**32, 2**63, 10**30, -(2**63), 0.5, -0.0, 1e308, 10**400, float("nan"), float("inf")]),
    st.text(max_size=8),
    st.sampled_from(["", "\0", "\ud800", "a\nb", "../x", "/etc/passwd", "file:///etc/passwd", "a" * 5000]),
    st.sampled_from(["tinylm_keras", "tinylm_keras>MiniLM", "keras.layers", "Lambda", "relu", "float16", "int8"]),
    st.builds(list),
    st.builds(dict),
    st.lists(st.integers(-1, 9), max_size=3),
    st.dictionaries(st.sampled_from(["config", "class_name", "module", "name"]), st.text(max_size=5), max_size=2),
)


@st.composite
def changed_bytes(draw, good):
    """`good` with some bytes changed, taken out, put in or doubled, or cut off."""
    content = bytearray(good)
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, max(0, len(content) - 1)))
        how = draw(st.sampled_from(["flip", "set", "remove", "insert", "double", "cut"]))
        if how == "flip" and content:
            content[place] ^= 1 << draw(st.integers(0, 7))
        elif how == "set" and content:
            content[place] = draw(st.sampled_from([0, 1, 0x7F, 0x80, 0xFF, ord('"'), ord("["), ord("9")]))
        elif how == "remove":
            del content[place : place + draw(st.integers(1, 40))]
        elif how == "insert":
            content[place:place] = draw(st.binary(min_size=1, max_size=12))
        elif how == "double":
            content[place:place] = content[place : place + draw(st.integers(1, 200))]
        elif how == "cut":
            del content[place:]
    return bytes(content)


# One value of each kind that JSON has, to stand where another kind belongs.
KINDS = [None, True, 0, -1, 1.5, "", "float32", "tinylm_keras", [], ["float32"], [[1]], {}, {"name": ["float32"]}]
OBJECT = {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "float32"}, "registered_name": None}


@st.composite
def confused_tree(draw, good):
    """A copy of parsed JSON in which one or two values, keys or parts of an object have become of another kind."""
    tree = {"": copy.deepcopy(good)}
    for _ in range(draw(st.integers(1, 2))):
        places = list(_places(tree))
        holder, key = places[draw(st.integers(0, len(places) - 1))]
        how = draw(st.sampled_from(["kind", "kind", "list", "dict", "text", "truth", "object", "long", "key"]))
        if how == "kind":
            holder[key] = copy.deepcopy(draw(st.sampled_from(KINDS)))
        elif how == "list":
            holder[key] = [holder[key]] * draw(st.integers(0, 3))
        elif how == "dict":
            holder[key] = {draw(st.sampled_from(["", "class_name", "config", "a", "\x1b[2J"])): holder[key]}
        elif how == "text":
            holder[key] = str(holder[key])
        elif how == "truth":
            holder[key] = bool(holder[key])
        elif how == "object":
            part = draw(st.sampled_from([None, *OBJECT]))
            holder[key] = copy.deepcopy(OBJECT) | ({part: draw(st.sampled_from(KINDS))} if part else {})
        elif how == "long":
            holder[key] = draw(st.sampled_from(["x", "\x1b]0;t\x07", "{", "\u202e"])) * 100_000
        elif isinstance(holder, dict) and key != "":
            holder[draw(st.sampled_from(["", "\0", "name", "dtype", "\ud800", "x" * 100_000]))] = holder.pop(key)
    return tree[""]


@st.composite
def changed_tree(draw, good):
    """A copy of parsed JSON with some entries changed, taken out, put in, moved or nested."""
    tree = {"": copy.deepcopy(good)}
    for _ in range(draw(st.integers(1, 3))):
        places = list(_places(tree))
        holder, key = places[draw(st.integers(0, len(places) - 1))]
        how = draw(st.sampled_from(["set", "set", "near", "remove", "add", "swap", "nest"]))
        if how == "set":
            holder[key] = draw(ODD)
        elif how == "near" and isinstance(holder[key], int):
            holder[key] += draw(st.sampled_from([-1, 1, 2, 1000, 10**9]))
        elif how == "remove" and key != "":
            del holder[key]
        elif how == "add" and isinstance(holder[key], dict):
            holder[key][draw(st.text(max_size=6))] = draw(ODD)
        elif how == "add" and isinstance(holder[key], list):
            holder[key].append(draw(ODD))
        elif how == "swap":
            other, name = places[draw(st.integers(0, len(places) - 1))]
            holder[key] = copy.deepcopy(other[name])
        elif how == "nest":
            holder[key] = [holder[key]]
    return tree[""]


def _places(tree):
    """Every place below a dict or a list, as pairs of what holds it and its key or index."""
    for key in list(tree) if isinstance(tree, dict) else range(min(len(tree), 20)):
        yield tree, key
        if isinstance(tree[key], (dict, list)):
            yield from _places(tree[key])
