"""One formula in plain notation as MathML."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree.ElementTree import Element

from proofs_check.report.tokens import Token, matching

RELATIONS = frozenset({"<", "<=", "=", "==", ">=", ">", "!=", "->"})
_SIGNS = {
    "<=": "≤",
    ">=": "≥",
    "!=": "≠",
    "==": "=",
    "->": "→",
    "||": "∥",
    "-": "−",
    "*": "·",
    "..": "…",
    "'": "′",
}
# fmt: off
LETTERS = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "eps": "ε", "epsilon": "ε", "zeta": "ζ", "eta": "η",
    "theta": "θ", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π", "rho": "ρ",
    "sigma": "σ", "tau": "τ", "phi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω", "Gamma": "Γ", "Delta": "Δ",
    "Theta": "Θ", "Lambda": "Λ", "Pi": "Π", "Sigma": "Σ", "Phi": "Φ", "Psi": "Ψ", "Omega": "Ω", "oo": "∞",
}
# fmt: on
_LARGE = {"sum": "∑", "prod": "∏", "int": "∫"}
_UNDER = {"sum", "prod", "max", "min", "sup", "inf", "lim", "argmax", "argmin"}
_FUNCTIONS = {"log", "ln", "exp", "log2"}
_FENCES = {"floor": "⌊⌋", "ceil": "⌈⌉", "abs": "||"}
_OPENING, _CLOSING = "([{", ")]}"


def formula(line: Sequence[Token]) -> Element:
    """A <math> element that shows the tokens, all of them and in their order."""
    root = Element("math", {"displaystyle": "true"})
    root.extend(_Reader(line).row())
    return root


class _Reader:
    """Reads tokens one atom at a time."""

    def __init__(self, line: Sequence[Token]) -> None:
        self.line = line
        self.partner = matching(line)
        self.at = 0
        self.scripts = 0

    def row(self, end: int | None = None) -> list[Element]:
        """Atoms and signs up to `end`."""
        end = len(self.line) if end is None else end
        shown: list[Element] = []
        after_atom = stackable = False
        while self.at < end:
            token = self.line[self.at]
            stacks = token.text == "/" and stackable and not self.scripts  # too small to read in a script
            if stacks and self.at + 1 < end and self._starts_atom(self.at + 1):
                self.at += 1
                over, (under, _) = shown.pop(), self.atom(end)
                shown.append(_node("mfrac", _bare(over), _bare(under)))
            elif self._starts_atom(self.at):
                if after_atom and token.space:
                    shown.append(Element("mspace", {"width": "0.2em"}))
                atom, stackable = self.atom(end)
                after_atom = True
                shown.append(atom)
            else:
                shown.append(self._sign(first=not shown))
                after_atom = stackable = False
        return shown

    def _starts_atom(self, index: int) -> bool:
        text = self.line[index].text
        return text[0].isalnum() or text in ("..", "#") or (text in _OPENING and index in self.partner)

    def _sign(self, first: bool) -> Element:
        text = self.line[self.at].text
        self.at += 1
        attributes = {"stretchy": "false"} if text in ("|", "||", *_OPENING, *_CLOSING) else {}
        if first and text in RELATIONS:
            attributes = {"form": "infix", "lspace": "0"}
        elif text in ("|", "||"):
            attributes |= {"form": "infix", "lspace": "0.15em", "rspace": "0.15em"}
        return _leaf("mo", _SIGNS.get(text, text), attributes)

    def atom(self, end: int) -> tuple[Element, bool]:
        """A number, name or group with its scripts and arguments; and whether it may stand over a fraction bar."""
        start = self.at
        parts = [self.scripted(end)]
        while self.at < end and self._attached_group(start):
            parts.append(self.scripted(end))
        name = self.line[start].text
        if name in _FUNCTIONS and len(parts) == 1 and self.at < end and self._starts_atom(self.at):
            argument, _ = self.atom(end)
            return _node("mrow", parts[0], Element("mspace", {"width": "0.2em"}), argument), False
        return (parts[0] if len(parts) == 1 else _node("mrow", *parts)), name not in _UNDER | {"int", ".."}

    def _attached_group(self, start: int) -> bool:
        token = self.line[self.at]
        callable_before = self.line[start].is_name or self.line[start].text in _OPENING
        return callable_before and token.text in "([" and self.at in self.partner and not token.space

    def scripted(self, end: int) -> Element:
        """A name, number or group with what is below and above it."""
        name = self.line[self.at].text
        base = self._base()
        below = above = None
        primes = 0
        while self.at < end:
            text = self.line[self.at].text
            if text == "_" and below is None and self.at + 1 < end:
                self.at += 1
                below = self._script(end)
            elif text == "^" and above is None and self.at + 1 < end:
                self.at += 1
                above = self._script(end)
            elif text in ("'", "′") and not self.line[self.at].space and above is None:
                self.at, primes = self.at + 1, primes + 1
            elif text in ("!", "#") and not self.line[self.at].space:
                self.at += 1
                base = _node("mrow", base, _leaf("mo", text))
            else:
                break
        if primes:
            above = _node("mrow", _leaf("mo", "′" * primes), *([above] if above is not None else []))
        return _with_scripts(base, below, above, under=name in _UNDER)

    def _base(self) -> Element:
        token = self.line[self.at]
        if token.text in _OPENING:
            return self._group()
        self.at += 1
        if token.text[0].isdigit():
            return _leaf("mn", token.text)
        if token.text in _LARGE:
            return _leaf("mo", _LARGE[token.text])
        if token.text in _FENCES and self.at < len(self.line) and self._attached_group(self.at - 1):
            return self._group(_FENCES[token.text])
        if token.text == "sqrt" and self.at < len(self.line) and self._attached_group(self.at - 1):
            return _node("msqrt", _bare(self._group()))
        if len(token.text) == 2 and token.text[0] == "d" and any(other.text == "int" for other in self.line):
            return _node("mrow", _leaf("mi", "d", {"mathvariant": "normal"}), _leaf("mi", token.text[1]))
        if token.text == "log2":
            return _node("msub", _leaf("mi", "log"), _leaf("mn", "2"))
        return _leaf("mi", LETTERS.get(token.text, _SIGNS.get(token.text, token.text)))

    def _group(self, fences: str = "") -> Element:
        """A bracket with what is inside; braces only group."""
        start = self.at
        end = self.partner[start]
        opening, closing = fences or (self.line[start].text, self.line[end].text)
        self.at = start + 1
        inside = self.row(end)
        self.at = end + 1
        if opening == "{" and start > 0 and self.line[start - 1].text in "_^":
            return _node("mrow", *inside)
        fence = {} if any(_is_tall(child) for child in inside) else {"stretchy": "false"}
        first, last = (
            _leaf("mo", sign, {"form": form, "fence": "true", **fence})
            for sign, form in ((opening, "prefix"), (closing, "postfix"))
        )
        return _node("mrow", first, *inside, last)

    def _script(self, end: int) -> Element:
        """What follows a script sign: a group, or one atom with the signs before it, as in S_<k and 2^-n."""
        signs = []
        self.scripts += 1
        while self.at < end - 1 and self.line[self.at].text in ("-", "+", "<", ">", "<=", ">="):
            signs.append(self._sign(first=False))
        base = self._base() if self._starts_atom(self.at) else self._sign(first=False)
        self.scripts -= 1
        return _node("mrow", *signs, base) if signs else base


def _with_scripts(base: Element, below: Element | None, above: Element | None, *, under: bool) -> Element:
    kinds = ("munder", "mover", "munderover") if under else ("msub", "msup", "msubsup")
    if below is not None and above is not None:
        return _node(kinds[2], base, below, above)
    if below is not None:
        return _node(kinds[0], base, below)
    return base if above is None else _node(kinds[1], base, above)


def _is_tall(element: Element) -> bool:
    return any(part.tag in ("mfrac", "munder", "munderover") for part in element.iter())


def _bare(element: Element) -> Element:
    """Without the round brackets, which a fraction bar or a root sign replaces."""
    children = list(element)
    fenced = element.tag == "mrow" and len(children) > 1 and children[0].get("fence") == "true"
    if fenced and children[0].text == "(" and children[-1].text == ")":
        return _node("mrow", *children[1:-1])
    return element


def _node(tag: str, *children: Element) -> Element:
    element = Element(tag)
    element.extend(children)
    return element


def _leaf(tag: str, text: str, attributes: dict[str, str] | None = None) -> Element:
    element = Element(tag, attributes or {})
    element.text = text
    return element
