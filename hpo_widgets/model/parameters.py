"""All kinds of parameters, by ClearML's names (reference a1), and two more: normal and lognormal."""

from hpo_widgets.model.parameter_base import Parameter, RandomSeed
from hpo_widgets.model.parameter_choices import DiscreteParameterRange, ParameterSet
from hpo_widgets.model.parameter_conditional import ConditionalParameter
from hpo_widgets.model.parameter_normal import LogNormalParameterRange, NormalParameterRange
from hpo_widgets.model.parameter_ranges import (
    LogUniformParameterRange,
    UniformIntegerParameterRange,
    UniformParameterRange,
)

__all__ = [
    "ConditionalParameter",
    "DiscreteParameterRange",
    "LogNormalParameterRange",
    "LogUniformParameterRange",
    "NormalParameterRange",
    "Parameter",
    "ParameterSet",
    "RandomSeed",
    "UniformIntegerParameterRange",
    "UniformParameterRange",
]
