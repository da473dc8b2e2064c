"""Files that somebody might send. Each is made from the stored good one, and none needs Keras to be made."""

import copy
import io
import json
import pathlib
import struct
import warnings
import zipfile

import h5py
import numpy as np

from tinylm_keras.archive import hdf5

ROOT = pathlib.Path(__file__).resolve().parents[2]
GOOD = ROOT / "tests" / "fixtures" / "format_1.keras"
CONFIG, METADATA, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"


def members():
    """The members of the good file, as a dict of bytes in Keras's order."""
    with zipfile.ZipFile(GOOD) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write(path, contents, compression=zipfile.ZIP_STORED):
    """Write an archive; `contents` is a dict, or pairs when a name comes twice."""
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w", compression) as archive:
        warnings.simplefilter("ignore")  # that a name comes twice
        for name, content in contents.items() if isinstance(contents, dict) else contents:
            archive.writestr(name, content)


def tree():
    """The parsed config.json of the good file."""
    return json.loads(members()[CONFIG])


def change_config(path, change):
    """Put `change(config)` where a file holds its config.json."""
    with zipfile.ZipFile(path) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    write(path, {**contents, CONFIG: json.dumps(change(json.loads(contents[CONFIG])))})


def change_state(path, change):
    """Put `change(state)` where the file of a checkpoint holds its state of training."""

    def changed(tree):
        tree["config"]["training"] = json.dumps(change(json.loads(tree["config"]["training"])))
        return tree

    change_config(path, changed)


def with_text(text):
    """A maker of the good file with another config.json."""
    return lambda path: write(path, {**members(), CONFIG: text})


def with_config(*where, **changes):
    """A maker of the good file whose config.json has `changes` in the entry that `where` leads to."""

    def make(path):
        changed = tree()
        place = changed
        for entry in where:
            place = place.setdefault(entry, {})
        place.update(copy.deepcopy(changes))
        with_text(json.dumps(changed))(path)

    return make


def with_weights(build, **options):
    """A maker of the good file whose weights have been built upon: `build` gets the open `h5py.File`."""

    def make(path):
        content = io.BytesIO(members()[WEIGHTS])
        with h5py.File(content, "r+", **options) as file:
            build(file)
        write(path, {**members(), WEIGHTS: content.getvalue()})

    return make


def made(module, name, config=None, registered=None):
    """Something that Keras would make an instance of."""
    return {"module": module, "class_name": name, "config": config or {}, "registered_name": registered}


LAMBDA = made("keras.layers", "Lambda", {"function": {"class_name": "__lambda__", "config": {"value": "4wEAAAA="}}})
PLOT = made("keras.utils", "function", "plot_model", "plot_model")
SAVED_MODEL = made("keras.layers", "TFSMLayer", {"filepath": "/tmp", "call_endpoint": "serve"})
ADAM = made("keras.optimizers", "Adam", {"learning_rate": 0.001})
BYTE_PAIR = made(
    "tinylm_keras.tokenizers", "BytePairTokenizer", {"vocabulary": ["a"]}, "tinylm_keras>BytePairTokenizer"
)


def byte_pair(**config):
    return {**BYTE_PAIR, "config": {**BYTE_PAIR["config"], **config}}


# Names that lead to code or to files

