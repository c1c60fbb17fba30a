"""Training: what it learns, and that nothing is lost when it is interrupted, killed or goes astray."""

import math
import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from oracles import load, memory, save, zoo
from oracles.storage import fingerprint
from theory.likelihood.nelbo import nelbo
from theory.neural import (
    AutoregressiveTransformer,
    Checkpoint,
    ModelShape,
    Progress,
    TrainingPlan,
    load_checkpoint,
    optimisation,
    train,
)
from theory.neural.checkpoints import find_checkpoint
from theory.neural.interrupts import interrupts_held
from theory.neural.models import new_model
from theory.neural.optimisation import Optimisation

LAW = zoo.golden_mean(3).to("float64")
SHAPE = ModelShape(2, 3, width=8, depth=1, heads=2)
PLAN = TrainingPlan(steps=20, batch=4, warmup=3)


def tensors(state: Any, path: str = "") -> dict[str, torch.Tensor]:
    """All tensors of a nested state, by where they are."""
    if isinstance(state, torch.Tensor):
        return {path: state}
    items = state.items() if isinstance(state, dict) else enumerate(state) if isinstance(state, list) else ()
    return {k: v for name, value in items for k, v in tensors(value, f"{path}.{name}").items()}


def same(one: Checkpoint, other: Checkpoint) -> bool:
    """Whether two runs are equal bit by bit: weights, averages and moments."""
    pairs = [(tensors(c.model.state_dict(), "average") | tensors(dict(c.state))) for c in (one, other)]
    assert len(pairs[0]) > 30
    return pairs[0].keys() == pairs[1].keys() and all(
        torch.equal(t, pairs[1][k]) for k, t in pairs[0].items()
    )


@pytest.mark.parametrize(
    ("objective", "time_conditioned"),
    [("mdlm", False), ("md4", False), ("any_order", False), ("mdlm", True)],
)
def test_a_denoiser_is_learned(objective: str, time_conditioned: bool) -> None:
    plan = TrainingPlan(objective=objective, steps=150, batch=32, rate=3e-2, warmup=10)
    shape = replace(SHAPE, width=16, time_conditioned=time_conditioned)
    seen: list[Progress] = []
    found = train(LAW, shape, plan, watch=seen.append, watch_every=100)
    entropy = float(LAW.entropy().value)
    untrained = LAW.length  # a bit a token, answered uniformly
    excess = float(nelbo(LAW, denoiser=found.denoiser(LAW)).value) - entropy
    # New blocks that are told the time pass their input on: they begin to learn later.
    assert 0 < excess < (0.5 if time_conditioned else 0.1) * (untrained - entropy)
    assert [progress.step for progress in seen] == [100, 150]
    assert seen[-1].loss == pytest.approx(entropy / LAW.length, abs=0.2)
    assert seen[-1].seconds > seen[0].seconds > 0


def test_an_autoregressive_model_is_learned() -> None:
    plan = TrainingPlan(objective="autoregressive", steps=150, batch=32, rate=1e-2, warmup=10)
    model = train(LAW, SHAPE, plan).model
    assert isinstance(model, AutoregressiveTransformer)
    laws = model(torch.tensor([[0, 1, 0]]))[0].softmax(-1)
    # Of the golden mean chain: 2/3 at first, 1/2 after a 0, and 0 after a 1 with certainty.
    assert laws[:, 0].tolist() == pytest.approx([2 / 3, 1 / 2, 1], abs=0.1)


def test_the_same_seed_gives_the_same_weights_and_leaves_other_randomness_alone() -> None:
    torch.manual_seed(1)
    first = train(LAW, SHAPE, PLAN)
    after = torch.rand(1)
    torch.manual_seed(1)
    assert torch.equal(torch.rand(1), after)
    assert same(first, train(LAW, SHAPE, PLAN))
    assert not same(first, train(LAW, SHAPE, replace(PLAN, seed=1)))


@pytest.mark.parametrize("at", [1, 10, 20])
def test_interrupted_and_resumed(tmp_path: Path, at: int) -> None:
    def interrupt(progress: Progress) -> None:
        if progress.step == at:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(LAW, SHAPE, PLAN, tmp_path, interrupt, watch_every=1)
    assert load_checkpoint(tmp_path).step == at
    resumed = train(LAW, SHAPE, PLAN, tmp_path)
    assert resumed.step == 20
    assert same(resumed, train(LAW, SHAPE, PLAN))
    assert same(resumed, load_checkpoint(tmp_path))


