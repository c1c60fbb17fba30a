"""Theorems for Lean, by their text: well-formed, faithful to the certificates, and none of them false."""

import json
import random
import re
from fractions import Fraction
from math import gcd
from pathlib import Path

import pytest
import sympy
from flint import arb, fmpq

from proofs_check import Relation, Source, claim, grid
from proofs_check.certificates import checker
from proofs_check.certificates.writing import certificates_of, write_certificates
from proofs_check.claims import Box, Claim, all_claims
from proofs_check.cli import run
from proofs_check.lean.theorems import compile_lean, expression, identifier, lean_source, theorem
from theory.exact.log_sums import log2

ANYONE = Source("Nobody 2026", "a note")

THEOREM = re.compile(
    r"/-- (.*?) -/\ntheorem (\w+)(.*?) :\n    (.+) (<|≤|=|≥|>) (.+) := by\n  ((?:.|\n)+?)\n(?=\n)"
)
NUMBER = re.compile(r"\((-?\d+) : [ℚℝ]\)(?: / (\d+))?")


def source(known: Claim) -> str:
    return lean_source(known, certificates_of(known).listed)


def well_formed(text: str) -> list[tuple[str, ...]]:
    """The theorems of a file, after checks of its syntax: comments, brackets, names, fractions."""
    assert text.startswith("import Mathlib\n\n/-!\n")
    comments = re.findall(r"/-(.*?)-/", text)
    bare = re.sub(r"/-.*?-/", "", text, flags=re.DOTALL)
    assert "/-" not in bare
    assert "-/" not in bare
    assert not any("/-" in comment for comment in comments)
    assert bare.count("(") == bare.count(")")
    namespace = re.search(r"^namespace (\w+)$", text, re.MULTILINE)
    assert namespace
    assert text.endswith(f"\nend {namespace[1]}\n")
    for over, under in NUMBER.findall(bare):
        assert under != "1"
        assert gcd(int(over), int(under or 1)) == 1
    theorems = THEOREM.findall(text)
    names = [name for _, name, *_ in theorems]
    assert len(set(names)) == len(names) == text.count("\ntheorem ")
    assert all(re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII) for name in names)
    return theorems


def number(term: str) -> Fraction:
    found = NUMBER.fullmatch(term)
    assert found, term
    return Fraction(int(found[1]), int(found[2] or 1))


@claim(source=ANYONE, instances=grid(n=range(1, 5)))
def rational(n):
    """1/(n+1) <= 1/n - 1/(n+1)^2 -/ and /- so on."""
    return Relation(fmpq(1, n + 1), "<=", fmpq(1, n) - fmpq(1, (n + 1) ** 2)), Relation(
        fmpq(2, 4 * n), "==", fmpq(1, 2 * n)
    )


@claim(source=ANYONE, instances=grid(n=[3, 5]))
def logarithmic(n):
    """log2(n) > 3/2."""
    return Relation(log2(fmpq(n)), ">", fmpq(3, 2))


@claim(source=ANYONE, instances=grid(n=[1, 2, 3, 4]), hypotheses={"n is even": lambda n: n % 2 == 0})
def false_for_odd_numbers(n):
    """n is even."""
    return Relation(n % 2, "==", 0)


@claim(source=ANYONE, instances=grid(n=[1, 2, 3, 40]))
def false(n):
    """n^2 < 5 n."""
    return Relation(n * n, "<", 5 * n)


@claim(source=ANYONE, box=Box.of(x=("1/4", "1/2")))
def boxed(x):
    """x^2 < x."""
    return Relation(x**2, "<", x)


def test_rationals_are_closed_by_norm_num() -> None:
    theorems = well_formed(source(rational))
    assert len(theorems) == 8
    for _, _, binders, lhs, sign, rhs, proof in theorems:
        assert (binders, proof) == ("", "norm_num")
        assert number(lhs) <= number(rhs) if sign == "≤" else number(lhs) == number(rhs)
    assert theorems[2][0] == "1/(n+1) <= 1/n - 1/(n+1)^2 - / and / - so on.  n=2"
    assert theorems[2][3:6] == ("(1 : ℚ) / 3", "≤", "(7 : ℚ) / 18")