NAMES = {
    "lambda_as_model": (with_text(json.dumps(LAMBDA)), "is not a tinylm_keras model: it holds 'Lambda' of 'keras"),
    "lambda_as_tokenizer": (
        with_config("config", tokenizer=LAMBDA),
        "names 'Lambda' of 'keras.layers', as 'tokenizer'",
    ),
    "frozen_text": (
        with_config("config", frozen="head"),
        "has an entry 'frozen' that does not contain names of layers",
    ),
    "frozen_many": (with_config("config", frozen_when_compiled=["a"] * 30_000), "does not contain names of layers"),
    "frozen_long": (with_config("config", frozen=["a" * 2_000]), "does not contain names of layers"),
    "frozen_numbers": (with_config("config", frozen=[1, {}]), "does not contain names of layers"),
    "frozen_twice": (with_config("config", frozen=["head", "head"]), "contains a layer twice"),
    "saved_model": (
        with_config("config", tokenizer=SAVED_MODEL),
        "names 'TFSMLayer' of 'keras.layers', as 'tokenizer'",
    ),
    "function_as_loss": (
        with_config("compile_config", optimizer=ADAM, loss=PLOT),
        "names 'function' of 'keras.utils', registered as 'plot_model', as 'loss', which is not on the list",
    ),
    "function_of_keras_losses": (
        with_config("compile_config", loss=made("keras.losses", "function", "get", None)),
        "names 'function' of 'keras.losses', as 'loss'",
    ),
    "function_with_settings": (
        with_config("compile_config", loss=made("keras.losses", "function", {"a": 1})),
        "names 'function' of 'keras.losses', as 'loss'",
    ),
    "function_by_path": (
        with_config("compile_config", loss="keras.utils.plot_model"),
        "names 'keras.utils.plot_model'",
    ),
    "function_of_ours_by_name": (
        with_config("compile_config", metrics=["tinylm_keras>MiniLM"]),
        "names 'tinylm_keras>MiniLM', as 'metrics'",
    ),
    "function_in_the_optimizer": (
        with_config("compile_config", optimizer=made("keras.optimizers", "Adam", {"learning_rate": PLOT})),
        "names 'function' of 'keras.utils', registered as 'plot_model', as 'learning_rate'",
    ),
    "function_in_an_unknown_optimizer": (
        with_config("compile_config", optimizer=made("keras.optimizers", "Other", {"inner": [PLOT]})),
        "names 'function' of 'keras.utils'",
    ),
    "function_in_a_metric": (
        with_config("compile_config", metrics=[["acc", made("keras.metrics", "MeanMetricWrapper", {"fn": PLOT})]]),
        "names 'function' of 'keras.utils', registered as 'plot_model', as 'fn'",
    ),
    "lambda_in_loss_weights": (with_config("compile_config", loss_weights={"a": LAMBDA}), "names 'Lambda'"),
    "lambda_in_the_defaults": (with_config("config", "generation_defaults", stop=[LAMBDA]), "names 'Lambda'"),
    "lambda_in_the_build_config": (with_config("build_config", input_shape=[LAMBDA]), "names 'Lambda'"),
    "compile_config_of_a_class": (with_text(json.dumps({**tree(), "compile_config": ADAM})), "has a compile_config"),
    "compile_config_of_the_tokenizer": (
        with_config("config", "tokenizer", compile_config={"optimizer": "x"}),
        "names 'WhitespaceTokenizer'",
    ),
    "code_in_a_policy": (with_config("config", dtype=made("keras", "DTypePolicyMap")), "names 'DTypePolicyMap'"),
    "quantized_policy": (
        with_config("config", dtype=made("keras", "DTypePolicy", {"name": "int8_from_float32"})),
        "has a dtype that is not allowed",
    ),
    "registered_name_on_another_class": (
        with_config("config", tokenizer={**LAMBDA, "registered_name": "tinylm_keras>WhitespaceTokenizer"}),
        "names 'Lambda' of 'keras.layers', registered as 'tinylm_keras>WhitespaceTokenizer'",
    ),
    "our_class_of_another_module": (
        with_text(json.dumps({**tree(), "module": "keras.utils"})),
        "is not a tinylm_keras model: it holds 'MiniLM' of 'keras.utils', registered as 'tinylm_keras>MiniLM'",
    ),
    "keras_class_with_our_module": (
        with_config("config", tokenizer={**LAMBDA, "module": "tinylm_keras"}),
        "names 'Lambda' of 'tinylm_keras'",
    ),
    "class_name_of_our_package_alone": (
        with_config("config", tokenizer=made("tinylm_keras", "WhitespaceTokenizer")),
        "names 'WhitespaceTokenizer' of 'tinylm_keras', as 'tokenizer'",
    ),
    "class_registered_by_others": (
        with_config("config", tokenizer=made("other", "Own", {}, "other>Own")),
        r"names 'Own' of 'other', registered as 'other>Own'.*trusted=True",
    ),
    "our_layer_as_tokenizer": (
        with_config("config", tokenizer=made("tinylm_keras.layers", "Dropout", {}, "tinylm_keras>Dropout")),
        "names 'Dropout' of 'tinylm_keras.layers'",
    ),
    "class_name_in_a_list": (with_config("config", tokenizer={**LAMBDA, "class_name": ["Lambda"]}), "names a class by"),
    "bytes": (with_config("config", name={"class_name": "__bytes__", "config": {"value": "a"}}), "names '__bytes__'"),
    "typespec": (
        with_config("config", name={**made("keras", "__typespec__"), "spec_name": "a"}),
        "names '__typespec__' of 'keras'",
    ),
    "inputs_of_a_functional_model": (
        with_config("config", inputs=[], outputs=[]),
        "has an entry in its MiniLM that this version does not know, 'inputs'",
    ),
    "vocabulary_file": (
        with_config("config", "tokenizer", "config", vocabulary_file="/etc/passwd"),
        "has an entry in its WhitespaceTokenizer that this version does not know, 'vocabulary_file'",
    ),
    "vocabulary_as_path": (
        with_config("config", "tokenizer", "config", vocabulary="/etc/passwd"),
        "has a vocabulary that is not a list of texts but '/etc/passwd'. A path or an address is never opened",
    ),
    "vocabulary_as_address": (
        with_config("config", "tokenizer", "config", vocabulary="https://127.0.0.1:9/words"),
        "has a vocabulary that is not a list of texts",
    ),
    "vocabulary_of_numbers": (
        with_config("config", "tokenizer", "config", vocabulary=["a", 1]),
        "has a vocabulary that is not a list of texts but a list of 2 other values",
    ),
    "vocabulary_of_half_characters": (
        with_config("config", "tokenizer", "config", vocabulary=["\ud800", "b"]),
        "has a vocabulary that is not a list of texts",
    ),
    "merges_as_path": (
        with_config("config", tokenizer=byte_pair(merges="m.txt")),
        "has a merges that is not a list of",
    ),
    "vocabulary_as_dict_of_paths": (
        with_config("config", tokenizer=byte_pair(vocabulary={"class_name": "/etc/passwd"})),
        "names '/etc/passwd' of None, as 'vocabulary'",
    ),
}


