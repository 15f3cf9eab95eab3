"""Training rows of a network, epoch by epoch: on the device at once, or streamed from disk."""

from __future__ import annotations

import torch

from recon_tutorial._mapped import is_mapped, pieces, read

BUFFER = 2**26  # bytes of float32 mixed at a time: 116,000 rows of 2 x 64 + 16 numbers
BLOCK = 256  # neighbouring rows that a streamed epoch reads together


class Epochs:
    """Rows ``[control, descriptor]`` and perturbed cells, shuffled anew in every epoch.

    Rows in memory go to the device once, and an epoch is a random order of all of them.
    So do memory-mapped rows of up to `BUFFER` bytes. Of more, an epoch takes blocks of 256
    neighbouring rows in random order, reads as many as fill the buffer, and shuffles the rows in
    it: each row once, a batch a random draw from one buffer and not from all rows.

    Parameters
    ----------
    rows : (ctrl, pert, cov), arrays of shape (n, d), (n, d) and (n, c)
    keep : tensor of shape (m,), int64
        Which rows.
    batch_size : int
    device : torch.device
    """

    def __init__(self, rows, keep, batch_size, device):
        self._rows, self._keep, self._device = rows, keep, device
        self._width = sum(r.shape[1] for r in rows)
        # Whole batches, so that an epoch has as many steps as it would have in memory.
        self._size = max(1, BUFFER // (4 * self._width * batch_size)) * batch_size
        self._batch_size, self._resident = batch_size, None
        if not is_mapped(*rows) or len(keep) <= self._size:
            self._resident = self._load(keep)
        else:
            self._keep = keep.sort().values  # neighbours here are then neighbours on disk

    def __len__(self):
        return len(self._keep)

    @property
    def n_batches(self):
        """Steps in an epoch."""
        return -(-len(self) // self._batch_size)

    def batches(self):
        """Yield (inputs, perturbed) of every batch of one epoch, on the device."""
        for inputs, pert in self._shuffled():
            yield from zip(inputs.split(self._batch_size), pert.split(self._batch_size))

    def in_order(self):
        """Yield (inputs, perturbed) of all rows, not shuffled: at once, or in pieces from disk."""
        if self._resident is not None:
            yield self._resident
            return
        for part in pieces(len(self), self._width):
            yield self._load(self._keep[part])

    def _shuffled(self):
        if self._resident is not None:
            for part in torch.randperm(len(self)).split(self._size):
                yield tuple(t[part.to(self._device)] for t in self._resident)
            return
        blocks = self._keep.split(BLOCK)
        order = torch.cat([blocks[i] for i in torch.randperm(len(blocks)).tolist()])
        for part in order.split(self._size):
            mixed = torch.randperm(len(part)).to(self._device)
            # Sorted, so that the disk is read in one direction.
            yield tuple(t[mixed] for t in self._load(part.sort().values))

    def _load(self, positions):
        ctrl, pert, cov = self._rows
        inputs = torch.cat([_tensor(ctrl, positions), _tensor(cov, positions)], dim=1)
        return inputs.to(self._device), _tensor(pert, positions).to(self._device)


def _tensor(array, positions):
    rows = positions.numpy()
    return torch.from_numpy(read(array, rows) if is_mapped(array) else array[rows])