def test_logarithms_are_stated_over_the_reals_without_a_proof() -> None:
    theorems = well_formed(source(logarithmic))
    assert [proof for *_, proof in theorems] == ["sorry -- logarithms"] * 2
    lhs = "((0 : ℝ) + ((1 : ℝ) * (Real.log (3 : ℝ)))) * (((Real.log (2 : ℝ)) ^ 1)⁻¹)"
    assert theorems[0][3:6] == (lhs, ">", "(3 : ℝ) / 2")


def test_a_box_becomes_a_statement_about_all_its_parameters() -> None:
    ((_, _, binders, *_, proof),) = well_formed(source(boxed))
    assert binders == " (x : ℚ) (_ : (1 : ℚ) / 4 ≤ x) (_ : x ≤ (1 : ℚ) / 2)"
    assert "sorry" not in proof
    assert "have form : x = ((1 : ℚ) / 4) + ((1 : ℚ)) * u_x ^ 1 := by" in proof


@claim(
    source=ANYONE,
    box=Box.of(x=("-1", "1"), y=("1/3", "2")),
    instances=grid(case=range(6)),
)
def boxes_of_two(case, x, y):
    """Inequalities between polynomials and quotients of them, also where they are equal at some points."""
    third = sympy.Rational(1, 3)
    return [
        Relation(x * y, "<=", y),
        Relation((x - third) ** 2 / (y + 1), ">=", 0),
        Relation((x + 1) * (x - y) ** 2, ">=", 0),
        Relation(x**2 * y + sympy.Rational(3, 7), ">", x * y * third),
        Relation(-third / y**3, "<", (2 - x) ** 3),
        Relation(x * (1 - x), "<", sympy.Rational(2, 5)),
    ][case]


def value(term: str, **values: Fraction) -> Fraction:
    """A term of Lean, by Python."""
    term = re.sub(r"\((-?\d+) : ℚ\)", r"Fraction(\1)", term).replace("^", "**").replace("⁻¹", "**(-1)")
    return eval(term, {"Fraction": Fraction, **values})  # noqa: S307 - of what was written here


def test_the_steps_of_a_proof_over_a_box_are_true() -> None:
    """Every identity holds at random points (polynomials of degree below 10 differ at most of them), and what is
    called positive has no term that is not."""
    rng = random.Random(7)
    theorems = well_formed(source(boxes_of_two))
    assert len(theorems) == 6
    for *_, proof in theorems:
        assert "sorry" not in proof
        chain = [line.replace("· ", "  ") for line in proof.splitlines()]
        values: dict[str, Fraction] = {}
        for line in chain:
            if found := re.search(r"∃ w, w = (.+) := ", line):
                letter = re.search(r"⟨(\w+),", line)
                assert letter
                if letter[1] == "u_x":
                    values = {name: Fraction(rng.randint(-99, 99), 97) for name in "xy"}
                values[letter[1]] = value(found[1], **values)
            elif found := re.search(r"have form : (.+) = (.+) := by", line):
                assert value(found[1], **values) == value(found[2], **values)
                assert not re.search(r"\(-|- ", found[2])
            elif found := re.search(r"have same : (.+) = (.+) := by", line):
                free = {f"g{n}": Fraction(rng.randint(1, 99), 7) * rng.choice([1, -1]) for n in range(1, 9)}
                free |= {f"m{n}": -free[f"g{n}"] for n in range(1, 9)}
                assert value(found[1], **free) == value(found[2], **free)


