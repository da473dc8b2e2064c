"""What a worker does for one unit in each stage. It needs neither Keras nor Beam."""

import base64
import contextlib
import functools
import threading
import warnings
import zlib

import numpy as np

from tinylm_keras import _checks, id_rules
from tinylm_keras.data.beam.staging import Staging, key_of, name_of
from tinylm_keras.data.token_files import split
from tinylm_keras.data.token_files.part_writer import IdsFile, PartWriter
from tinylm_keras.id_rules.word_counts import WordCounts
from tinylm_keras.text.learning_sample import LearningSample
from tinylm_keras.text.units import Unit, UnitDocuments

LOOK, LEARN, WRITE = "look", "learn", "write"

DESCRIPTION = "job.json"


def run(place, job, number):
    """Do the work of a job for one unit, and write the result, unless it is there already.

    Args:
        place: str. The staging folder.
        job: str. The name of a job that `create` returned.
        number: int. The unit.

    Returns:
        int. The unit.
    """
    staging = Staging(place)
    if staging.has(f"{job}/{name_of(number)}"):
        return number
    described = _read(place, job)
    unit = Unit(**described["units"][number])
    with _heard() as warned:
        try:
            result = {"result": _WORK[described["stage"]](staging, job, number, unit, described["settings"])}
        except (ValueError, TypeError) as error:
            if not hasattr(error, "parts"):  # not a refusal of the input, which another attempt would meet again
                raise
            result = {"refused": _parts_of(error)}
    staging.write_json(f"{job}/{name_of(number)}", {**result, "warnings": warned})
    return number


def create(staging, stage, units, settings):
    """Describe a job in the staging folder, and return its name, which depends on all that its results depend on.

    So a worker of an earlier start, which may still run, never writes among the results of other settings.

    Args:
        staging: `Staging`.
        stage: str. `LOOK`, `LEARN` or `WRITE`.
        units: list of dict. The units.
        settings: dict for JSON. What the stage needs.
    """
    described = {"stage": stage, "units": units, "settings": settings}
    job = f"{stage}-{key_of(described)}"
    if not staging.has(f"{job}/{DESCRIPTION}"):
        staging.write_json(f"{job}/{DESCRIPTION}", described)
    return job


def count_of(place, job):
    """Return the number of units of a job."""
    return len(_read(place, job)["units"])


@functools.lru_cache(maxsize=4)
def _read(place, job):
    return Staging(place).read_json(f"{job}/{DESCRIPTION}")


# The stages


def _look(staging, job, number, unit, settings):
    found = split.look(UnitDocuments(unit), settings["fraction"], settings["seed"])
    packed = base64.b64encode(zlib.compress(found.counts.astype("<i8").tobytes())).decode("ascii")
    return {"counts": packed, "places": found.places}


def look_of(result):
    """Return the `Look` of a result."""
    counts = np.frombuffer(zlib.decompress(base64.b64decode(result["counts"])), "<i8")
    return split.Look(counts, result["places"])


def _learn(staging, job, number, unit, settings):
    chunks = (chunk for part, chunk in _divided(number, unit, settings) if part == split.TRAIN)
    rules = id_rules.restore(settings["tokenizer"])
    if rules.learning_limit is None:
        counts = rules.count(chunk.text for chunk in chunks)
        return {"words": dict(counts.words), "characters": dict(counts.characters)}
    sample = LearningSample(rules.learning_limit, settings["last"]).add(chunks)
    return {"of_bytes": sample.of_bytes, "last": sample.last, "pieces": list(sample)}


def counts_of(result):
    """Return the `WordCounts` of a result."""
    counts = WordCounts()
    counts.words.update(result["words"])
    counts.characters.update(result["characters"])
    return counts


def sample_of(result, limit):
    """Return the `LearningSample` of a result."""
    return LearningSample.restored(limit, result["last"], result["of_bytes"], result["pieces"])


def _write(staging, job, number, unit, settings):
    rules = id_rules.restore(settings["tokenizer"])
    tallies = {}
    with contextlib.ExitStack() as stack:
        writers = {}
        for part in settings["parts"]:
            file = stack.enter_context(staging.create(f"{job}/{name_of(number, f'.{part}.bin')}"))
            writers[part] = PartWriter(IdsFile(file, settings["dtype"]), rules, leading=False)
        for part, chunk in _divided(number, unit, settings):
            writers[part].add(chunk)
        for part, writer in writers.items():
            tallies[part] = writer.finish().to_json()
    return tallies


_WORK = {LOOK: _look, LEARN: _learn, WRITE: _write}


def _divided(number, unit, settings):
    places = settings["places"]
    own = None if places is None else places[number]
    division = split.Division(settings["seed"], settings["edge"], own, settings["low"])
    return division(UnitDocuments(unit))


# Errors and warnings, as results


def _parts_of(error):
    return [part if isinstance(part, str) else [part.name, *_value_of(part)] for part in error.parts]


def _value_of(argument):
    if argument.value is _checks.NO_VALUE:
        return []
    simple = argument.value is None or isinstance(argument.value, (str, int, float, bool))
    return [argument.value if simple else str(argument.value)]


def refusal_of(parts):
    """Return the error of a result."""
    return _checks.refusal(*(part if isinstance(part, str) else _checks.Argument(*part) for part in parts))


_heard_by = threading.local()


@contextlib.contextmanager
def _heard():
    """A context with the list of the warnings in it. Threads of one process may be in several such contexts."""
    _listen()
    _heard_by.messages = []
    try:
        yield _heard_by.messages
    finally:
        _heard_by.messages = None


def _listen():
    if getattr(warnings.showwarning, "func", None) is not _hear:
        warnings.simplefilter("always")
        warnings.showwarning = functools.partial(_hear, warnings.showwarning)


def _hear(shown, message, *where, **more):
    heard = getattr(_heard_by, "messages", None)
    if heard is None:
        shown(message, *where, **more)
    elif str(message) not in heard:
        heard.append(str(message))