def test_killed_and_resumed(tmp_path: Path) -> None:
    script = f"""
        import os, signal, torch
        from oracles import zoo
        from theory.neural import ModelShape, TrainingPlan, train

        def kill(progress):
            if progress.step == 13:
                os.kill(os.getpid(), signal.SIGKILL)

        torch.set_num_threads({torch.get_num_threads()})
        train(zoo.golden_mean(3).to("float64"), {SHAPE!r}, {PLAN!r}, {str(tmp_path)!r}, kill,
              watch_every=1, save_every=5)
    """
    root = str(Path(__file__).parents[3])
    environment = {**os.environ, "PYTHONPATH": root}
    killed = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], env=environment, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert load_checkpoint(tmp_path).step == 10
    assert same(train(LAW, SHAPE, PLAN, tmp_path), train(LAW, SHAPE, PLAN))


def test_a_run_at_a_constant_rate_may_be_given_more_steps(tmp_path: Path) -> None:
    short = replace(PLAN, steps=8, rate_schedule="constant")
    long = replace(short, steps=15)
    train(LAW, SHAPE, short, tmp_path)
    assert same(train(LAW, SHAPE, long, tmp_path), train(LAW, SHAPE, long))
    with pytest.raises(ValueError, match=r"folder: expected .* of the same plan"):
        train(LAW, SHAPE, short, tmp_path)


def test_the_oracle_is_beside_its_models(tmp_path: Path) -> None:
    train(LAW, SHAPE, PLAN, tmp_path)
    assert fingerprint(load(tmp_path / "oracle.json")) == load_checkpoint(tmp_path).subject.fingerprint


def test_another_oracle_in_the_folder_is_left_alone(tmp_path: Path) -> None:
    save(zoo.golden_mean(3), tmp_path / "oracle.json")  # the same law, but exact
    before = (tmp_path / "oracle.json").read_bytes()
    with pytest.raises(
        ValueError, match=r"folder: expected one whose oracle.json is .*float64>, got .*exact>"
    ):
        train(LAW, SHAPE, PLAN, tmp_path)
    assert (tmp_path / "oracle.json").read_bytes() == before
    assert find_checkpoint(tmp_path) is None


def test_the_state_of_another_model(tmp_path: Path) -> None:
    train(LAW, SHAPE, replace(PLAN, rate_schedule="constant"), tmp_path)
    document = torch.load(tmp_path / "last.pt", weights_only=True)
    for name, value in {"model": {}, "optimizer": []}.items():
        torch.save(document | {"state": document["state"] | {name: value}}, tmp_path / "last.pt")
        with pytest.raises(ValueError, match="state: expected that of a model of the shape"):
            train(LAW, SHAPE, replace(PLAN, rate_schedule="constant"), tmp_path)


def test_a_finished_run_is_returned_as_it_is(tmp_path: Path) -> None:
    first = train(LAW, SHAPE, PLAN, tmp_path)
    written = (tmp_path / "last.pt").stat().st_mtime_ns
    assert same(
        first, train(LAW, SHAPE, PLAN, tmp_path, watch=lambda progress: pytest.fail("no steps are left"))
    )
    assert (tmp_path / "last.pt").stat().st_mtime_ns == written


@pytest.mark.parametrize("changed", ["oracle", "shape", "plan"])
def test_a_folder_with_another_run(tmp_path: Path, changed: str) -> None:
    train(LAW, SHAPE, PLAN, tmp_path)
    law = zoo.all_equal(3).to("float64") if changed == "oracle" else LAW
    shape = replace(SHAPE, depth=2) if changed == "shape" else SHAPE
    plan = replace(PLAN, steps=30) if changed == "plan" else PLAN
    with pytest.raises(
        ValueError, match=f"folder: expected one without a run, or with one of the same {changed}"
    ):
        train(law, shape, plan, tmp_path)


