"""Surveys a text in one pass, with bounded memory and in about a second per million characters."""

from tinylm_keras.text.survey.cuts import Cut as Cut
from tinylm_keras.text.survey.look import survey as survey
from tinylm_keras.text.survey.result import Survey as Survey
from tinylm_keras.text.survey.words import Growth as Growth

__all__ = ["Cut", "Growth", "Survey", "survey"]
