"""Activations of gated experts: what happens between their matrices, h = f(g, u), and its slopes in closed form."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.special import expit, ndtr

from metrics.arrays import Float64Array

Elementwise = Callable[[Float64Array], Float64Array]


class Activation(NamedTuple):
    """An activation and its derivative, each number by number."""

    value: Elementwise
    slope: Elementwise


class Unit(NamedTuple):
    """h = value(g, u), and slopes(g, u) = (dh/dg, dh/du); number by number on arrays of one shape."""

    value: Callable[[Float64Array, Float64Array], Float64Array]
    slopes: Callable[[Float64Array, Float64Array], tuple[Float64Array, Float64Array]]


def swish(alpha: float = 1.0) -> Activation:
    """x sigmoid(alpha x): SiLU for alpha = 1, "quick" GELU for 1.702.

    Examples
    --------
    >>> silu = swish()
    >>> silu.value(np.array([0.0])).tolist(), silu.slope(np.array([0.0])).tolist()
    ([0.0], [0.5])
    """

    def slope(x: Float64Array) -> Float64Array:
        open_ = expit(alpha * x)
        return np.asarray(open_ * (1.0 + alpha * x * (1.0 - open_)))

    return Activation(lambda x: np.asarray(x * expit(alpha * x)), slope)


def activation(name: str, alpha: float = 1.0) -> Activation:
    """Find an activation by name: silu, gelu, gelu_tanh, relu, relu2, sigmoid, tanh or linear.

    Parameters
    ----------
    alpha : parameter of silu (see `swish`); the others have none

    Raises
    ------
    ValueError
        For an unknown name.

    Examples
    --------
    >>> activation("relu2").slope(np.array([-1.0, 3.0])).tolist()
    [0.0, 6.0]
    """
    if name == "silu":
        return swish(alpha)
    if name not in _ACTIVATIONS:
        raise ValueError(f"unknown activation {name!r}; known: silu, {', '.join(_ACTIVATIONS)}")
    return _ACTIVATIONS[name]


def gated_unit(
    act: Activation,
    *,
    gate_max: float = math.inf,
    act_max: float = math.inf,
    up_limit: float = math.inf,
    up_shift: float = 0.0,
) -> Unit:
    """h = min(act(min(g, gate_max)), act_max) * (clip(u, -up_limit, up_limit) + up_shift).

    On a limit itself the slope is the one inside. For experts without u, give ones for u.

    Examples
    --------
    GPT-OSS' form with a linear activation: beyond the limit 7 nothing moves with g, and u counts from -1.

    >>> unit = gated_unit(activation("linear"), gate_max=7.0, up_limit=7.0, up_shift=1.0)
    >>> g, u = np.array([2.0, 9.0]), np.array([3.0, 3.0])
    >>> unit.value(g, u).tolist(), [slope.tolist() for slope in unit.slopes(g, u)]
    ([8.0, 28.0], [[4.0, 0.0], [2.0, 7.0]])
    """

    def parts(g: Float64Array, u: Float64Array) -> tuple[Float64Array, Float64Array]:
        active = np.minimum(act.value(np.minimum(g, gate_max)), act_max)
        return active, np.clip(u, -up_limit, up_limit) + up_shift

    def value(g: Float64Array, u: Float64Array) -> Float64Array:
        active, other = parts(g, u)
        return np.asarray(active * other)

    def slopes(g: Float64Array, u: Float64Array) -> tuple[Float64Array, Float64Array]:
        active, other = parts(g, u)
        limited = np.minimum(g, gate_max)
        moves = (g <= gate_max) & (act.value(limited) <= act_max)
        a = np.where(moves, act.slope(limited), 0.0) * other
        return np.asarray(a), np.asarray(np.where(np.abs(u) <= up_limit, active, 0.0))

    return Unit(value, slopes)


_ROOT = math.sqrt(2.0 / math.pi)
_CUBIC = 0.044715


def _gelu_slope(x: Float64Array) -> Float64Array:
    return np.asarray(ndtr(x) + x * np.exp(-0.5 * x * x) / math.sqrt(2.0 * math.pi))


def _bend(x: Float64Array) -> Float64Array:
    return np.tanh(_ROOT * (x + _CUBIC * x**3))


def _gelu_tanh_slope(x: Float64Array) -> Float64Array:
    bend = _bend(x)
    return np.asarray(0.5 * (1.0 + bend) + 0.5 * x * (1.0 - bend**2) * _ROOT * (1.0 + 3.0 * _CUBIC * x * x))


_ACTIVATIONS = {
    "gelu": Activation(lambda x: np.asarray(x * ndtr(x)), _gelu_slope),
    "gelu_tanh": Activation(lambda x: np.asarray(0.5 * x * (1.0 + _bend(x))), _gelu_tanh_slope),
    "relu": Activation(lambda x: np.maximum(x, 0.0), lambda x: np.asarray((x > 0).astype(np.float64))),
    "relu2": Activation(lambda x: np.maximum(x, 0.0) ** 2, lambda x: 2.0 * np.maximum(x, 0.0)),
    "sigmoid": Activation(lambda x: np.asarray(expit(x)), lambda x: np.asarray(expit(x) * (1.0 - expit(x)))),
    "tanh": Activation(lambda x: np.tanh(x), lambda x: np.asarray(1.0 - np.tanh(x) ** 2)),
    "linear": Activation(lambda x: x, lambda x: np.ones_like(x)),
}