# Files that ask for more than they hold


def deflated(path):
    write(path, {**members(), CONFIG: b" " * (100 << 20)}, zipfile.ZIP_DEFLATED)


def _million(path, zip64):
    local = struct.pack("<4s5H3L2H", b"PK\3\4", 20, 0, 0, 0, 0, 0, 0, 0, 1, 0) + b"a"
    entry = struct.pack("<4s6H3L5H2L", b"PK\1\2", 20, 20, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"a"
    count, size = 1_000_000, 1_000_000 * len(entry)
    with open(path, "wb") as file:
        file.write(local)
        file.write(entry * count)
        if zip64:
            at = file.tell()
            file.write(struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, size, len(local)))
            file.write(struct.pack("<4sLQL", b"PK\6\7", 0, at, 1))
        shown = 0xFFFF if zip64 else 3  # one says how many there are, the other says three
        file.write(struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, shown, shown, size, len(local), 0))


def chunked(file):
    file.create_dataset("head/vars/9", (10**9, 1000), "f4", chunks=(1024, 1000), compression="gzip")


def many_arrays(path):
    """More objects than are read."""
    write(path, {**members(), WEIGHTS: hdf5.write(dict.fromkeys(map(str, range(25_000)), np.zeros((), "i1")))})


def many_words(path):
    """Nearly the longest and most expensive JSON that is read, and then a size that is refused."""
    changed = tree()
    changed["config"]["tokenizer"]["config"]["vocabulary"] = [f"{number:07}" for number in range(1_450_000)]
    changed["config"]["embed_dim"] = 10**6
    with_text(json.dumps(changed, separators=(",", ":")))(path)


