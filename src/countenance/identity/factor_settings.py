"""From settings to the policies of the roles."""

from __future__ import annotations

from countenance.identity.factor_policy import (
    DEFAULT_POLICY,
    FactorPolicies,
    parse_factors,
    parse_policy,
)
from countenance.settings import PREFIX, FactorSettings


def read_policies(settings: FactorSettings) -> FactorPolicies:
    """Raises: ConfigurationError: a policy cannot be understood, or would be unsafe."""
    everyone = parse_policy(settings.everyone or DEFAULT_POLICY, source=f"{PREFIX}FACTORS")
    of_role = {
        role: parse_policy(text, source=f"{PREFIX}FACTORS_{role.upper()}")
        for role, text in settings.of_role.items()
    }
    step_up = parse_factors(settings.step_up, source=f"{PREFIX}FACTORS_STEP_UP")
    return FactorPolicies(everyone, of_role, step_up)
