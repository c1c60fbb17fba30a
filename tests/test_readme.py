"""The README's Python blocks are one doctest session: what they show is what they print."""

import doctest
import re
from pathlib import Path

README = Path(__file__).parent.parent / "README.md"


def python_blocks(markdown: str) -> str:
    """The text with every line outside a ```python block left empty, so that line numbers hold."""
    lines, inside = [], False
    for line in markdown.splitlines():
        fence = line.startswith("```")
        lines.append(line if inside and not fence else "")
        inside = line == "```python" if fence else inside
    return "\n".join(lines)


def test_python_blocks_keep_their_line_numbers() -> None:
    text = "prose\n```python\n>>> 1 + 1\n2\n```\n```sh\n>>> ls\n```"
    assert python_blocks(text) == "\n\n>>> 1 + 1\n2\n\n\n\n"


def test_readme_examples() -> None:
    text = README.read_text(encoding="utf-8")
    test = doctest.DocTestParser().get_doctest(
        python_blocks(text), {"__name__": "__main__"}, "README", str(README), 0
    )
    assert len(test.examples) == len(re.findall(r"^>>> ", text, re.MULTILINE)) > 0
    report: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    runner.run(test, out=report.append)
    assert not runner.failures, "".join(report)
