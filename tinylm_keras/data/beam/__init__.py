"""Converts text to token files with several workers, by Apache Beam.

`text.units` divides a source into units. `work` does what a stage needs of one unit, without Keras and without Beam,
and writes the result to a file that is named by the unit, in a `staging` folder. `pipeline` is the Beam pipeline that
calls it for every unit, in a process of its own, which `runner` starts and watches. `preparing` goes from stage to
stage and joins the results.
"""
