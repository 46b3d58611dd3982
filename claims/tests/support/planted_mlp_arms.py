"""Arms of the controlled MLP whose measures are given, not trained: one level a measure, noise over the seeds."""

import zlib
from collections.abc import Callable
from dataclasses import fields

import numpy as np

from fixtures.mlp.arms import BEFORE, ArmMeasures, MlpArms
from fixtures.mlp.measures import SPLITS, SplitMeasures
from fixtures.mlp.world import MATCHES, WORLD, Arm, Match, arms_of

#: Level of a measure: trained or not, name of the arm, split, measure.
Level = Callable[[bool, str, str, str], float]

SEEDS, NOISE = 12, 0.05
SPECTRA = ("decay", "token_decay")


def planted_arms(
    seed: int, level: Level, *, error: float = 0.1, gate: float = 0.4, seeds: int = SEEDS, noise: float = NOISE
) -> MlpArms:
    """Return arms whose measures lie around their levels; what a seed has in common is common to its arms."""

    def arms(trained: bool, names: tuple[str, ...] | None) -> dict[Match, dict[str, ArmMeasures]]:
        return {
            match: {
                arm.name: _arm(seed, match, arm, trained, level, error, gate, seeds, noise)
                for arm in arms_of(WORLD, match)
                if names is None or arm.name in names
            }
            for match in MATCHES
        }

    return MlpArms(arms(True, None), arms(False, BEFORE))


def flat(trained: bool, arm: str, split: str, measure: str) -> float:
    """The same level for everything."""
    return 1.0


def _arm(
    seed: int, match: Match, arm: Arm, trained: bool, level: Level, error: float, gate: float, seeds: int, size: float
) -> ArmMeasures:
    names = [each.name for each in fields(SplitMeasures)]
    own = np.random.default_rng([seed, zlib.crc32(f"{match} {arm.name} {trained}".encode())])
    common = np.random.default_rng(seed).standard_normal(seeds)
    noise = dict(zip(SPLITS, own.standard_normal((len(SPLITS), len(names), seeds)), strict=True))

    def measures(split: str) -> SplitMeasures:
        found = {
            name: level(trained, arm.name, split, name) + size * (common + drawn)
            for name, drawn in zip(names, noise[split], strict=True)
        }
        return SplitMeasures(**found | {name: np.repeat(found[name][:, None], WORLD.width, axis=1) for name in SPECTRA})

    return ArmMeasures(
        arm=arm,
        error=np.full(seeds, error),
        variance=np.full(seeds, 0.5),
        gate=np.full(seeds, gate),
        splits={split: measures(split) for split in SPLITS},
    )
