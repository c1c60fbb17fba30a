"""What rests on what: the claims as a graph, along which a proof is only as good as its weakest step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import networkx as nx

from proofs_check.claims import Claim
from proofs_check.evidence import Verdict


class LemmaGraph:
    """An edge from every claim to each claim that its proof uses (`Claim.rests_on`).

    ValueError if a claim rests on one that is not among those given, or in the end on itself.
    """

    def __init__(self, claims: Iterable[Claim]) -> None:
        known = {claim.id: claim for claim in claims}
        missing = {(id, used) for id, claim in known.items() for used in claim.rests_on if used not in known}
        if missing:
            id, used = min(missing)
            raise ValueError(f"claims: expected all that {id} rests on, but there is no {used}")
        self.graph = nx.DiGraph()
        self.graph.add_nodes_from(known)
        self.graph.add_edges_from((id, used) for id, claim in known.items() for used in claim.rests_on)
        if not nx.is_directed_acyclic_graph(self.graph):
            cycle = [edge[0] for edge in nx.find_cycle(self.graph)]
            raise ValueError(f"claims: expected no circular proof, got {' -> '.join([*cycle, cycle[0]])}")

    def supports(self, id: str) -> list[str]:
        """Every claim that this one rests on, directly or not; each comes after those that it uses itself."""
        used = nx.descendants(self.graph, self._known(id))
        order = reversed(list(nx.lexicographical_topological_sort(self.graph)))
        return [other for other in order if other in used]

    def rest_on(self, id: str) -> list[str]:
        """Every claim that falls with this one."""
        return sorted(nx.ancestors(self.graph, self._known(id)))

    def fully_established(self, id: str, verdicts: Mapping[str, Verdict]) -> Verdict:
        """The weakest verdict among the claim's own and those of all its supports (KeyError if one is missing)."""
        chain = [id, *self.supports(id)]
        return min((verdicts[other] for other in chain), key=lambda verdict: verdict.strength)

    def _known(self, id: str) -> str:
        if id not in self.graph:
            raise ValueError(f"id: expected one of {', '.join(sorted(self.graph))}, got {id!r}")
        return id
