"""The work of a job as a function of Beam."""

import apache_beam as beam

from tinylm_keras.data.beam import work


class UnitWork(beam.DoFn):
    """Does the work of a job for each unit number that it gets.

    Args:
        place: str. The staging folder.
        job: str. Its name.
    """

    def __init__(self, place, job):
        self.place, self.job = place, job

    def process(self, number):
        yield work.run(self.place, self.job, number)
