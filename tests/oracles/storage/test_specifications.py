from pathlib import Path

import pytest

from oracles import zoo
from oracles.ngram import MarkovChain
from oracles.storage import resolve, save
from oracles.table import Table


def test_a_name_of_the_zoo_with_its_parameters() -> None:
    law = resolve("zoo:parity?length=4&vocab_size=3")
    assert Table.of(law).joint().tolist() == zoo.parity(4, 3).joint().tolist()
    chain = resolve("zoo:golden_mean?length=5")
    assert chain.joint().tolist() == zoo.golden_mean(5).joint().tolist()


def test_the_path_of_a_file(tmp_path: Path) -> None:
    save(MarkovChain(["1/2", "1/2"], [["1/3", "2/3"], [1, 0]], 4), tmp_path / "law.json")
    for path in (tmp_path / "law.json", str(tmp_path / "law.json")):
        assert resolve(path).length == 4


@pytest.mark.parametrize(
    ("specification", "message"),
    [
        ("zoo:", "zoo: expected one of .*, got ''"),
        ("zoo:lion", "zoo: expected one of .*parity.*, got 'lion'"),
        ("zoo:__class__", "zoo: expected one of"),
        ("zoo:get?name=parity", "zoo: expected one of"),
        ("zoo:parity?length", "zoo: expected parameter=value, got 'length'"),
        ("zoo:parity?length=4&", "zoo: expected parameter=value, got ''"),
        ("zoo:parity?=4", "zoo: expected parameter=value, got '=4'"),
        ("zoo:parity?length=", "zoo: expected parameter=value, got 'length='"),
        ("zoo:parity?length=4&length=5", "zoo: expected the parameter 'length' once"),
        ("zoo:parity?length=4&size=5", "zoo: unknown parameter 'size'"),
        ("zoo:parity?name=4", "zoo: unknown parameter 'name'"),
        ("zoo:parity?length=four", "length: expected an integer, got 'four'"),
        ("no such law.json", "no such law.json: .*No such file"),
        ("", "expected a readable file"),
    ],
)
def test_what_names_no_oracle_is_refused(specification: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        resolve(specification)
