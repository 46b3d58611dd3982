"""A world so small that its arms are trained within a test."""

from claims.mlp_world import MlpWorld

SMALL = MlpWorld(
    seeds=2,
    clusters=4,
    experts=4,
    inputs=12,
    width=12,
    targets=6,
    hidden=8,
    inner=3,
    tokens=1024,
    held_out=512,
    batch=64,
    steps=60,
    rate=1e-2,
    rank=3,
    group=24,
    jacobians=96,
    spectra=24,
)
