"""Certificates as Lean 4: theorems between rationals, closed by `norm_num`, and between polynomials over boxes.

What has logarithms in it, or takes more than Bernstein coefficients, is stated only, with `sorry` and the reason.

Every theorem restates a certificate that `certificates/checker.py` verifies first, so nothing false is stated.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from flint import fmpq, fmpz

from proofs_check.certificates import checker
from proofs_check.certificates.expressions import Tree
from proofs_check.claims import Claim
from proofs_check.lean import boxes

COMPILE_SECONDS = 600

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def lean_source(claim: Claim, certificates: Sequence[Mapping[str, Any]]) -> str:
    """A file for Lean 4 with Mathlib: one theorem a certificate, in a namespace with the name of the claim's file.

    ValueError for a certificate that the checker does not verify.
    """
    for one in certificates:
        try:
            checker.verify(dict(one))
        except checker.Wrong as reason:
            raise ValueError(
                f"certificates: expected valid ones of {claim.id}, got one where {reason}"
            ) from reason
    file, _, name = claim.id.rpartition(".")
    space, stem = identifier(file), identifier(name)
    hypotheses = (
        f"\nHypotheses, met at every instance below: {'; '.join(claim.hypotheses)}."
        if claim.hypotheses
        else ""
    )
    about = _comment(
        f"{claim.statement}\n{claim.source}.{hypotheses}\nWritten by: maskproof lean {claim.name}"
    )
    theorems = [theorem(f"{stem}_{number}", one) for number, one in enumerate(certificates, 1)]
    parts = ["import Mathlib", f"/-!\n{about}\n-/", f"namespace {space}", *theorems, f"end {space}"]
    return "\n\n".join(parts) + "\n"


def theorem(name: str, certificate: Mapping[str, Any]) -> str:
    """One certificate as a theorem.

    Over ℚ; over ℝ where there are logarithms or enclosures.  The proof is `norm_num` between numbers, `linarith` for
    all numbers in enclosures, Bernstein's form for products of polynomials over a box (`boxes`), or `sorry`.
    """
    logarithms = _has(certificate["lhs"], "ln") or _has(certificate["rhs"], "ln")
    ring = "ℝ" if logarithms or "enclosed" in certificate else "ℚ"
    binders = "".join(
        f" ({identifier(variable)} : {ring}) (_ : {_number(low, ring)} ≤ {identifier(variable)})"
        f" (_ : {identifier(variable)} ≤ {_number(high, ring)})"
        for variable, (low, high) in certificate["variables"].items()
    )
    lhs, rhs = expression(certificate["lhs"], ring), expression(certificate["rhs"], ring)
    proof = _proof(certificate, logarithms)
    return (
        f"/-- {_comment(certificate['statement'])} -/\n"
        f"theorem {name}{binders} :\n    {lhs} {boxes.SIGNS[certificate['op']]} {rhs} := by\n  {proof}"
    )


def _proof(certificate: Mapping[str, Any], logarithms: bool) -> str:
    """Numbers are computed with; that all of an interval lies on one side of a number follows from its end."""
    if logarithms:
        return "sorry -- logarithms"
    if not any(_has(certificate[side], "variable") for side in ("lhs", "rhs")):
        return "norm_num"
    if "enclosed" in certificate:
        return "linarith"
    try:
        return "\n  ".join(boxes.proof(certificate, lambda tree: expression(tree, "ℚ"), identifier))
    except boxes.Unproved as reason:
        return f"sorry -- {reason}"


def expression(tree: Tree, ring: str) -> str:
    """Nested lists, as certificates have them, as a term of Lean."""
    if isinstance(tree, str):
        return _number(tree, ring)
    kind, *arguments = tree
    if kind == "variable":
        return identifier(arguments[0])
    if kind == "power":
        power = f"{_enclosed(arguments[0], ring)} ^ {abs(int(arguments[1]))}"
        return power if int(arguments[1]) >= 0 else f"({power})⁻¹"
    if kind == "ln":
        return f"Real.log {_enclosed(arguments[0], ring)}"
    sign, nothing = {"sum": ("+", "0"), "product": ("*", "1")}[kind]
    return f" {sign} ".join(_enclosed(argument, ring) for argument in arguments or [nothing])


def identifier(name: str) -> str:
    """A name that Lean takes: as it is, or with every other sign replaced; keywords get a tail."""
    safe = re.sub(r"[^A-Za-z0-9_]", "_", name)
    safe = safe if _IDENTIFIER.fullmatch(safe) else f"_{safe}"
    return f"{safe}_" if safe in _KEYWORDS else safe


def compile_lean(path: Path) -> str:
    """'compiled', 'rejected: ' and the first error, or 'not compiled: ' and why, such as that there is no Lean."""
    lean = shutil.which("lean")
    if lean is None:
        return "not compiled: there is no lean on the path"
    try:
        ran = subprocess.run(
            [lean, path.name],
            cwd=path.parent,
            capture_output=True,
            text=True,
            timeout=COMPILE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"not compiled: lean took more than {COMPILE_SECONDS} s"
    if ran.returncode == 0:
        return "compiled"
    said = (ran.stdout + ran.stderr).splitlines()
    first = next((line.strip() for line in said if "error" in line), f"exit status {ran.returncode}")
    return "not compiled: lean does not find Mathlib" if "'Mathlib'" in first else f"rejected: {first}"


def _number(text: str, ring: str) -> str:
    """A reduced fraction."""
    value = fmpq(*map(fmpz, text.split("/")))  # of any number of digits, unlike int
    return f"({value.p} : {ring})" + (f" / {value.q}" if value.q != 1 else "")


def _enclosed(tree: Tree, ring: str) -> str:
    """A term as part of another."""
    term = expression(tree, ring)
    single = tree[0] == "variable" or (isinstance(tree, str) and "/" not in term)
    return term if single else f"({term})"


def _has(tree: Tree, kind: str) -> bool:
    return not isinstance(tree, str) and (tree[0] == kind or any(_has(inner, kind) for inner in tree[1:]))


def _comment(text: str) -> str:
    """Text that neither opens nor closes a comment."""
    return text.replace("-/", "- /").replace("/-", "/ -")


# fmt: off
_KEYWORDS = frozenset({
    "_", "abbrev", "axiom", "by", "class", "def", "deriving", "do", "else", "end", "example", "export", "extends",
    "for", "from", "fun", "have", "if", "import", "in", "inductive", "infix", "instance", "let", "macro", "match",
    "mut", "mutual", "namespace", "notation", "of", "opaque", "open", "partial", "private", "protected", "return",
    "section", "set_option", "show", "sorry", "structure", "syntax", "then", "theorem", "universe", "unsafe",
    "variable", "where", "with", "Prop", "Sort", "Type",
})
# fmt: on
