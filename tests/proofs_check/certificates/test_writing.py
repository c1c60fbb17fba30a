"""What certificates say of enclosures and of mutants, what tampering does to them, and that they are kept."""

import json
from pathlib import Path
from typing import Any

import pytest
import sympy
from flint import arb, fmpq

from proofs_check import Claim, Mutant, Relation, Source, Tight, at, claim, grid, select, verify
from proofs_check.certificates import checker, writing
from proofs_check.certificates.writing import Certificate, Certificates, certificates_of
from proofs_check.checking import cache
from proofs_check.claims import Box
from proofs_check.commands.check import CheckRequest, run_check
from theory.exact.log_sums import log2

HERE = Source("Planted", "v1")


def read_back(certificate: Any) -> int:
    """What the checker says of a certificate that went through a file."""
    return checker.verify(json.loads(json.dumps(certificate)))


def certificate_of(*sides: Any) -> Certificate:
    """The one of a relation."""

    @claim(source=HERE)
    def planted():
        """Planted."""
        return Relation(*sides)

    (certificate,) = certificates_of(planted).listed
    return certificate


def against(refuted: Claim) -> list[Certificate]:
    """Certificates of the counterexamples to a claim's mutants."""
    mutants = verify(refuted).mutants
    return [dict(one.certificate) for one in mutants if one.certificate is not None]


# ------------------------------------------------------------------ enclosures


def test_an_enclosure_is_written_as_a_variable_that_is_taken_as_given() -> None:
    root = arb(2).sqrt()
    certificate = certificate_of(root, "<", fmpq(3, 2))
    assert certificate["enclosed"] == ["lhs"]
    assert certificate["statement"] == "Planted."
    low, high = (fmpq(*map(int, end.split("/"))) for end in certificate["variables"]["lhs"])
    assert low < high
    assert low * low < 2 < high * high
    assert read_back(certificate) == 1
    assert "enclosed" not in certificate_of(log2(3), "<", fmpq(3, 2) + 1)


def test_two_enclosures_and_a_sum_of_logarithms() -> None:
    certificate = certificate_of(arb(3).log(), ">", arb(2).log())
    assert certificate["enclosed"] == ["lhs", "rhs"]
    assert read_back(certificate) == 1
    mixed = certificate_of(log2(3), ">", arb(2).sqrt())
    assert (mixed["enclosed"], mixed["lhs"][0]) == (["rhs"], "product")
    assert read_back(mixed) == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda c: c.update(op=">"),
        lambda c: c.update(rhs="7/5"),
        lambda c: c["variables"].update(lhs=["1", "8/5"]),
        lambda c: c.update(variables={"lhs": ["1", "8/5"]}, boxes=[[["1", "8/5"]]]),
        lambda c: c.update(enclosed=["rhs"]),
        lambda c: c.update(boxes=[]),
        lambda c: c.update(variables={"lhs": ["3/2", "1"]}, boxes=[[["3/2", "1"]]]),
    ],
)
def test_an_enclosure_that_was_tampered_with_is_refused(change: Any) -> None:
    certificate = certificate_of(arb(2).sqrt(), "<", fmpq(3, 2))
    change(certificate)
    with pytest.raises(checker.Wrong):
        read_back(certificate)


# ------------------------------------------------------------------ numbers


def test_logarithms_nearer_than_the_first_precision_tells_apart() -> None:
    """log2(1 + 2^-300) is not 0."""
    certificate = certificate_of(log2(1 + fmpq(1, 2**300)), ">", 0)
    assert read_back(certificate) == 1
    with pytest.raises(checker.Wrong, match="is not certain on"):
        read_back({**certificate, "op": "<="})


