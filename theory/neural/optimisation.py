"""The state of a training run and one step of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from oracles import Oracle
from oracles.memory import check_batch, check_bytes
from theory.neural.batches import Batches, derived_seed
from theory.neural.models import ModelShape, Transformer, new_model
from theory.neural.objectives import Masking, autoregressive_loss, masked_loss
from theory.neural.optimizers import new_optimizers
from theory.neural.plans import TrainingPlan
from theory.neural.speedups import compiles, compiling_pays, mixing_pays, repeatable

WEIGHTS = 2
"""The stream of seeds that weights are drawn from at first; see `batches` for the others."""

ACTIVATIONS = 30
"""Numbers that a block keeps for the gradient, for every token and unit of width, about."""

COPIES = 6
"""Numbers that are kept for every weight: itself, its average, its gradient, two moments, and one in passing."""


class Optimisation:
    """A model, its averaged weights, the moments of its optimizers, and the number of steps done."""

    def __init__(
        self,
        q: Oracle,
        shape: ModelShape,
        plan: TrainingPlan,
        device: torch.device,
        mixed: bool | None = None,
        compiled: bool | None = None,
    ) -> None:
        _check_weights(shape, plan)
        if device.type != "cuda":
            each = 4.0 * shape.length * (ACTIVATIONS * shape.depth * shape.width + 4 * shape.vocab_size)
            check_batch("batch", plan.batch, each, "sequences")
        self.plan, self.device, self.step = plan, device, 0
        self.choose = {"mixed": mixed is None, "compiled": compiled is None}
        self.mixed = mixing_pays(shape, device) if mixed is None else mixed
        self.batches = Batches(q, plan, device)
        self.model = _initial(shape, plan).to(device)
        self.average = AveragedModel(self.model, multi_avg_fn=self._averaged)
        self.average.requires_grad_(False).eval()
        self.optimizers = new_optimizers(self.model, plan)
        self.compiled = compiling_pays(shape, plan, device) if compiled is None else compiled

    @cached_property
    def forward(self) -> Any:
        """The model as it is called in training."""
        return torch.compile(self.model) if self.compiled else self.model

    def advance(self) -> Tensor:
        """One step; returns the loss in nats a token, where it was computed."""
        loss = self.backward(self.plan.batch)
        nn.utils.clip_grad_norm_(self.model.parameters(), self.plan.clip)
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = self.plan.rate_at(self.step)
            optimizer.step()
        self.average.update_parameters(self.model)
        self.step += 1
        return loss

    def backward(self, batch: int) -> Tensor:
        """The loss on the first so many sequences of the next step, and its gradient."""
        with repeatable(self.compiled and self.device.type == "cpu"):
            return self._backward(batch)

    def _backward(self, batch: int) -> Tensor:
        self.model.zero_grad()
        tokens = self.batches.tokens(self.step)[:batch]
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.mixed):
            if self.plan.objective == "autoregressive":
                loss = autoregressive_loss(self.forward, tokens)
            else:
                drawn = self.batches.masking(self.step)
                part = Masking(drawn.masked[:batch], drawn.weights[:batch], drawn.fractions[:batch])
                loss = masked_loss(self.forward, self.model.shape.vocab_size, tokens, part)
        loss.backward()
        return loss.detach()

    def fitting_batch(self) -> int | None:
        """The largest half, quarter, .. of the batch that the next step has memory for, found by trying."""
        batch = self.plan.batch // 2
        while batch:
            self.model.zero_grad()
            if self.device.type == "cuda":
                torch.cuda.empty_cache()
            try:
                self.backward(batch)
            except torch.OutOfMemoryError:
                batch //= 2
            else:
                return batch
        return None

    @property
    def averaged(self) -> Transformer:
        """The model with the averaged weights."""
        return cast(Transformer, self.average.module)

    def finite(self) -> bool:
        """Whether all weights are numbers."""
        return all(bool(tensor.isfinite().all()) for tensor in self.model.state_dict().values())

    def state(self) -> dict[str, Any]:
        """What `restore` goes on from."""
        moments = [optimizer.state_dict() for optimizer in self.optimizers]
        speedups = {"mixed": self.mixed, "compiled": self.compiled}
        return {"model": self.model.state_dict(), "optimizer": moments, "speedups": speedups}

    def restore(self, step: int, averaged: Mapping[str, Tensor], state: Mapping[str, Any]) -> None:
        """Go on after so many steps.  ValueError for the state of another model."""
        try:
            self.model.load_state_dict(state["model"])
            self.averaged.load_state_dict(averaged)
            for optimizer, moments in zip(self.optimizers, state["optimizer"], strict=True):
                optimizer.load_state_dict(moments)
            self._go_on_as(**state.get("speedups", {}))
        except (RuntimeError, LookupError, TypeError, AttributeError, ValueError) as error:
            raise ValueError("state: expected that of a model of the shape, got another") from error
        self.step = step
        self.average.n_averaged.fill_(step)

    def _go_on_as(self, mixed: bool | None = None, compiled: bool | None = None) -> None:
        """As the run began, where nothing else was asked for: how it is computed shows in its last digits."""
        if self.choose["mixed"] and mixed is not None:
            self.mixed = mixed
        if self.choose["compiled"] and compiled is not None:
            self.compiled = compiled and compiles(self.device)

    def _averaged(self, averages: Any, weights: Any, count: Any) -> None:
        get_ema_multi_avg_fn(self.plan.average_at(self.step))(averages, weights, count)


def _check_weights(shape: ModelShape, plan: TrainingPlan) -> None:
    """ValueError for a model that is too large to be trained."""
    counts = []
    for depth in (1, 2):  # blocks are alike
        with torch.device("meta"):  # takes no memory
            try:
                model = new_model(replace(shape, depth=depth), plan.objective)
            except RuntimeError as error:  # more numbers than can be counted
                raise ValueError(f"width: expected a model that can be trained, got {shape.width}") from error
        counts.append(sum(weight.numel() for weight in model.parameters()))
    weights = counts[0] + (shape.depth - 1) * (counts[1] - counts[0])
    check_bytes("width", 4.0 * COPIES * weights, "a model that can be trained")


def _initial(shape: ModelShape, plan: TrainingPlan) -> Transformer:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derived_seed(plan.seed, WEIGHTS))
        return new_model(shape, plan.objective)
