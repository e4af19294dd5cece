"""The parameter classes under the names that ClearML scripts import."""

from hpo_widgets.model.parameters import (
    DiscreteParameterRange,
    LogNormalParameterRange,
    LogUniformParameterRange,
    NormalParameterRange,
    Parameter,
    ParameterSet,
    RandomSeed,
    UniformIntegerParameterRange,
    UniformParameterRange,
)

__all__ = [
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