@pytest.mark.parametrize("terms", [{3: 2, 2: -3}, {6: fmpq(1, 7), 35: fmpq(-2, 3), 2: 3}])
def test_the_sign_of_a_sum_of_logarithms_cannot_be_turned_round(terms: dict[int, Any]) -> None:
    value = sum((c * log2(a) for a, c in terms.items()), log2(1))
    op, wrong = ("<", ">=") if value < 0 else (">", "<=")
    certificate = certificate_of(value, op, 0)
    assert read_back(certificate) == 1
    with pytest.raises(checker.Wrong):
        read_back({**certificate, "op": wrong})
    certificate["lhs"][1][2][1] = "-1000" if value > 0 else "1000"  # a coefficient
    with pytest.raises(checker.Wrong):
        read_back(certificate)


def test_numbers_of_more_digits_than_python_reads_at_once() -> None:
    """10^5000 + 1 over 3^9000, negative too."""
    for sign in (1, -1):
        number = sign * fmpq(10**5000 + 1) / fmpq(3**9000)
        certificate = certificate_of(number, "==", number)
        assert len(certificate["lhs"]) > 9000
        assert read_back(certificate) == 1
        with pytest.raises(checker.Wrong):
            read_back({**certificate, "rhs": certificate["rhs"].replace("1/", "2/")})


def test_the_tight_instance_has_one_too() -> None:
    @claim(source=HERE, instances=grid(x=[1, 3]), tight=Tight(at(x=2)))
    def tight_at_two(x):
        """4 x <= x^2 + 4."""
        return Relation(4 * x, "<=", x * x + 4)

    assert [one["lhs"] for one in certificates_of(tight_at_two).listed] == ["4", "12", "8"]


# ------------------------------------------------------------------ mutants


@claim(
    source=HERE,
    instances=grid(x=[fmpq(1, 3), 2]),
    mutants=[Mutant("half", constant=fmpq(1, 2)), Mutant("reversed", reverse=True)],
)
def squares(x, *, constant=1):
    """2 x <= x^2 + 1."""
    return Relation(2 * x, "<=", constant * (x * x + 1))


def test_a_counterexample_to_a_mutant_is_certified() -> None:
    first, second = against(squares)
    assert first["statement"] == "Against the mutant 'half' of: 2 x <= x^2 + 1.  x=1/3"
    assert (first["lhs"], first["op"], first["rhs"]) == ("2/3", ">", "5/9")
    assert (second["lhs"], second["op"], second["rhs"]) == ("2/3", "<", "10/9")
    for one in (first, second):
        assert read_back(one) == 1
        with pytest.raises(checker.Wrong):
            read_back({**one, "op": {">": "<=", "<": ">="}[one["op"]]})


def test_an_equation_fails_on_one_side() -> None:
    @claim(source=HERE, instances=grid(x=[2]), mutants=[Mutant("more", more=1), Mutant("less", more=-1)])
    def doubled(x, *, more=0):
        """x + x = 2 x."""
        return Relation(x + x, "==", 2 * x + more)

    assert [one["op"] for one in against(doubled)] == ["<", ">"]


def test_a_counterexample_in_a_box_is_certified_by_its_logarithms() -> None:
    @claim(
        source=HERE,
        box=Box.of(a=("1/3", "1/2")),
        mutants=[Mutant("5% less", constant=fmpq(19, 20)), Mutant("reversed", reverse=True)],
    )
    def logarithm(a, *, constant=1):
        """-a ln a <= 37/100."""
        return Relation(-a * sympy.log(a), "<=", sympy.Rational(37, 100) * sympy.Rational(constant))

    certificates = against(logarithm)
    assert len(certificates) == 2
    for one in certificates:
        assert "enclosed" not in one
        assert one["variables"]["a"][0] == one["variables"]["a"][1]
        assert read_back(one) == 1
        with pytest.raises(checker.Wrong):
            read_back({**one, "op": {">": "<=", "<": ">="}[one["op"]]})


# ------------------------------------------------------------------ what the checker says


