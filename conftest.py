"""Names the plugins and the Hypothesis profiles, and keeps idle threads from spinning; no logic."""

import os

# The claims' own linear algebra is many small products, which threads only slow down; a model's forward pass
# uses torch's threads, which sleep when they wait. Both can be set otherwise in the environment.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from hypothesis import HealthCheck, settings

pytest_plugins = (
    "pytester",
    "fixtures.session.plugin",
    "fixtures.session.told",
    "fixtures.session.evidence_fixtures",
    "fixtures.session.experiment_fixtures",
    "claims.runner.plugin",
    "reports.runner.collect",
)

settings.register_profile("dev", max_examples=50, deadline=None, derandomize=True)
settings.register_profile("nightly", max_examples=2000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))
