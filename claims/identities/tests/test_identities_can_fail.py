"""An identity that nothing could refute says nothing: each must catch a formula that is slightly wrong."""

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, settings

from metrics.routing.certified_radius import Radius, certified_radius
from metrics.routing.confidence import softmax_confidence
from metrics.routing.lipschitz_bounds import Spectrum, naive_bound, operator_norm
from metrics.routing.null_space import row_space
from metrics.usage.profiles import usage
from metrics.usage.topk_overlap import choice_mask

HUNT = settings(
    max_examples=500,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    print_blob=False,
)


def longer_radius(*arguments: Any, **options: Any) -> Radius:
    found = certified_radius(*arguments, **options)
    return found._replace(value=1.01 * found.value)


def shorter_radius(*arguments: Any, **options: Any) -> Radius:
    found = certified_radius(*arguments, **options)
    return found._replace(value=0.99 * found.value)


def radius_without_groups(*arguments: Any, **options: Any) -> Radius:
    return certified_radius(*arguments, **(options | {"groups": None}))


def radius_without_bias(*arguments: Any, **options: Any) -> Radius:
    return certified_radius(*arguments, **(options | {"bias": None}))


def leading_part_alone(weight: Any, moment: Spectrum, dh: Any, energy: float) -> Any:
    rank = 1 + int(np.sum(np.cumsum(moment.energy) < energy * moment.energy.sum()))
    return naive_bound(moment.coordinates(weight)[:, :rank], moment.coordinates(dh)[:, :rank])


#: What is replaced by what: (file and identity, name that the identity calls, a wrong formula).
MISTAKES: dict[str, tuple[str, str, Callable[..., Any]]] = {
    "RMS bound without sqrt(D/E)": ("test_identities.test_naive_bound", "rms_lipschitz", operator_norm),
    "bound 1 % too low": (
        "test_identities.test_data_aware_bounds", "naive_bound", lambda *a: 0.99 * naive_bound(*a)
    ),
    "truncated bound without its remainder": (
        "test_identities.test_data_aware_bounds", "truncated_bound", leading_part_alone
    ),
    "radius too long": ("test_identities.test_certified_radius", "certified_radius", longer_radius),
    "radius that forgets the groups": (
        "test_identities.test_certified_radius", "certified_radius", radius_without_groups
    ),
    "radius that forgets the bias": (
        "test_identities.test_certified_radius", "certified_radius", radius_without_bias
    ),
    "radius too short": ("test_identities.test_radius_is_exact", "certified_radius", shorter_radius),
    "row space of other singular values": (
        "test_identities.test_row_space_necessity", "row_space",
        lambda w: row_space(w)._replace(singular=row_space(w).singular * 1.5),
    ),
    "kernel of another router": (
        "test_identities_symmetry.test_kernel_invariance", "row_space", lambda w: row_space(w[::2])
    ),
    "confidence of the raw exponentials": (
        "test_identities_symmetry.test_shift_invariance", "softmax_confidence",
        lambda z: np.exp((z.max(axis=1) / 1e4).clip(max=700.0)),
    ),
    "radius with an absolute offset": (
        "test_identities_symmetry.test_scale_invariance", "certified_radius",
        lambda *a, **o: certified_radius(*a, **o)._replace(value=certified_radius(*a, **o).value + 0.1),
    ),
    "usage that counts an expert's number": (
        "test_identities_symmetry.test_permutation_equivariance", "usage",
        lambda e, s, n, count: usage(e, s, n, count) * np.arange(count),
    ),
    "masks that favour the first expert": (
        "test_identities_symmetry.test_permutation_equivariance", "choice_mask",
        lambda e, count: choice_mask(e, count) * np.arange(1, count + 1, dtype=np.float32),
    ),
    "confidence in the first expert": (
        "test_identities_symmetry.test_permutation_equivariance", "softmax_confidence",
        lambda z: softmax_confidence(z) * z[:, 0],
    ),
}  # fmt: skip


def copy_of(name: str) -> ModuleType:
    """Load a second copy of a claim file: settings and mistakes must not reach the claims of this run."""
    path = Path(__file__).parents[1] / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"copy_of_{name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_identity_catches(mistake: str) -> None:
    identity, name, wrong = MISTAKES[mistake]
    file, _, test = identity.partition(".")
    module = copy_of(file)
    assert hasattr(module, name), f"{file} does not call {name}"
    setattr(module, name, wrong)
    with pytest.raises(AssertionError):
        HUNT(getattr(module, test))()
