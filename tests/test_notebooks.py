"""A notebook's .py is its source and the .ipynb its rendering: they must hold the same cells.

That the notebooks run is checked by `make notebooks`.
"""

from pathlib import Path

import jupytext
import pytest

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
SOURCES = sorted(NOTEBOOKS.glob("*.py"))


def cells(notebook: Path) -> list[tuple[str, str]]:
    return [(cell.cell_type, cell.source) for cell in jupytext.read(notebook).cells]


def test_every_rendering_has_a_source() -> None:
    assert SOURCES
    assert SOURCES == sorted(path.with_suffix(".py") for path in NOTEBOOKS.glob("*.ipynb"))


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_source_and_rendering_hold_the_same_cells(source: Path) -> None:
    assert cells(source) == cells(source.with_suffix(".ipynb"))