BOMBS = {
    "deflated": (deflated, "has a compressed or encrypted member, "),
    "a_million_members": (lambda path: _million(path, False), "directory of its zip archive takes 47,000,000 bytes"),
    "a_million_members_zip64": (lambda path: _million(path, True), "must hold .*, not 65,535 or more members"),
    "deep_json": (with_text("[" * 100_000 + "]" * 100_000), "nested more than 32 levels deep"),
    "deep_objects": (with_text('{"a":' * 100_000 + "1" + "}" * 100_000), "nested more than 32 levels deep"),
    "many_objects": (with_text(b"[" + b"{}," * 10_000 + b"{}]"), "more than 10,000 times '{'"),
    "deep_in_strings": (with_text(b'["\\"[[", ' + b"[" * 40 + b"]" * 40 + b"]"), "nested more than 32 levels deep"),
    "long_json": (with_text(b"[" + b" " * (20 << 20) + b"]"), "has a config.json of more than 16,777,216 bytes"),
    "many_lists": (with_text(b"[" + b"[]," * 600_000 + b"[]]"), r"more than 500,000 times '\['"),
    "many_short_texts": (with_text(b'["ab"' + b',"ab"' * 2_000_000 + b"]"), "more than 1,500,000 times ','"),
    "quote_without_end": (with_text(b'"' + b'\\"' * 4_000_000), "its config.json cannot be read"),
    "long_number": (
        with_text(b'{"config": {"format_version": ' + b"9" * 4_000_000 + b"}}"),
        "a number that is too large",
    ),
    "many_words": (many_words, "asks for 4,[0-9,]+ weights and holds 303"),
    "many_arrays": (many_arrays, "has more than 25,000 objects in its weights"),
    "vocabulary_size": (
        with_config("config", vocabulary_size=10**9),
        "vocabulary_size that is not a whole number from 1",
    ),
    "large_product": (with_config("config", embed_dim=10**6), "asks for 4,000,049,000,019 weights and holds 303"),
    "vocabulary_without_weights": (with_config("config", vocabulary_size=4_000_000), "asks for 36,[0-9,]+ weights"),
    "blocks": (with_config("config", num_blocks=10**6), "has a num_blocks that is not a whole number from 1 to 256"),
    "context_length": (with_config("config", context_length=10**15), "has a context_length that is not"),
    "sequence_length": (with_config("config", "tokenizer", "config", sequence_length=10**9), "has a sequence_length"),
    "chunked_shape": (with_weights(chunked), "has a chunked, compressed, virtual or external array"),
    "metadata": (lambda path: write(path, {**members(), METADATA: b"[" * 10**6}), "has a metadata.json"),
}


# Zip archives that say two things


def replaced(old, new, count=1):
    """A maker of the good file with some bytes replaced."""

    def make(path):
        content = GOOD.read_bytes()
        assert old in content
        path.write_bytes(content.replace(old, new, count))

    return make


def overlapping(path):
    """The entry of config.json points into metadata.json."""
    content = bytearray(GOOD.read_bytes())
    entry = content.rfind(b"config.json") - 46
    struct.pack_into("<L", content, entry + 42, 0)
    path.write_bytes(content)


def gap(path):
    """Something stands between the last member and the directory."""
    content = bytearray(GOOD.read_bytes())
    end = content.rfind(b"PK\5\6")
    (directory,) = struct.unpack_from("<L", content, end + 16)
    struct.pack_into("<L", content, end + 16, directory + 9)
    path.write_bytes(content[:directory] + b"something" + content[directory:])


def lying(size):
    """The directory gives config.json another size."""

    def make(path):
        content = bytearray(GOOD.read_bytes())
        entry = content.rfind(b"config.json") - 46
        struct.pack_into("<2L", content, entry + 20, size, size)
        path.write_bytes(content)

    return make


def patched(mark, offset, form, value):
    """A maker of the good file with a number changed in its last record that begins with `mark`."""

    def make(path):
        content = bytearray(GOOD.read_bytes())
        struct.pack_into(form, content, content.rfind(mark) + offset, value)
        path.write_bytes(content)

    return make


def _renamed(old, new):
    return lambda path: write(path, {new if name == old else name: content for name, content in members().items()})


def _with(*more):
    return lambda path: write(path, [*members().items(), *more])


