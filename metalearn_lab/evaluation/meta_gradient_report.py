"""What a check of a meta-gradient found, as a table to read."""

from __future__ import annotations

from dataclasses import dataclass

VMAP_TOLERANCE = 1e-10
REFERENCE_TOLERANCE = 1e-6


@dataclass(frozen=True)
class CheckedParameter:
    """One line of the report.

    Attributes:
        name: of the meta-parameter.
        size: numbers in it.
        vmap_error: ‖vectorised − per-task loop‖ / ‖per-task loop‖.
        reference_error: ‖per-task loop − reference‖ / ‖reference‖ on the compared coordinates.
            A parameter whose own gradient is below a thousandth of the whole meta-gradient is
            measured against that thousandth, so that rounding in a zero is no error.
        compared: how many coordinates were compared with the reference.
    """

    name: str
    size: int
    vmap_error: float
    reference_error: float
    compared: int

    @property
    def passed(self) -> bool:
        """Whether both errors are within tolerance."""
        return self.vmap_error < VMAP_TOLERANCE and self.reference_error < REFERENCE_TOLERANCE


@dataclass(frozen=True)
class MetaGradientReport:
    """What ``check_meta_gradient`` found; printing it gives a table.

    Attributes:
        reference: what the per-task loop was compared with.
        parameters: one entry a meta-parameter.
    """

    reference: str
    parameters: tuple[CheckedParameter, ...]

    @property
    def passed(self) -> bool:
        """Whether every meta-parameter passed."""
        return all(parameter.passed for parameter in self.parameters)

    def __repr__(self) -> str:
        """The table, widest names first to align."""
        width = max(len(p.name) for p in self.parameters)
        head = f"{'parameter':<{width}}  {'size':>7}  {'vmap − loop':>11}  {'loop − ref.':>11}"
        lines = [
            f"{p.name:<{width}}  {p.size:>7}  {p.vmap_error:>11.1e}  {p.reference_error:>11.1e}"
            f"  {'ok' if p.passed else 'WRONG'}"
            for p in self.parameters
        ]
        verdict = "passed" if self.passed else "FAILED"
        foot = f"relative errors in float64; reference: {self.reference}; {verdict}"
        return "\n".join([head, *lines, foot])
