"""The Beam pipeline of a stage. It runs in a process of its own: `python -m tinylm_keras.data.beam.pipeline …`."""

import os
import signal
import sys
import threading
import time

LOST = 75  # exit code if a local worker has ended; its units are to be started again


def main(place, stage, *options):
    """Do the work of a stage for all units that have no result yet.

    Args:
        place: str. The staging folder.
        stage: str. One of `work.STAGES`.
        *options: str. Options of Beam.
    """
    import apache_beam as beam
    from apache_beam.options.pipeline_options import PipelineOptions

    from tinylm_keras.data.beam.staging import UNITS, Staging
    from tinylm_keras.data.beam.unit_work import UnitWork

    staging = Staging(place)
    left = sorted(set(range(len(staging.read_json(UNITS)))) - staging.finished(stage))
    _end_with(os.getppid())
    _end_if_a_worker_is_lost()
    pipeline = beam.Pipeline(options=PipelineOptions([*options]))
    units = pipeline | "units" >> beam.Create(left) | "to all workers" >> beam.Reshuffle()
    units | stage >> beam.ParDo(UnitWork(place, stage))
    running = pipeline.run()
    signal.signal(signal.SIGTERM, lambda *_: _cancel(running))
    running.wait_until_finish()


def _end_with(parent):
    """End this process and its workers if the process that started it is killed."""

    def watch():
        while os.getppid() == parent:
            time.sleep(1)
        os.killpg(os.getpid(), signal.SIGKILL)

    if hasattr(os, "killpg"):  # all but Windows
        threading.Thread(target=watch, daemon=True).start()


def _end_if_a_worker_is_lost():
    """Beam's local runner waits forever for a worker process that has ended: end this process instead."""

    def end(failure):
        threading.__excepthook__(failure)
        if failure.thread is not None and "Worker subprocess exited" in str(failure.exc_value):
            os._exit(LOST)

    threading.excepthook = end


def _cancel(running):
    running.cancel()
    os._exit(128 + signal.SIGTERM)


if __name__ == "__main__":
    main(*sys.argv[1:])
