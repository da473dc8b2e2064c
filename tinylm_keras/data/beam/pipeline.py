"""The Beam pipeline of a job. It runs in a process of its own: `python -m tinylm_keras.data.beam.pipeline …`."""

import os
import signal
import sys
import threading
import time

LOST = 75  # exit code if a local worker has ended; its units are to be started again


def main(parent, place, job, *options):
    """Do the work of a job for all units that have no result yet.

    Args:
        parent: str. Number of the process that started this one; if it ends, so does this one.
        place: str. The staging folder.
        job: str. The name of the job.
        *options: str. Options of Beam.
    """
    _end_with(int(parent))
    import apache_beam as beam
    from apache_beam.options.pipeline_options import PipelineOptions

    from tinylm_keras.data.beam import work
    from tinylm_keras.data.beam.staging import Staging
    from tinylm_keras.data.beam.unit_work import UnitWork

    left = sorted(set(range(work.count_of(place, job))) - Staging(place).finished(job))
    _end_if_a_worker_is_lost()
    pipeline = beam.Pipeline(options=PipelineOptions([*options]))
    units = pipeline | "units" >> beam.Create(left) | "to all workers" >> beam.Reshuffle()
    units | "work" >> beam.ParDo(UnitWork(place, job))
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