ZIPS = {
    "parent_folder": (_with(("../evil", b"x")), "must hold metadata.json, .*, not 4 members"),
    "parent_folder_of_three": (
        _renamed(CONFIG, f"../{CONFIG}"),
        r"must hold .*, not 'metadata.json', '../config.json'",
    ),
    "absolute": (_renamed(CONFIG, f"/tmp/{CONFIG}"), r"must hold .*, not .*'/tmp/config.json'"),
    "backslash": (_renamed(CONFIG, f"..\\{CONFIG}"), "must hold "),
    "cut_name": (_renamed(CONFIG, "config.json_evil"), "must hold "),
    "assets": (_with(("assets/tokenizer/vocabulary.txt", b"a")), "must hold .*, not 4 members"),
    "no_weights": (lambda path: write(path, {CONFIG: b"{}", METADATA: b"{}"}), "must hold .*, not 2 members"),
    "twice": (
        lambda path: write(path, [(CONFIG, b"{}"), (CONFIG, members()[CONFIG]), (WEIGHTS, members()[WEIGHTS])]),
        "must hold ",
    ),
    "overlapping": (overlapping, "is damaged: its zip archive has gaps or overlaps"),
    "gap": (gap, "is damaged: its zip archive has gaps or overlaps"),
    "longer_than_it_is": (lying(10**9), "is damaged"),
    "shorter_than_it_is": (lying(10), "is damaged"),
    "another_local_name": (replaced(CONFIG.encode(), b"config.jsom"), "two things about config.json"),
    "another_checksum": (replaced(b'"num_blocks": 1', b'"num_blocks": 2'), "the checksum of its config.json"),
    "encrypted": (patched(b"PK\1\2", 8, "<H", 1), "compressed or encrypted member"),
    "another_disk": (patched(b"PK\5\6", 4, "<H", 1), "not a complete zip archive"),
    "directory_elsewhere": (patched(b"PK\5\6", 16, "<L", 7), "not a complete zip archive|gaps or overlaps"),
    "something_before": (lambda path: path.write_bytes(b"MZ" + GOOD.read_bytes()), "gaps or overlaps"),
    "something_after": (lambda path: path.write_bytes(GOOD.read_bytes() + b"x"), "not a complete zip archive"),
}


def _second_end(**changes):
    """A maker of the good file with a zip64 end record in front of its end, which zipfile believes."""

    def make(path):
        content = GOOD.read_bytes()
        end = content.rfind(b"PK\5\6")
        _, _, _, _, count, size, offset, _ = struct.unpack_from("<4s4H2LH", content, end)
        said = {"count": count, "size": size, "offset": offset, "place": end, "disk": 0} | changes
        numbers = said["disk"], said["disk"], said["count"], said["count"], said["size"], said["offset"]
        record = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, *numbers)
        record += struct.pack("<4sLQL", b"PK\6\7", 0, said["place"], 1)
        path.write_bytes(content[:end] + record + content[end:])

    return make


def _many_names(path):
    """A zip64 end record says a million names, and the end after it says three."""
    entry = struct.pack("<4s4B4HL2L5H2L", b"PK\1\2", 20, 3, 20, 0, 0, 0, 0, 33, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0)
    directory = b"".join(entry + b"%05x" % number for number in range(921_600))
    with open(path, "wb") as file:
        file.write(directory)
        file.write(struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, 921_600, 921_600, len(directory), 0))
        file.write(struct.pack("<4sLQL", b"PK\6\7", 0, len(directory), 1))
        file.write(struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 3, 3, 153, 0, 0))


def _enormous(path):
    """The directory gives each member a size of 2**62 bytes, as zip64 can."""
    content = GOOD.read_bytes()
    end = content.rfind(b"PK\5\6")
    (start,) = struct.unpack_from("<L", content, end + 16)
    directory, place = b"", start
    while place < end:
        length, extra = struct.unpack_from("<2H", content, place + 28)
        entry = bytearray(content[place : place + 46 + length])
        struct.pack_into("<2L", entry, 20, 0xFFFFFFFF, 0xFFFFFFFF)
        struct.pack_into("<H", entry, 30, 20)
        directory += bytes(entry) + struct.pack("<2H2Q", 1, 16, 2**62, 2**62)
        place += 46 + length + extra
    tail = bytearray(content[end:])
    struct.pack_into("<L", tail, 12, len(directory))
    path.write_bytes(content[:start] + directory + tail)


ZIPS |= {
    "a_million_names_behind_two_ends": (_many_names, "has two ends that do not agree"),
    "second_end_of_another_size": (_second_end(size=47_000_000), "has two ends that do not agree"),
    "second_end_of_another_count": (_second_end(count=2), "has two ends that do not agree"),
    "second_end_elsewhere": (_second_end(offset=2**62), "has two ends that do not agree"),
    "second_end_of_another_disk": (_second_end(disk=7), "has two ends that do not agree"),
    "second_end_in_another_place": (_second_end(place=2**63), "has two ends that do not agree"),
    "enormous_members": (_enormous, "its zip archive has gaps or overlaps"),
}


# HDF5 that reaches out of itself


def _external_array(file):
    file.create_dataset("head/vars/9", (4,), "f4", external=[("decoy", 0, 16)])


def _virtual(file):
    layout = h5py.VirtualLayout((4,), "f4")
    layout[:] = h5py.VirtualSource("decoy.h5", "data", (4,))
    file.create_virtual_dataset("head/vars/9", layout)


