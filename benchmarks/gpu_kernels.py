"""What the kernels in Triton become on a GPU that need not be there: registers, stack, shared memory, inner loops.

    python benchmarks/gpu_kernels.py [--capability 90] [--listings FOLDER]

Launches the passes on tensors of the CPU, so that Triton compiles them ahead of time for just those arguments and
runs nothing, and reads what the assembler made of them.  The last column counts the machine instructions of the
longest loop, one turn of it being a position of a hidden chain, and the kinds that bound its speed.  Needs Triton
(exit status 2 without); the assembler's tools are in its wheel.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from oracles import HMM, MarkovChain
from oracles.kernels.device.lookups import DeviceLookups
from oracles.kernels.device.scan import SAFE, HiddenChain
from oracles.kernels.gaps import GapTables
from oracles.optional import installed

COUNTED = ("DMMA", "DFMA", "MUFU", "F2F", "LDG", "LDGSTS", "LDS", "LDSM", "STG", "STS", "SHFL", "BAR")


class AbsentGPU:
    """What Triton asks of a driver to compile for a device."""

    def __init__(self, capability: int) -> None:
        self.capability = capability

    def get_current_device(self) -> int:
        """The only one."""
        return 0

    def get_current_stream(self, device: int | None = None) -> int:
        """The only one."""
        return 0

    def get_current_target(self) -> Any:
        """The kind of GPU."""
        from triton.backends.compiler import GPUTarget  # pyright: ignore[reportMissingImports]

        return GPUTarget("cuda", self.capability, 32)


class Compiled:
    """Stands for a kernel: compiles it as a launch would, and prints what it became."""

    def __init__(self, kernel: Any, listings: Path | None) -> None:
        self.kernel, self.listings = kernel, listings

    def __getitem__(self, grid: Any) -> Any:
        return lambda *given, **options: self._report(self.kernel.warmup(*given, grid=grid, **options))

    def _report(self, made: Any) -> None:
        resources, code = disassembled(made.asm["cubin"])
        print(
            f"| {self.kernel.__name__} | {resources['REG']} | {resources['STACK']} | {made.metadata.shared} | "
            f"{counted(longest_loop(code))} |",
            flush=True,
        )
        if self.listings is not None:
            number = len(list(self.listings.glob("*.sass")))
            (self.listings / f"{number:02}-{self.kernel.__name__}.sass").write_text(code)


def disassembled(cubin: bytes) -> tuple[dict[str, int], str]:
    """Resources by name, such as REG and STACK (bytes a thread: spilled registers), and the machine code."""
    from triton import knobs  # pyright: ignore[reportMissingImports]

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "kernel.cubin"
        path.write_bytes(cubin)
        used, code = (
            subprocess.run([tool.path, option, str(path)], capture_output=True, text=True, check=True).stdout
            for tool, option in ((knobs.nvidia.cuobjdump, "-res-usage"), (knobs.nvidia.nvdisasm, "-c"))
        )
    return {name: int(number) for name, number in re.findall(r"\b([A-Z]+):(\d+)", used)}, code


def longest_loop(code: str) -> list[str]:
    """The instructions between a label and a branch back to it."""
    labels: dict[str, int] = {}
    instructions: list[str] = []
    longest: list[str] = []
    for line in code.splitlines():
        label, instruction = re.match(r"(\.L_x_\d+):", line), re.match(r"\s+/\*[0-9a-f]+\*/\s+(.*?) *;", line)
        if label:
            labels[label[1]] = len(instructions)
        if instruction:
            instructions.append(re.sub(r"^@!?U?P\w+ +", "", instruction[1]))
            back = re.match(r"BRA.*`\((\.L_x_\d+)\)", instructions[-1])
            if back and back[1] in labels:
                longest = max(longest, instructions[labels[back[1]] :], key=len)
    return longest


def counted(loop: list[str]) -> str:
    """How many instructions, and how many of the kinds that bound its speed."""
    kinds = Counter(re.split(r"[. ]", instruction)[0] for instruction in loop)
    named = ", ".join(f"{kinds[kind]} {kind}" for kind in COUNTED if kinds[kind])
    return f"{len(loop)}: {named}" if loop else "none"


@contextmanager
def compiled(capability: int, listings: Path | None) -> Iterator[None]:
    """Kernels are compiled instead of launched."""
    from triton.runtime import JITFunction, driver  # pyright: ignore[reportMissingImports]

    from oracles.kernels.device import fused, substitution

    driver.set_active(AbsentGPU(capability))
    kernels = [
        (module, name, kernel)
        for module in (fused, substitution)
        for name, kernel in vars(module).items()
        if isinstance(kernel, JITFunction) and name.endswith("_kernel")
    ]
    for module, name, kernel in kernels:
        setattr(module, name, Compiled(kernel, listings))
    try:
        yield
    finally:
        for module, name, kernel in kernels:
            setattr(module, name, kernel)


def main(arguments: list[str] | None = None) -> int:
    """Exit status 2 without Triton."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--capability", type=int, default=90)
    parser.add_argument("--listings", type=Path, help="a folder for the machine code")
    options = parser.parse_args(arguments)
    if not installed("triton"):
        print("Triton is not installed: pip install triton", file=sys.stderr)
        return 2
    if options.listings is not None:
        options.listings.mkdir(parents=True, exist_ok=True)
    with compiled(options.capability, options.listings):
        for dtype in ("float32", "float64"):
            for vocab, batch, length in ((64, 32, 48), (1, 1, 1)):
                heading(f"H = V = {vocab}, B = {batch}, L = {length}, {dtype}")
                scan(dtype, vocab, batch, length)
                look_up(dtype, vocab, batch, length)
            heading(f"H = V = 64, a matrix of its own at every position, {dtype}")
            scan(dtype, 64, 32, 48, different=True)
            heading(f"V = 4096, {dtype}")
            look_up(dtype, 4096, 2, 1024, reach=2)
            heading(f"gaps of 8 positions, V = 8, {dtype}")
            substitute(dtype)
    return 0


