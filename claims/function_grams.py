"""Frobenius products of all sums of Jacobians over blocks with each other, in bounded memory."""

from typing import NamedTuple

import numpy as np
import torch

from claims.function_sums import JacobianSums, Terms
from claims.function_trace import FloatArray
from metrics.arrays import Float64Array
from metrics.expert import Expert, factors

#: Bytes that the parts of all matrices that are held at once may take.
STACK_BYTES = 2**30
#: Bytes that the weights of all experts may take on the host beside that; where they take more, each expert is read
#: anew for every part.
HELD_BYTES = 6 * 2**30


class _Factors(NamedTuple):
    """One expert on the device: J^T = (R^T diag) C^T summed over the parts of R; ``inputs`` (parts, D, m)."""

    inputs: torch.Tensor
    outputs: torch.Tensor


class _Side:
    """The E B matrices of one operand, made a few columns at a time.

    The factors of all experts are held where there is room for them, and made anew for each part otherwise.
    """

    def __init__(self, sums: JacobianSums, device: torch.device) -> None:
        self.sums = sums
        self.device = device
        self.kind = precision(device)
        self.size = len(sums.experts) * sums.diagonal.shape[1]
        first = sums.experts[0]
        numbers = len(sums.experts) * (first.gate.size * (1 if first.up is None else 2) + first.down.size)
        self.holds = device.type != "cpu" or numbers * self.kind.itemsize <= HELD_BYTES
        self.held: dict[int, _Factors] = {}
        self.diagonal = torch.as_tensor(sums.diagonal, dtype=self.kind, device=device)

    def part(self, start: int, stop: int) -> torch.Tensor:
        """Columns start..stop of all matrices, flat, (E B, columns * D)."""
        blocks, width = self.sums.diagonal.shape[1], len(self.sums.experts[0].down)
        found = torch.empty(self.size, (stop - start) * width, dtype=self.kind, device=self.device)
        for number, terms in enumerate(self.sums.terms):
            inputs, outputs = self._factors(number)
            slopes = self.diagonal[number].reshape(blocks, len(inputs), 1, -1)
            inner = slopes[:, 0] * inputs[0, start:stop]  # (B, columns, m)
            for part in range(1, len(inputs)):
                inner.addcmul_(slopes[:, part], inputs[part, start:stop])
            own = found[number * blocks : (number + 1) * blocks].view(-1, width)
            torch.mm(inner.view(-1, inner.shape[2]), outputs, out=own)
            self._add(own.view(blocks, stop - start, width), terms, start, stop)
        return found

    def _add(self, matrices: torch.Tensor, terms: Terms, start: int, stop: int) -> None:
        """Add the rank-one terms to some columns of an expert's matrices, (B, columns, D)."""
        for block in np.unique(terms.block).tolist():
            rows = terms.block == block
            right, left = (np.ascontiguousarray(each) for each in (terms.right[rows, start:stop], terms.left[rows]))
            matrices[block] += self._here(right).T @ self._here(left)

    def _factors(self, number: int) -> _Factors:
        found = self.held.get(number)
        if found is None:
            found = self._read(self.sums.experts[number])
            if self.holds:
                self.held[number] = found
        return found

    def _read(self, expert: Expert) -> _Factors:
        columns, rows = factors(expert)
        parts = rows.reshape(-1, len(expert.gate), rows.shape[1])
        inputs = self._here(parts).transpose(1, 2).contiguous()
        return _Factors(inputs, self._here(columns).T.contiguous())

    def _here(self, values: FloatArray) -> torch.Tensor:
        return torch.as_tensor(values, dtype=self.kind, device=self.device)


def _product(part: torch.Tensor, across: torch.Tensor) -> Float64Array:
    if part.device.type == "cpu":
        return np.asarray(part.numpy() @ across.numpy().T)  # numpy sees where both are one, and halves the work
    return np.asarray((part @ across.T).cpu().double().numpy())


def precision(device: torch.device) -> torch.dtype:
    """Type in which products are summed up: float64 on the host, float32 on an accelerator."""
    return torch.float64 if device.type == "cpu" else torch.float32


def products(
    sums: JacobianSums,
    other: JacobianSums | None = None,
    device: str = "cpu",
    stack_bytes: int = STACK_BYTES,
) -> FloatArray:
    """<J_ib, J_jc> of the sums of Jacobians over blocks, float64 (E, B, E', B').

    Parameters
    ----------
    other : the second operand, experts of the same width; the first one by default
    device : where it is computed, in float64 on the CPU and in float32 elsewhere
    stack_bytes : memory for the parts of all matrices together

    Returns
    -------
    Symmetric where there is no other
    """
    place = torch.device(device)
    first = _Side(sums, place)
    second = first if other is None else _Side(other, place)
    width, rows = sums.width, len(sums.experts[0].down)
    held = first.size + (0 if other is None else second.size)
    step = max(1, min(width, stack_bytes // max(1, first.kind.itemsize * held * rows)))
    total = np.zeros((first.size, second.size))
    for start in range(0, width, step):
        stop = min(start + step, width)
        part = first.part(start, stop)
        total += _product(part, part if other is None else second.part(start, stop))
    if other is None:
        total = (total + total.T) / 2
    return total.reshape(len(sums.experts), -1, len(second.sums.experts), second.sums.diagonal.shape[1])
