"""Latent domains as Optuna knows them."""

from __future__ import annotations

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from hpo_widgets.model.latent import CategoricalLatent, IntLatent, Latent


def distribution(latent: Latent) -> BaseDistribution:
    """Gives what Optuna calls a latent domain."""
    if isinstance(latent, CategoricalLatent):
        return CategoricalDistribution(range(latent.size))
    if isinstance(latent, IntLatent):
        return IntDistribution(latent.low, latent.high)
    return FloatDistribution(latent.low, latent.high)
