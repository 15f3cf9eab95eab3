"""Molecules as numbers: which neighbourhoods of atoms they hold."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from recon_tutorial._given import is_whole
from recon_tutorial.descriptors._named import frame, named


def morgan(
    smiles: Mapping[str, str] | pd.Series, *, radius: int = 2, bits: int = 1024
) -> pd.DataFrame:
    """Describe each small molecule by its Morgan fingerprint (Rogers & Hahn, 2010).

    Every atom with its surroundings up to `radius` bonds away sets one bit, chosen by a hash; two
    molecules share bits where they share such parts.

    Parameters
    ----------
    smiles : mapping or Series
        Perturbation name to SMILES.
    radius : int
        How many bonds a neighbourhood reaches.
    bits : int
        Width of a descriptor; the narrower, the more parts collide.

    Returns
    -------
    DataFrame
        Shape (n, bits), float32, 0 or 1.

    Raises
    ------
    ImportError
        If RDKit is not installed: says how to.
    ValueError
        If a SMILES is invalid (names it), a name repeats, or `radius` or `bits` is out of range.

    Derived in chapter 11.
    """
    smiles = named(smiles, "SMILES")
    if not (is_whole(radius) and is_whole(bits)) or radius < 0 or bits < 1:
        raise ValueError(
            f"radius={radius} and bits={bits} make no fingerprint: "
            "take a radius of 0 or more and at least 1 bit"
        )
    try:
        from rdkit import Chem, rdBase
        from rdkit.Chem.rdFingerprintGenerator import GetMorganGenerator
    except ImportError as error:
        raise ImportError(f"RDKit is not installed ({error}): run `pip install rdkit`") from error
    generator = GetMorganGenerator(radius=int(radius), fpSize=int(bits))
    rows = []
    with rdBase.BlockLogs():  # what RDKit says about a bad SMILES goes into our sentence
        for name, written in smiles.items():
            molecule = Chem.MolFromSmiles(written)
            if molecule is None:
                raise ValueError(
                    f"the SMILES of {name!r} is invalid ({written!r}): correct it or drop the row"
                )
            rows.append(generator.GetFingerprintAsNumPy(molecule))
    return frame(rows, smiles, [f"bit{j}" for j in range(bits)])