def _put(name, value):
    return lambda file: file.__setitem__(name, value)


def _loop(file):
    file["head/loop"] = file["head"]


def _promised(file):
    """An array in one piece whose bytes were never written."""
    file.create_dataset("head/vars/9", (10**9,), "f4")


def _promised_little(file):
    file.create_dataset("head/x", (1000,), "f4")


def _moved(path):
    """An array whose place is moved so that it ends behind the file."""
    content = members()[WEIGHTS]
    with h5py.File(io.BytesIO(content)) as file:
        array = file["head/vars/0"]
        old, length = array.id.get_offset(), array.nbytes
    place = struct.pack("<2Q", old, length)
    assert content.count(place) == 1
    write(path, {**members(), WEIGHTS: content.replace(place, struct.pack("<2Q", len(content) - 8, length))})


def _same_bytes(path):
    """Two arrays that are the same stretch of the file: together they are longer than it."""
    content = io.BytesIO(members()[WEIGHTS])
    with h5py.File(content, "r+") as file:
        arrays = [file.create_dataset(f"head/{name}", data=np.ones(30_000, "f4")) for name in "xy"]
        first, second = (array.id.get_offset() for array in arrays)
        length = arrays[0].nbytes
    moved = struct.pack("<2Q", first, length)
    content = bytearray(content.getvalue().replace(struct.pack("<2Q", second, length), moved))
    assert second + length == len(content) and content.count(moved) == 2
    del content[second:]
    struct.pack_into("<Q", content, 40, len(content))  # the superblock says where the file ends
    write(path, {**members(), WEIGHTS: bytes(content)})


def _only_in_the_optimizer(path):
    """As many numbers as the config asks for, but not as weights of the model."""
    with_config("config", vocabulary_size=500)(path)
    with zipfile.ZipFile(path) as archive:
        text = archive.read(CONFIG)
    with_weights(_put("optimizer/vars/0", np.ones(10_000, "f4")))(path)
    with zipfile.ZipFile(path) as archive:
        write(path, {**{name: archive.read(name) for name in archive.namelist()}, CONFIG: text})


def _deep(file):
    file.create_group("/".join("a" * 100))


def _attributes(file):
    for index in range(17):
        file["head"].attrs[str(index)] = index


def _doubled(path):
    """Of the first group, 72 bytes twice: in HDF5 adding up its metadata never ends. Found by `scripts/fuzz`."""
    content = members()[WEIGHTS]
    content = content[:143] + content[71:]
    write(path, {**members(), WEIGHTS: content[:40] + struct.pack("<Q", len(content)) + content[48:]})


def _long_paths(file):
    """Names that are long at every level, and many objects at the last: a path is never written out for each."""
    place = file
    for level in range(30):
        place = place.create_group(f"{level}" + "a" * 10_000)


