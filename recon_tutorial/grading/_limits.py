"""What a submission may use."""

from __future__ import annotations

from dataclasses import dataclass

from recon_tutorial._given import at_least, is_number

MIB = 1 << 20


@dataclass(frozen=True)
class Limits:
    """What one process of a submission may use, with all that it starts.

    The contract is checked in one process, and each hidden world is predicted in another.

    Parameters
    ----------
    seconds : float
        Wall-clock time that the grader waits for its answers, in all. Each single process may
        use that much time of every core.
    memory : float
        Resident memory of all its processes together, in MiB. Linux only.
    processes : int
        Processes at a time, threads counted by the kernel included. Linux only.
    file_size : float
        Largest file it may write, in MiB.

    Raises
    ------
    ValueError
        If one is not above 0.

    Described on the page teaching/project_brief.
    """

    seconds: float = 120.0
    memory: float = 2048.0
    processes: int = 64
    file_size: float = 64.0

    def __post_init__(self) -> None:
        """Refuse what would stop any submission."""
        for name, value in vars(self).items():
            if not is_number(value) or not value > 0:
                raise ValueError(f"{name}={value} is no limit: give a number above 0")
        at_least(1, processes=self.processes)

    def as_config(self) -> dict:
        """Say the same in bytes, as the watching process counts.

        One allocation may exceed the memory by 512 MiB before it fails at once, because libraries
        reserve more than they touch (NumPy, scikit-learn and torch together: about 400 MiB).

        Returns
        -------
        dict
            What the sandbox reads.
        """
        return {
            "seconds": self.seconds,
            "processes": self.processes,
            "memory_bytes": int(self.memory * MIB),
            "slack_bytes": 512 * MIB,
            "file_bytes": int(self.file_size * MIB),
        }
