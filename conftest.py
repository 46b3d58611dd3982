"""Names the plugins and the Hypothesis profiles; no logic."""

import os

from hypothesis import HealthCheck, settings

pytest_plugins = ("pytester", "fixtures.plugin", "claims.plugin", "reports.collect")

settings.register_profile("dev", max_examples=50, deadline=None, derandomize=True)
settings.register_profile("nightly", max_examples=2000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))