HDF5 = {
    "long_paths": (with_weights(_long_paths), "has a path of more than 1,024 bytes in its weights"),
    "metadata_without_end": (_doubled, "model.weights.h5 cannot be read"),
    "soft_link": (
        with_weights(_put("head/vars/9", h5py.SoftLink("/head/vars/0"))),
        r"has a link in its weights \('/head",
    ),
    "external_link": (with_weights(_put("head/vars/9", h5py.ExternalLink("decoy.h5", "/data"))), "another form"),
    "loop": (with_weights(_loop), "has one object under two names in its weights"),
    "shared_array": (with_weights(lambda file: file.__setitem__("head/x", file["head/vars/0"])), "under two names"),
    "virtual_array": (with_weights(_virtual, libver="latest"), "has weights in another form of HDF5"),
    "external_array": (with_weights(_external_array), "has a chunked, compressed, virtual or external array"),
    "compressed_array": (
        with_weights(lambda file: file.create_dataset("head/x", data=np.zeros(9), compression="gzip")),
        "has a chunked, compressed, virtual or external array",
    ),
    "promised_array": (with_weights(_promised), "not stored completely"),
    "little_promised_array": (with_weights(_promised_little), "not stored completely .*, 1,000 numbers"),
    "array_behind_the_end": (_moved, "has an array that extends past the end|model.weights.h5 cannot be read"),
    "two_arrays_in_one_place": (_same_bytes, "has structures that overlap"),
    "weights_of_the_optimizer": (_only_in_the_optimizer, "asks for 4,[0-9]+ weights and holds 303"),
    "texts": (with_weights(_put("head/x", ["a", "b"])), "has an array of other values than plain numbers"),
    "records": (
        with_weights(_put("head/x", np.zeros(2, "f4,i4"))),
        "has an array of other values than plain numbers",
    ),
    "references": (
        with_weights(lambda file: file.create_dataset("head/x", (1,), h5py.ref_dtype)),
        "has an array of other values than plain numbers|not stored completely",
    ),
    "no_shape": (with_weights(_put("head/x", h5py.Empty("f4"))), "has an array with an invalid shape"),
    "named_type": (with_weights(_put("head/x", np.dtype("f4"))), "has other objects than groups and arrays"),
    "deep_groups": (with_weights(_deep), "nested more than 32 levels deep"),
    "attribute_of_an_array": (
        with_weights(lambda file: file["head/vars/0"].attrs.__setitem__("dtype", "bfloat16")),
        "has an array with an attribute in its weights, as bfloat16 does",
    ),
    "opaque": (with_weights(_put("head/x", np.zeros(2, "V2"))), "has an array of other values than plain numbers"),
    "many_attributes": (with_weights(_attributes), "has attributes in its weights that Keras does not write"),
    "reference_attribute": (
        with_weights(lambda file: file["head"].attrs.__setitem__("a", file["head"].ref)),
        "has attributes in its weights that Keras does not write",
    ),
    "long_attribute": (
        with_weights(lambda file: file["head"].attrs.__setitem__("a", np.zeros(2000))),
        "has attributes in its weights that Keras does not write",
    ),
    "no_hdf5": (lambda path: write(path, {**members(), WEIGHTS: b"no HDF5"}), "its model.weights.h5 cannot be read"),
}


# JSON that is none, and files of other versions

TEXTS = {
    "not_a_number": (with_config("config", dropout=float("nan")), "contains NaN"),
    "infinite": (with_config("config", dropout=float("-inf")), "contains -Infinity"),
    "infinite_in_digits": (with_text(b'{"config": {"dropout": 1e999}}'), "has a number that is too large"),
    "no_object": (with_text(b"[]"), "its config.json does not describe a model"),
    "no_config": (with_text(b'{"class_name": "MiniLM"}'), "its config.json does not describe a model"),
    "two_bytes_a_letter": (with_text(json.dumps(tree()).encode("utf-16")), "its config.json cannot be read"),
    "no_text": (with_text(b"\xff\xfe{"), "its config.json cannot be read"),
    "no_size": (with_config("config", vocabulary_size=None), "has a vocabulary_size that is not a whole number"),
    "size_in_words": (with_config("config", embed_dim="4"), "has a embed_dim that is not a whole number"),
    "size_of_truth": (with_config("config", num_heads=True), "has a num_heads that is not a whole number"),
    "newer": (
        with_config("config", format_version=5, new=1),
        r"was written by a newer tinylm_keras \(format 5, this version reads up to 4\). Run: pip install --upgrade",
    ),
    "training_no_text": (with_config("config", training={"rows": []}), "has a training state that is not a text"),
    "no_version": (with_config("config", format_version="2"), "has an invalid format_version, '2'"),
}

_POLICY, _LONG = made("keras", "DTypePolicy", {"name": ["float32"]}), "a" * 5_000_000


def _adam(**settings):
    return with_config("compile_config", optimizer=made("keras.optimizers", "Adam", settings))


