"""Old versions of libraries with known holes, which an installation might bring along."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
ASKED = [
    Requirement(each) for each in (*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["django"])
]


@pytest.mark.parametrize(
    ("name", "holed", "sound"),
    [
        ("PyJWT", "2.11.0", "2.12.0"),  # unknown critical headers were accepted
        ("cryptography", "44.0.0", "44.0.1"),  # its wheels had an OpenSSL with CVE-2024-12797
        ("requests", "2.32.0", "2.32.4"),  # withdrawn; until 2.32.4 a crafted URL got another host's .netrc
        ("Django", "5.2.14", "5.2.15"),  # its page cache did not know that pages depend on Authorization
    ],
)
def test_no_version_with_a_known_hole_is_installed(name: str, holed: str, sound: str) -> None:
    """The control is the version that mended it."""
    [asked] = [each.specifier for each in ASKED if each.name == name]
    assert (asked.contains(holed), asked.contains(sound)) == (False, True)