def test_the_checker_prints_what_it_verified_and_not_what_is_said_of_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    box = {
        "claim": "own.lie",
        "statement": "x > 100",
        "variables": {"x": ["1/4", "1/2"]},
        "lhs": ["product", "-2", ["variable", "x"], ["power", ["sum", ["variable", "x"], "-1"], "2"]],
        "op": "<",
        "rhs": ["ln", ["power", ["variable", "x"], "-1"]],
        "boxes": [[["1/4", "1/2"]]],
    }
    certificates = [box, certificate_of(arb(4), ">", 3), certificate_of(10**400, ">", fmpq(-1, 3))]
    certificates[1]["variables"]["lhs"] = ["7/2", "4"]
    certificates[1]["boxes"] = [[["7/2", "4"]]]
    (tmp_path / "some.json").write_text(json.dumps(certificates))
    assert checker.main([str(tmp_path / "some.json")]) == 0
    _, *lines = capsys.readouterr().out.splitlines()
    assert lines == [
        "  (-2) x (x - 1)^2 < ln(x^(-1)) for all x in [1/4, 1/2]",
        "  lhs > 3 for all lhs in [7/2, 4] (taken as given)",
        f"  1{'0' * 36}..[401 signs] > -1/3",
    ]


@claim(source=HERE, box=Box.of(x=("1/4", "1/2"), y=(1, 2)))
def fractions(x, y):
    """1/x + y/(x+y) > x, and a square."""
    return Relation(1 / x + y / (x + y), ">", x), Relation((x - y) ** 2, ">=", 0)


def test_a_product_says_of_which_sides_it_is_the_difference() -> None:
    first, second = certificates_of(fractions).listed
    assert read_back(first) >= 1
    assert " > x, where both sides are defined, that is " in checker.relation(first)
    assert checker.relation(second).startswith("(x + (-1) y)^2 >= 0, where ")


@pytest.mark.parametrize(
    "stated",
    [
        ["1", "0"],
        [["variable", "x"], "0"],
        [["power", "0", "-1"], "0"],
        [["power", ["sum", ["variable", "x"], ["product", "-1", ["variable", "x"]]], "-1"], "0"],
        [["ln", ["variable", "x"]], "0"],
    ],
)
def test_another_inequality_cannot_be_stated(stated: Any) -> None:
    first, _ = certificates_of(fractions).listed
    with pytest.raises(checker.Wrong, match="what is stated"):
        read_back({**first, "stated": stated})
    with pytest.raises(checker.Wrong, match="what is stated"):
        read_back({**first, "stated": first["stated"][::-1]})
    with pytest.raises(checker.Wrong, match="beside a right side"):
        read_back({**certificate_of(2, ">", 1), "stated": ["1", "0"]})


def test_every_certificate_can_be_told_in_plain_text() -> None:
    for known in select(["feng2025_constants", "open_questions.by_any_factor", "theorems.swap"]):
        for one in certificates_of(known).listed:
            text = checker.relation(one)
            assert f" {one['op']} " in text
            assert all(f"all {name} in [" in text for name in one["variables"])


# ------------------------------------------------------------------ files


def test_certificates_are_kept_with_the_reports(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (known,) = select(["feng2025.learned_constant"])
    made = cache.certificates(known)
    monkeypatch.setattr(cache, "certificates_of", lambda claim: pytest.fail("made again"))
    assert cache.certificates(known) == made
    assert run_check(CheckRequest([known.id], certificates=tmp_path)) == 0
    (file,) = tmp_path.iterdir()
    written = json.loads(file.read_text())
    assert written[:2] == list(made.listed)
    assert [one["statement"].startswith("Against the mutant 'error in bits'") for one in written[2:]] == [
        True
    ]
    for file in cache.folder().glob("*.certificates.json"):
        file.write_text('{"key": 1}')
    monkeypatch.setattr(cache, "certificates_of", lambda claim: Certificates())
    assert cache.certificates(known) == Certificates()


def test_in_words() -> None:
    one: Certificate = {"enclosed": ["lhs"]}
    assert str(Certificates(({},))) == "1 certificate"
    assert str(Certificates(({}, one), 3, 1)) == (
        "2 certificates, 1 of them against mutants, 1 of them about enclosures taken as given, 3 relations have none"
    )
    assert writing.write_certificates(Certificates(left_out=3), Path("nowhere")) is None
