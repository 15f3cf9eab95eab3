"""The loop that flow, set and STATE models share: steps with a bar, and their history."""

from __future__ import annotations

import sys

import numpy as np
import torch
from tqdm import tqdm

_EVERY = 50  # steps averaged into one entry of a history


def progress_bar(iterations, name, shown):
    """A bar over steps; `shown` None means only in a terminal.

    It keeps today's stderr, so that it is seen while a package from outside is silenced.
    """
    hidden = None if shown is None else not shown
    return tqdm(range(iterations), desc=name, unit="step", disable=hidden, file=sys.stderr)


def descend(module, loss_of, bar, *, lr, warm_up=0.3):
    """Minimise `loss_of(step)` over the weights of a module; return the history.

    AdamW on a one-cycle schedule that peaks at `lr` after a share `warm_up` of the steps.
    """
    weights = [p for p in module.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=lr)
    if warm_up * bar.total == 1:
        warm_up *= 0.99  # torch divides 0 by 0 where the warm-up is exactly one step
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=lr, total_steps=bar.total, pct_start=warm_up
    )
    losses = torch.empty(bar.total, device=weights[0].device)
    for step in bar:
        loss = loss_of(step)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        losses[step] = loss.detach()
    return history(losses.cpu().numpy())


def history(losses):
    """Average an array of losses over every 50 steps."""
    starts = range(0, len(losses), _EVERY)
    return [{"iteration": i, "loss": float(np.mean(losses[i : i + _EVERY]))} for i in starts]
