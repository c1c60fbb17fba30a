"""Conditionals on a GPU in Triton, two launches a pass.

The twins in plain torch are `oracles.kernels.device.lookups` and `oracles.kernels.device.scan`, which also say what
the arguments are.  Rows of the answer are numbered by `slots`, -1 where nothing is wanted.  SAFE is known to the
compiler: as an argument it would be a float32, in which it is zero.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import triton  # pyright: ignore[reportMissingImports]
import triton.language as tl  # pyright: ignore[reportMissingImports]

from oracles.kernels.device.compilation import kernel

if TYPE_CHECKING:
    from oracles.kernels.device.scan import HiddenChain
    from oracles.kernels.gaps import GapTables


@kernel
def _later(a, b):
    return tl.maximum(a, b)


@kernel
def _sooner(a, b):
    return tl.minimum(a, b)


@kernel
def neighbours_kernel(
    tokens, source, target, doubtful, length, vocab, reach, masked_law, nothing, LENGTH: tl.constexpr
):
    """For every entry of one pattern the row of `before` and of `after` that its neighbours name."""
    row = tl.program_id(0).to(tl.int64)
    tokens += row * length
    place = tl.arange(0, LENGTH)
    inside = place < length
    # A token is no neighbour of itself: what is observed is judged by what is observed before it.
    one_before = tl.load(tokens + place - 1, mask=inside & (place > 0), other=vocab)
    one_after = tl.load(tokens + place + 1, mask=place + 1 < length, other=vocab)
    left = tl.associative_scan(tl.where(one_before != vocab, place - 1, -1), 0, _later)
    right = tl.associative_scan(tl.where(one_after != vocab, place + 1, length), 0, _sooner, reverse=True)
    token_left = tl.load(tokens + tl.maximum(left, 0), mask=inside, other=0)
    token_right = tl.load(tokens + tl.minimum(right, length - 1), mask=inside, other=0)
    near_left, near_right = place - left < reach, right - place < reach
    from_left = tl.where(near_left, (place - left) * vocab + token_left, 0)
    from_right = tl.where(near_right, (right - place) * vocab + token_right, 0)
    tl.store(source + row * length + place, tl.where(left < 0, masked_law + place, from_left), mask=inside)
    tl.store(target + row * length + place, tl.where(right < length, from_right, nothing), mask=inside)
    far = (~near_left & (left >= 0)) | (~near_right & (right < length))
    if tl.max((far & inside).to(tl.int32), 0) > 0:
        tl.store(doubtful + row, 1)


@kernel
def look_up_kernel(
    tokens, source, target, slots, before, after, out, doubtful, entries, length, vocab,
    SAFE: tl.constexpr, ROWS: tl.constexpr, VOCAB: tl.constexpr,
):  # fmt: skip
    """Multiply the two rows of every entry and normalise: O(V) reads and V numbers written."""
    entry = tl.program_id(0).to(tl.int64) * ROWS + tl.arange(0, ROWS)
    valid = entry < entries
    token = tl.load(tokens + entry, mask=valid, other=0)
    slot = tl.load(slots + entry, mask=valid, other=-1)
    first = tl.load(source + entry, mask=valid, other=0).to(tl.int64) * vocab
    second = tl.load(target + entry, mask=valid, other=0).to(tl.int64) * vocab
    v = tl.arange(0, VOCAB)
    masked = token == vocab
    computed = (valid & masked & (slot >= 0))[:, None] & (v < vocab)[None, :]
    x = tl.load(before + first[:, None] + v[None, :], mask=computed, other=0.0)
    y = tl.load(after + second[:, None] + v[None, :], mask=computed, other=0.0)
    masses = x * y
    total = tl.sum(masses, 1)
    chance = tl.load(before + first + token, mask=valid & ~masked, other=1.0)
    lost = tl.where(masked, (slot >= 0) & ~(total >= SAFE), ~(chance >= SAFE)) & valid
    tl.store(doubtful + entry // length, tl.full([ROWS], 1, tl.int8), mask=lost)
    answer = masses / tl.where(total >= SAFE, total, 1.0)[:, None]
    answer = tl.where(masked[:, None], answer, (v[None, :] == token[:, None]).to(answer.dtype))
    written = (valid & (slot >= 0))[:, None] & (v < vocab)[None, :]
    tl.store(out + slot.to(tl.int64)[:, None] * vocab + v[None, :], answer, mask=written)


@kernel
def messages_kernel(
    tokens, starts, moves, steps, evidence, which, kept, doubtful, batch, length, vocab,
    SAFE: tl.constexpr, SAME: tl.constexpr, ROWS: tl.constexpr, STATES: tl.constexpr,
):  # fmt: skip
    """Messages of `ROWS` patterns from one end, before every token; where it is masked they wait in `kept`."""
    direction = tl.program_id(1)
    first, onward = direction * (length - 1), 1 - 2 * direction
    row = tl.program_id(0) * ROWS + tl.arange(0, ROWS)
    valid = row < batch
    s = tl.arange(0, STATES)
    moves += direction * STATES * STATES + s[:, None] * STATES + s[None, :]
    kept += direction.to(tl.int64) * batch * STATES
    place = row.to(tl.int64)[:, None] * STATES + s[None, :]
    lost = row < 0
    messages = tl.zeros([ROWS, STATES], tl.float64) + tl.load(starts + direction * STATES + s)[None, :]
    move, table = tl.load(moves), evidence
    for step in range(length):
        i = first + onward * step
        token = tl.load(tokens + i * batch + row, mask=valid, other=vocab)
        tl.store(kept + place, messages, mask=(valid & (token == vocab))[:, None])
        kept += 2 * batch * STATES  # an index of all that is kept may be too large for 32 bits
        if not SAME:
            table = evidence + tl.load(which + i).to(tl.int64) * (vocab + 1) * STATES
            move = tl.load(moves + tl.load(steps + step).to(tl.int64) * 2 * STATES * STATES)
        # Not read where masked: all programs would want the same row of ones at the same time.
        shown = (token != vocab)[:, None]
        messages *= tl.load(table + token[:, None] * STATES + s[None, :], mask=shown, other=1.0)
        total = tl.sum(messages, 1)
        safe = total >= SAFE
        lost = lost | ~safe
        # Divided after the product, which then need not wait for the sums of its rows.
        scale = 1 / tl.where(safe, total, 1.0)
        messages = tl.dot(messages, move, input_precision="ieee", out_dtype=tl.float64) * scale[:, None]
    tl.store(doubtful + row, tl.full([ROWS], 1, tl.int8), mask=lost & valid)


@kernel
def readout_kernel(
    tokens, slots, kept, readout, which, out, doubtful, batch, length, vocab,
    SAFE: tl.constexpr, SAME: tl.constexpr, ROWS: tl.constexpr, SPAN: tl.constexpr,
    STATES: tl.constexpr, VOCAB: tl.constexpr,
):  # fmt: skip
    """Join the messages from both ends at `SPAN` positions of `ROWS` patterns: the laws of what is masked."""
    row = tl.program_id(0) * ROWS + tl.arange(0, ROWS)
    first = tl.program_id(1) * SPAN
    s, v = tl.arange(0, STATES), tl.arange(0, VOCAB)
    place = row.to(tl.int64)[:, None] * STATES + s[None, :]
    size = tl.cast(batch, tl.int64) * STATES  # an argument of 1 is a constant, which has no methods
    readout += s[:, None] * VOCAB + v[None, :]
    words = tl.load(readout)
    for i in range(first, tl.minimum(first + SPAN, length)):
        token = tl.load(tokens + i * batch + row, mask=row < batch, other=vocab)
        slot = tl.load(slots + i * batch + row, mask=row < batch, other=-1)
        masked = token == vocab
        computed = masked & (slot >= 0)
        left = tl.load(kept + 2 * i * size + place, mask=computed[:, None], other=1.0).to(tl.float64)
        right = tl.load(kept + (2 * (length - i) - 1) * size + place, mask=computed[:, None], other=1.0)
        if not SAME:
            words = tl.load(readout + tl.load(which + i).to(tl.int64) * STATES * VOCAB)
        masses = tl.dot(left * right, words, input_precision="ieee", out_dtype=tl.float64)
        total = tl.sum(masses, 1)
        safe = total >= SAFE
        tl.store(doubtful + row, tl.full([ROWS], 1, tl.int8), mask=computed & ~safe)
        answer = masses * (1 / tl.where(safe, total, 1.0))[:, None]
        answer = tl.where(masked[:, None], answer, (v[None, :] == token[:, None]).to(tl.float64))
        written = (slot >= 0)[:, None] & (v < vocab)[None, :]
        tl.store(out + slot.to(tl.int64)[:, None] * vocab + v[None, :], answer, mask=written)


TILE = 2**10
"""Entries of the answer that a program of lookups writes, more only where a row is longer."""

ROWS = 16
"""Patterns of a program that scans: as few as units that multiply matrices take, so that processors get four."""

SPAN = 16
"""Positions that a program joins messages at, with the matrix that it reads but once."""


def look_up(
    tables: GapTables, tokens: torch.Tensor, slots: torch.Tensor, out: torch.Tensor, safe: float
) -> torch.Tensor:
    """Rows of `out` for patterns `[B, L]` by `slots` `[B, L]`; returns which patterns are doubtful `[B]`."""
    (batch, length), vocab, reach = tokens.shape, tables.vocab_size, tables.reach
    tokens = tokens.to(torch.int32).contiguous()
    source, target = torch.empty_like(tokens), torch.empty_like(tokens)
    doubtful = torch.zeros(batch, dtype=torch.int8, device=out.device)
    width, line = triton.next_power_of_2(vocab), triton.next_power_of_2(length)
    rows = max(1, TILE // width)
    with torch.cuda.device_of(out):
        neighbours_kernel[(batch,)](
            tokens, source, target, doubtful, length, vocab, reach, reach * vocab, reach * vocab,
            LENGTH=line, num_warps=warps(line), enable_fp_fusion=True,
        )  # fmt: skip
        look_up_kernel[(triton.cdiv(tokens.numel(), rows),)](
            tokens, source, target, slots, tables.before, tables.after, out, doubtful,
            tokens.numel(), length, vocab,
            SAFE=safe, ROWS=rows, VOCAB=width, num_warps=warps(width), enable_fp_fusion=True,
        )  # fmt: skip
    return doubtful.bool()


def warps(size: int) -> int:
    """Of a program that holds several rows of this size: few enough numbers a thread for its registers."""
    return min(32, max(4, size // 1024))


def scan(
    chain: HiddenChain, tokens: torch.Tensor, slots: torch.Tensor, out: torch.Tensor, safe: float
) -> torch.Tensor:
    """One block of patterns `[B, L]`: rows of `out` by `slots` `[B, L]`; returns what is lost `[B]`."""
    packed = chain.padded
    (batch, length), states = tokens.shape, packed.starts.shape[1]
    kept = out.new_empty(length, 2, batch, states)
    doubtful = torch.zeros(batch, dtype=torch.int8, device=out.device)
    # By position, so that the patterns of a program lie side by side.
    tokens, slots = tokens.T.to(torch.int32).contiguous(), slots.T.contiguous()
    blocks, sizes = triton.cdiv(batch, ROWS), {"ROWS": ROWS, "STATES": states}
    with torch.cuda.device_of(out):
        messages_kernel[(blocks, 2)](
            tokens, packed.starts, packed.moves, packed.steps, packed.evidence, packed.which,
            kept, doubtful, batch, length, chain.vocab_size,
            SAFE=safe, SAME=chain.same, **sizes, num_warps=4, enable_fp_fusion=True,
        )  # fmt: skip
        readout_kernel[(blocks, triton.cdiv(length, SPAN))](
            tokens, slots, kept, packed.readout, packed.which, out, doubtful, batch, length, chain.vocab_size,
            SAFE=safe, SAME=chain.same, SPAN=SPAN, VOCAB=packed.readout.shape[2], **sizes,
            num_warps=4, enable_fp_fusion=True,
        )  # fmt: skip
    return doubtful.bool()
