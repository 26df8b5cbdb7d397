"""Limits that keep the properties quick, and where the shared cases lie."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("geo", max_examples=30, deadline=None)
settings.load_profile("geo")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of shared cases and data; tests that need it are skipped where it is absent."""
    folder = Path(os.environ.get("GRIDPATROL_SHARED", Path(__file__).parents[3] / "shared"))
    if not folder.is_dir():
        pytest.skip("shared cases are not here")
    return folder