def test_a_proof_over_a_box_ends_in_what_is_to_be_shown() -> None:
    for _, _, _, lhs, sign, rhs, proof in well_formed(source(boxes_of_two)):
        ends = re.findall(r"have all : ∀ ([\w ]+) : ℚ, (.+) := by", proof)
        given = re.findall(r"exact all (.+)", proof)
        assert len(ends) == len(given) > 0
        for (names, statement), arguments in zip(ends, given, strict=True):
            *hypotheses, conclusion = statement.split(" → ")
            factors = re.findall(r"\((.+?)\)(?= \(|\Z)", re.sub(r"( h\d+)+$", "", arguments))
            assert len(factors) == len(names.split())
            for name, factor in zip(names.split(), factors, strict=True):
                bare = factor if re.fullmatch(r"\w+", factor) else f"({factor})"
                conclusion = re.sub(rf"\b{name}\b", bare, conclusion)
            whole = f"{lhs} {sign} {rhs}"
            point = {"x": Fraction(3, 7), "y": Fraction(5, 4)}
            assert value(conclusion.split(f" {sign} ")[0], **point) == value(lhs, **point), (
                conclusion,
                whole,
            )
            assert len(hypotheses) == len(re.findall(r" h\d+", arguments))


def test_what_bernstein_does_not_show_says_why() -> None:
    @claim(source=ANYONE, box=Box.of(x=(-1, 1), y=(-1, 1)))
    def logarithm(x, y):
        """ln(2 + x) < 2."""
        return Relation(sympy.log(2 + x), "<", 2 + 0 * y)

    @claim(source=ANYONE, box=Box.of(x=("1/3", "1/3")))
    def a_point(x):
        """x^2 < x at 1/3."""
        return Relation(x**2, "<", x)

    @claim(source=ANYONE, box=Box.of(x=(0, 1), y=(0, 1)))
    def near(x, y):
        """(x - y)^2 + 1/1000 > 0: takes many sub-boxes."""
        return Relation((x - y) ** 2 + sympy.Rational(1, 1000), ">", 0)

    @claim(source=ANYONE, box=Box.of(x=(-1, 1), y=(1, 2)))
    def zeros_inside(x, y):
        """-1 < (y (1 - x))^3, of which some Bernstein coefficient inside a face is 0."""
        return Relation(-1, "<", (y * (1 - x)) ** 3)

    proofs = [well_formed(source(known))[0][-1] for known in (logarithm, a_point, near, zeros_inside)]
    assert proofs[:2] == ["sorry -- logarithms", "sorry -- an interval of one point"]
    assert re.fullmatch(r"sorry -- a proof by \d\d+ cases", proofs[2])
    assert proofs[3] == "sorry -- a strict inequality of which Bernstein coefficients show less"


def test_an_enclosure_becomes_a_statement_about_all_numbers_in_it() -> None:
    @claim(source=ANYONE)
    def enclosed():
        """sqrt(2) < 3/2."""
        return Relation(arb(2).sqrt(), "<", fmpq(3, 2))

    ((_, _, binders, lhs, sign, rhs, proof),) = well_formed(source(enclosed))
    assert re.fullmatch(
        r" \(lhs : ℝ\) \(_ : \(\d+ : ℝ\) / \d+ ≤ lhs\) \(_ : lhs ≤ \(\d+ : ℝ\) / \d+\)", binders
    )
    assert (lhs, sign, rhs, proof) == ("lhs", "<", "(3 : ℝ) / 2", "linarith")


def test_numbers_of_any_length() -> None:
    digits = "7" * 5000
    assert expression(f"-{digits}/2", "ℚ") == f"(-{digits} : ℚ) / 2"


