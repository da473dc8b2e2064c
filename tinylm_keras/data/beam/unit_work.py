"""The work of a stage as a function of Beam."""

import apache_beam as beam

from tinylm_keras.data.beam import work


class UnitWork(beam.DoFn):
    """Does the work of a stage for each unit number that it gets.

    Args:
        place: str. The staging folder.
        stage: str. One of `work.STAGES`.
    """

    def __init__(self, place, stage):
        self.place, self.stage = place, stage

    def process(self, number):
        yield work.run(self.place, self.stage, number)