def test_the_last_good_checkpoint_of_a_run_that_goes_astray(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = optimisation.masked_loss

    def spoiled(model: Any, mask: int, tokens: torch.Tensor, drawn: Any) -> torch.Tensor:
        loss = whole(model, mask, tokens, drawn)
        spoiled.calls += 1  # type: ignore[attr-defined]
        return loss * math.nan if spoiled.calls == 13 else loss  # type: ignore[attr-defined]

    spoiled.calls = 0  # type: ignore[attr-defined]
    monkeypatch.setattr(optimisation, "masked_loss", spoiled)
    with pytest.raises(
        FloatingPointError, match=r"the loss, now nan, .* last good checkpoint is .*last.pt"
    ) as caught:
        train(LAW, SHAPE, PLAN, tmp_path, save_every=5)
    assert str(tmp_path) in str(caught.value)
    good = load_checkpoint(tmp_path)
    assert good.step == 10
    monkeypatch.undo()
    assert same(train(LAW, SHAPE, PLAN, tmp_path), train(LAW, SHAPE, PLAN))


def test_a_weight_that_goes_astray_is_not_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = optimisation.masked_loss

    def spoiled(model: Any, mask: int, tokens: torch.Tensor, drawn: Any) -> torch.Tensor:
        nothing = (0 * model.readout.bias.sum()).sqrt()  # whose gradient is 0 times infinity
        return whole(model, mask, tokens, drawn) + nothing

    monkeypatch.setattr(optimisation, "masked_loss", spoiled)
    with pytest.raises(
        FloatingPointError, match="a weight is no longer finite after 1 steps; no checkpoint was"
    ):
        train(LAW, SHAPE, PLAN, tmp_path, save_every=1)
    assert find_checkpoint(tmp_path) is None


FITS = "one that fits into the memory of cpu, such as"


@pytest.mark.parametrize(("most", "advice"), [(40, f"{FITS} 32"), (9, f"{FITS} 8"), (0, "a smaller model")])
def test_out_of_memory(most: int, advice: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = optimisation.masked_loss

    def limited(model: Any, mask: int, tokens: torch.Tensor, drawn: Any) -> torch.Tensor:
        if len(tokens) > most:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return whole(model, mask, tokens, drawn)

    monkeypatch.setattr(optimisation, "masked_loss", limited)
    with pytest.raises(ValueError, match=f"batch: expected {advice}.*, got 64"):
        train(LAW, SHAPE, replace(PLAN, batch=64))


def test_a_batch_larger_than_the_memory_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "budget", lambda: 2 * 10**6)
    with pytest.raises(ValueError, match=r"batch: expected at most \d+ sequences at a time.* got 128"):
        train(LAW, replace(SHAPE, width=64), replace(PLAN, batch=128))


def test_a_model_larger_than_the_memory_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it keeps for every weight is counted without making any."""
    shape, plan = replace(SHAPE, width=64, depth=5), replace(PLAN, steps=1, warmup=0, batch=1)
    counted = sum(weight.numel() for weight in new_model(shape, "mdlm").parameters())
    monkeypatch.setattr(memory, "budget", lambda: 4 * 6 * counted)
    Optimisation(LAW, shape, plan, torch.device("cpu"))
    monkeypatch.setattr(memory, "budget", lambda: 4 * 6 * counted - 1)
    with pytest.raises(ValueError, match=r"\Awidth: expected a model that can be trained within a budget of"):
        train(LAW, shape, plan)


def test_without_averaging_the_model_has_the_weights_of_the_last_step() -> None:
    found = train(LAW, SHAPE, replace(PLAN, average=0.0))
    for name, weight in found.model.state_dict().items():
        assert torch.equal(weight, found.state["model"][name])


def test_weights_are_drawn_from_the_seed() -> None:
    first, again, other = (
        optimisation.Optimisation(LAW, SHAPE, replace(PLAN, seed=seed), torch.device("cpu")).model
        for seed in (0, 0, 1)
    )
    for name, weight in first.named_parameters():
        assert torch.equal(weight, again.get_parameter(name))
    assert not torch.equal(first.tokens.weight, other.tokens.weight)


def test_every_step_has_sequences_and_masks_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    whole, seen = optimisation.masked_loss, []

    def watched(model: Any, mask: int, tokens: torch.Tensor, drawn: Any) -> torch.Tensor:
        seen.append((tokens, drawn))
        return whole(model, mask, tokens, drawn)

    monkeypatch.setattr(optimisation, "masked_loss", watched)
    train(LAW, SHAPE, replace(PLAN, steps=5))
    batches = optimisation.Batches(LAW, PLAN, torch.device("cpu"))
    assert len(seen) == 5
    for step, (tokens, drawn) in enumerate(seen):
        wanted = batches.masking(step)
        assert torch.equal(tokens, batches.tokens(step))
        assert torch.equal(drawn.masked, wanted.masked)
        assert torch.equal(drawn.weights, wanted.weights)
        assert torch.equal(drawn.fractions, wanted.fractions)


def test_every_step_is_taken_at_its_rate() -> None:
    now = optimisation.Optimisation(LAW, SHAPE, PLAN, torch.device("cpu"))
    for step in range(5):
        now.advance()
        groups = [group for optimizer in now.optimizers for group in optimizer.param_groups]
        assert {group["lr"] for group in groups} == {PLAN.rate_at(step)}


def test_a_long_gradient_is_shortened() -> None:
    gradients = []
    for clip in (1e6, 1e-3):
        now = optimisation.Optimisation(LAW, SHAPE, replace(PLAN, clip=clip), torch.device("cpu"))
        now.advance()
        parts = [weight.grad.flatten() for weight in now.model.parameters() if weight.grad is not None]
        gradients.append(torch.cat(parts))
    whole, shortened = gradients
    assert whole.norm() > 0.01
    torch.testing.assert_close(shortened, whole * (1e-3 / whole.norm()), rtol=1e-3, atol=0)


def test_bad_arguments() -> None:
    with pytest.raises(ValueError, match="q: expected one in float32 or float64, got one in exact"):
        train(zoo.golden_mean(3), SHAPE, PLAN)
    with pytest.raises(ValueError, match="shape: expected V=2, L=3, got V=2, L=4"):
        train(LAW, replace(SHAPE, length=4), PLAN)
    with pytest.raises(ValueError, match="watch_every: expected an integer of at least 1"):
        train(LAW, SHAPE, PLAN, watch_every=0)


@pytest.fixture
def interruptible() -> Iterator[None]:
    """A shell that runs the tests in the background has the signals of the keyboard ignored."""
    usual = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, usual)


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_waits_for_the_end_of_a_block() -> None:
    done = []
    with pytest.raises(KeyboardInterrupt):  # noqa: PT012
        with interrupts_held():
            signal.raise_signal(signal.SIGINT)
            done.append("the rest of the block")
        done.append("what comes after")
    assert done == ["the rest of the block"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_other_threads_get_no_interrupts() -> None:
    found: list[Checkpoint] = []
    thread = threading.Thread(target=lambda: found.append(train(LAW, SHAPE, PLAN)))
    thread.start()
    thread.join()
    assert found[0].step == 20


def test_bfloat16_changes_little() -> None:
    plan = TrainingPlan(steps=60, batch=32, rate=1e-2, warmup=5)
    exact, mixed = (train(LAW, SHAPE, plan, mixed=mixed) for mixed in (False, True))
    assert not same(exact, mixed)
    patterns = [[2, 2, 2], [2, 0, 2], [2, 1, 2]]
    apart = exact.denoiser(LAW)(patterns) - mixed.denoiser(LAW)(patterns)
    assert float(apart.abs().max()) < 0.05


def test_compiled_where_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def compiled(model: Any) -> Any:
        asked.append(model)
        return model

    monkeypatch.setattr(torch, "compile", compiled)
    plain = train(LAW, SHAPE, PLAN)
    assert not asked
    assert same(plain, train(LAW, SHAPE, PLAN, compiled=True))
    assert len(asked) == 1


def test_a_longer_run_goes_on_as_it_began(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where more steps would choose to compile, or to multiply in bfloat16, a run that began without does not."""
    short = TrainingPlan(steps=2, batch=4, rate_schedule="constant")
    train(LAW, SHAPE, short, tmp_path, compiled=False, mixed=False)
    monkeypatch.setattr(optimisation, "compiling_pays", lambda *given: True)
    monkeypatch.setattr(optimisation, "mixing_pays", lambda *given: True)
    monkeypatch.setattr(torch, "compile", lambda model: pytest.fail("compiled"))
    longer = replace(short, steps=4)
    assert same(train(LAW, SHAPE, longer, tmp_path), train(LAW, SHAPE, longer, compiled=False, mixed=False))