def test_nothing_false_is_stated() -> None:
    stated = [one[3:6] for one in well_formed(source(false))]
    assert stated == [("(1 : ℚ)", "<", "(5 : ℚ)"), ("(4 : ℚ)", "<", "(10 : ℚ)"), ("(9 : ℚ)", "<", "(15 : ℚ)")]
    assert len(well_formed(source(false_for_odd_numbers))) == 2
    planted = {"statement": "1 < 1", "variables": {}, "lhs": "1", "op": "<", "rhs": "1", "boxes": [[]]}
    with pytest.raises(ValueError, match=r"certificates: expected valid ones of .*rational, got one where"):
        lean_source(rational, [planted])


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("feng2025", "feng2025"),
        ("2nd-try", "_2nd_try"),
        ("open", "open_"),
        ("λ", "_"),
        ("my claims", "my_claims"),
    ],
)
def test_names_are_safe(name: str, safe: str) -> None:
    assert identifier(name) in (safe, f"{safe}_")
    assert identifier(name) not in ("open", "_")


def test_expressions() -> None:
    tree = ["product", ["sum", ["variable", "a"], "-1/2"], ["power", ["sum", "1", ["variable", "b"]], "-2"]]
    assert expression(tree, "ℚ") == "(a + ((-1 : ℚ) / 2)) * ((((1 : ℚ) + b) ^ 2)⁻¹)"
    assert expression(["sum"], "ℚ") == "(0 : ℚ)"
    assert expression("6/4", "ℚ") == "(3 : ℚ) / 2"


def test_certificates_of_the_library_pass_through_files_to_the_checker_and_to_lean(tmp_path: Path) -> None:
    for id in ("feng2025.witness", "feng2025.enough_steps", "feng2025.perplexity_constant"):
        known = all_claims()[id]
        written = write_certificates(certificates_of(known), tmp_path / f"{id}.json")
        assert written is not None
        certificates = json.loads(written.path.read_text(encoding="utf-8"))
        assert len(certificates) == len(written.certificates.listed)
        assert all(checker.verify(one) == 1 for one in certificates)
        assert len(well_formed(lean_source(known, certificates))) == len(certificates)


def test_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))  # without Lean
    folder = tmp_path / "lean"
    names = ["feng2025.fixed_partition", "feng2025.pretrained_models"]
    assert run(["lean", *names, "--output", str(folder)]) == 0
    said = capsys.readouterr().out
    assert "8 theorems; not compiled: there is no lean on the path" in said
    assert "feng2025.pretrained_models: nothing that a theorem can state" in said
    assert [path.name for path in folder.iterdir()] == ["feng2025.fixed_partition.lean"]
    assert run(["lean", *names, "--output", str(folder), "--json"]) == 0
    files = json.loads(capsys.readouterr().out)["files"]
    assert [file["theorems"] for file in files] == [8, 0]


@pytest.mark.parametrize(
    ("script", "status"),
    [
        ("exit 0", "compiled"),
        ("echo 'x.lean:4:2: error: norm_num failed'; exit 1", "rejected: x.lean:4:2: error: norm_num failed"),
        (
            "echo \"x.lean:1:0: error: unknown module prefix 'Mathlib'\"; exit 1",
            "not compiled: lean does not find Mathlib",
        ),
    ],
)
def test_what_lean_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, status: str) -> None:
    lean = tmp_path / "lean"
    lean.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    lean.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    file = tmp_path / "x.lean"
    file.write_text("", encoding="utf-8")
    assert compile_lean(file) == status


def test_a_rejected_file_fails_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lean = tmp_path / "lean"
    lean.write_text("#!/bin/sh\necho 'error: no'\nexit 1\n", encoding="utf-8")
    lean.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert run(["lean", "feng2025.fixed_partition", "--output", str(tmp_path / "out")]) == 1


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("", encoding="utf-8")
    assert run(["lean", "feng2025.fixed_partition", "--output", str(tmp_path / "taken")]) == 2
    assert run(["lean", "no_such_claim", "--output", str(tmp_path / "out")]) == 2
    assert not (tmp_path / "out").exists()


def test_a_comment_cannot_end_early() -> None:
    certificate = {
        "statement": "a -/ b /- c",
        "variables": {},
        "lhs": "1",
        "op": "<",
        "rhs": "2",
        "boxes": [[]],
    }
    assert theorem("name", certificate).startswith("/-- a - / b / - c -/\ntheorem name :\n")
