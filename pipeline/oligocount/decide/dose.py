"""Doses on one scale, by the linear-quadratic formula."""

from oligocount.errors import ConfigError


def bed_gy(total_gy: float, fractions: int, *, alpha_beta_gy: float) -> float:
    """Biologically effective dose: D (1 + d / (α/β)), d = D / fractions (Fowler 1989).

    60 Gy in 30 fractions at α/β 10 is 72 Gy. Raises ConfigError for a dose that cannot be.
    """
    if not (total_gy > 0 and fractions >= 1 and alpha_beta_gy > 0):
        raise ConfigError(f"dose {total_gy} Gy in {fractions} fractions, α/β {alpha_beta_gy} Gy")
    return total_gy * (1 + total_gy / fractions / alpha_beta_gy)


def eqd2_gy(total_gy: float, fractions: int, *, alpha_beta_gy: float) -> float:
    """The dose in 2 Gy fractions with the same effect: BED / (1 + 2 / (α/β))."""
    bed = bed_gy(total_gy, fractions, alpha_beta_gy=alpha_beta_gy)
    return bed / (1 + 2 / alpha_beta_gy)


def bed_of_eqd2_gy(eqd2: float, *, alpha_beta_gy: float) -> float:
    """BED of a dose given in 2 Gy fractions."""
    return eqd2 * (1 + 2 / alpha_beta_gy)
