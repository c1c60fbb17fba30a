"""What a user gets from `pip install`: the three packages, complete, and nothing else."""

import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("oracles", "theory", "proofs_check")

# One worker runs this file, so that the wheel is built once.
pytestmark = pytest.mark.xdist_group("wheel")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("wheel")
    command = ["pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([sys.executable, "-m", *command, "--wheel-dir", str(target), str(ROOT)], check=True)
    (built,) = target.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def shipped(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_wheel_ships_only_the_three_packages(shipped: set[str]) -> None:
    folders = {name.split("/")[0] for name in shipped}
    (metadata,) = (folder for folder in folders if folder.endswith(".dist-info"))
    assert folders - {metadata} == set(PACKAGES)


def test_the_wheel_ships_every_module(shipped: set[str]) -> None:
    modules = {
        path.relative_to(ROOT).as_posix() for package in PACKAGES for path in (ROOT / package).rglob("*.py")
    }
    assert modules <= shipped


def test_the_wheel_ships_the_templates_of_the_report(shipped: set[str]) -> None:
    report = Path("proofs_check/report")
    assert {(report / name).as_posix() for name in ("page.html.jinja", "page.css")} <= shipped


def test_the_wheel_carries_the_licence_and_the_command(wheel: Path, shipped: set[str]) -> None:
    assert any(name.endswith("/licenses/LICENSE") for name in shipped)
    (entry_points,) = (name for name in shipped if name.endswith("/entry_points.txt"))
    with zipfile.ZipFile(wheel) as archive:
        assert "maskproof = proofs_check.__main__:main" in archive.read(entry_points).decode()


# Run outside the repository: imports every module there is, from the unpacked wheel,
# with none of the extras.  Triton comes with torch for CUDA only.
IMPORT_EVERYTHING = """
import importlib, pathlib, pkgutil, sys

site, packages, extras = pathlib.Path(sys.argv[1]), sys.argv[2].split(), sys.argv[3].split()
sys.modules.update(dict.fromkeys(extras))  # None: not installed
for package in packages:
    root = importlib.import_module(package)
    assert pathlib.Path(root.__file__).is_relative_to(site), root.__file__
    for module in pkgutil.walk_packages(root.__path__, package + "."):
        try:
            importlib.import_module(module.name)
        except ModuleNotFoundError as error:
            if error.name != "triton" or not module.name.startswith("oracles.kernels.device."):
                raise

from proofs_check.cli import main  # what the command `maskproof` calls
"""


def extras() -> list[str]:
    """The modules that a plain install does without."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = project["optional-dependencies"].values()
    names = (re.match(r"[\w-]+", requirement) for group in groups for requirement in group)
    return [name[0].replace("-", "_") for name in names if name]


def test_the_packages_import_from_outside_the_repository(wheel: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    # The path set here precedes that of an editable install.
    subprocess.run(
        [sys.executable, "-c", IMPORT_EVERYTHING, site, " ".join(PACKAGES), " ".join(extras())],
        check=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(site)},
    )