def heading(text: str) -> None:
    """Of a table."""
    print(f"\n{text}\n\n| kernel | registers | stack | shared | longest loop |\n" + "| --- " * 5 + "|")


def scan(dtype: str, vocab: int, batch: int, length: int, different: bool = False) -> None:
    """Messages of a uniform hidden chain."""
    from oracles.kernels.device import fused

    rows = torch.full((vocab, vocab), 1 / vocab)
    moves = [rows.clone() for _ in range(length - 1)] if different else rows
    packed = HiddenChain.pack(HMM(rows[0], moves, rows, length).to(dtype).space)
    tokens, slots, out = _request(dtype, vocab, batch, length)
    fused.scan(packed, tokens, slots, out, SAFE[packed.dtype])


def look_up(dtype: str, vocab: int, batch: int, length: int, reach: int | None = None) -> None:
    """Lookups in the tables of a uniform chain."""
    from oracles.kernels.device import fused

    rows = torch.full((vocab, vocab), 1 / vocab)
    law: Any = MarkovChain(rows[0], rows, length).to(dtype)
    kernel = DeviceLookups(GapTables.build(law.initial, law.transitions[0], length, reach))
    tokens, slots, out = _request(dtype, vocab, batch, length)
    fused.look_up(kernel.tables, tokens, slots, out, kernel.safe)


def substitute(dtype: str) -> None:
    """A part of the gap recursion."""
    from oracles.kernels.device.substitution import MOST_ROWS, substitute

    paths = torch.zeros(MOST_ROWS, 4096, dtype=getattr(torch, dtype))
    substitute(paths, paths.clone(), paths.new_zeros(512, 512)[:MOST_ROWS, :MOST_ROWS], 8)


def _request(
    dtype: str, vocab: int, batch: int, length: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    tokens = torch.full((batch, length), vocab)
    out = torch.empty(batch * length, vocab, dtype=getattr(torch, dtype))
    return tokens, torch.arange(tokens.numel()).reshape(tokens.shape), out


if __name__ == "__main__":
    sys.exit(main())