# Values of another kind than stands in that place
KINDS = {
    "dtype_name_in_a_list": (with_config("config", dtype=_POLICY), "has a dtype that is not allowed"),
    "dtype_in_a_list": (
        with_config("config", dtype=["float32"]),
        "has a wrong dtype in its MiniLM: it must be a dtype",
    ),
    "dtype_of_numbers": (with_config("config", "tokenizer", "config", dtype=16), "wrong dtype in its WhitespaceTok"),
    "class_without_name": (
        with_config("compile_config", loss={**made("keras.losses", None), "class_name": None}),
        "names None of 'keras.losses', as 'loss'",
    ),
    "class_name_in_a_list": (
        with_config("config", tokenizer={**BYTE_PAIR, "class_name": ["BytePairTokenizer"]}),
        "names a class by something other than text",
    ),
    "long_class_name": (with_config("config", tokenizer=made(_LONG, _LONG)), r"names 'a{56}\.\.\. of 'a{56}\.\.\.,"),
    "long_name": (
        with_config("config", name=_LONG),
        "has a wrong name in its MiniLM: it must be a text of at most 200",
    ),
    "long_entry": (with_config("config", **{_LONG: 1}), r"has an entry in its MiniLM .* 'a{56}\.\.\.\."),
    "name_of_a_number": (with_config("config", name=1), "has a wrong name in its MiniLM"),
    "tokenizer_of_texts": (with_config("config", tokenizer=["a"]), "wrong tokenizer in its MiniLM: it must be a tok"),
    "dropout_of_truth": (
        with_config("config", dropout=True),
        "wrong dropout in its MiniLM: it must be a number, not Tr",
    ),
    "norm_of_an_object": (with_config("config", norm={"a": 1}), "has a wrong norm in its MiniLM: it must be a text"),
    "defaults_in_a_list": (with_config("config", generation_defaults=[1]), "wrong generation_defaults in its MiniLM"),
    "defaults_of_objects": (
        with_config("config", "generation_defaults", stop={"a": "b"}),
        "wrong generation_defaults in its MiniLM",
    ),
    "trainable_in_words": (
        with_config("config", "tokenizer", "config", trainable="yes"),
        "wrong trainable in its WhitespaceTokenizer: it must be true or false, not 'yes'",
    ),
    "end_token_of_a_number": (
        with_config("config", "tokenizer", "config", end_token=7),
        "has a wrong end_token in its",
    ),
    "max_tokens_in_words": (with_config("config", "tokenizer", "config", max_tokens="9"), "has a wrong max_tokens in"),
    "rate_in_words": (_adam(learning_rate="0.1"), r"names '0\.1', as 'learning_rate'|wrong value in its Adam"),
    "beta_in_words": (_adam(beta_1="0.9"), "has a wrong value in its Adam, '0.9' as 'beta_1'"),
    "beta_in_a_list": (_adam(beta_1=[0.9]), r"has a wrong value in its Adam, \[0.9\] as 'beta_1'"),
    "optimizer_name_of_truth": (_adam(name=True), "has a wrong value in its Adam, True as 'name'"),
    "steps_in_words": (
        with_config("compile_config", steps_per_execution="9"),
        "has a wrong steps_per_execution in its",
    ),
    "jit_in_words": (with_config("compile_config", jit_compile="yes"), "must be true, false or \"auto\", not 'yes'"),
    "shared_in_a_list": (
        with_config("config", "dtype", shared_object_id=[1]),
        r"has a shared_object_id that is not a number, \[1\]",
    ),
    "half_a_letter": (with_config("config", name="a\ud800"), r"no valid Unicode, 'a\\ud800'"),
    # Ids and counts out of range
    "pad_id_outside": (with_config("config", pad_id=11), "has the id 11 in its pad_id, and a vocabulary of 11"),
    "pad_id_below": (with_config("config", pad_id=-1), "has a wrong pad_id in its MiniLM: it must be a whole number"),
    "first_token_outside": (with_config("config", first_tokens=[[11, 1]]), "has the id 11 in its first_tokens"),
    "first_token_below": (with_config("config", first_tokens=[[-1, 1]]), "has a wrong first_tokens in its MiniLM"),
    "first_token_never": (with_config("config", first_tokens=[[2, 0]]), "has a wrong first_tokens in its MiniLM"),
    "first_token_alone": (with_config("config", first_tokens=[2]), "has a wrong first_tokens in its MiniLM"),
    "first_tokens_beyond": (
        with_config("config", first_tokens=[[2, 2**53], [3, 1]]),
        "has a wrong first_tokens in its",
    ),
    "count_of_nothing": (
        with_config("config", "tokenizer", "config", character_counts={"a": 0}),
        "has a wrong character_counts in its WhitespaceTokenizer",
    ),
    "count_of_a_word": (
        with_config("config", "tokenizer", "config", character_counts={"ab": 1}),
        "has a wrong character_counts in its WhitespaceTokenizer",
    ),
}

# Of each file: a function that makes it at a path, and what the check must say.
FILES = NAMES | BOMBS | ZIPS | HDF5 | TEXTS | KINDS


def flipped(content, place):
    """Bytes with one bit changed; `place` counts bits."""
    changed = bytearray(content)
    changed[place // 8] ^= 1 << place % 8
    return bytes(changed)
