"""Weights of four bits, as the encoder's file holds them: blocks of 32 that share one scale.

A block is a scale in half precision and 16 bytes; the low half of byte j is weight j, its high half
weight j + 16, and 8 stands for nothing.
"""

import numpy as np
from numpy.typing import NDArray

BLOCK = 32
LOWEST, HIGHEST = -8, 7
_BLOCK = np.dtype([("scale", "<f2"), ("halves", "u1", BLOCK // 2)])
Floats = NDArray[np.float32]


def read(data: bytes, columns: int) -> tuple[Floats, Floats]:
    """The weights (row x `columns`) and the scale of each of them, of the same shape."""
    blocks = np.frombuffer(data, _BLOCK)
    halves = np.concatenate((blocks["halves"] & 15, blocks["halves"] >> 4), axis=1)
    scales = np.repeat(blocks["scale"].astype(np.float32)[:, None], BLOCK, axis=1)
    weights = (halves.astype(np.float32) + LOWEST) * scales
    return weights.reshape(-1, columns), scales.reshape(-1, columns)


def lines(data: bytes, columns: int) -> NDArray[np.uint8]:
    """The bytes of each row, for whoever reads few rows of many."""
    return np.frombuffer(data, np.uint8).reshape(-1, columns // BLOCK * _BLOCK.itemsize)


def written(weights: Floats, scales: Floats) -> bytes:
    """The blocks of weights that keep these scales; what lies beyond them is cut to the edge."""
    steps = np.divide(weights, scales, out=np.zeros_like(weights), where=scales != 0)
    halves = (np.clip(np.round(steps), LOWEST, HIGHEST) - LOWEST).astype(np.uint8)
    halves = halves.reshape(-1, BLOCK)
    blocks = np.empty(len(halves), _BLOCK)
    blocks["scale"] = scales.reshape(-1, BLOCK)[:, 0]
    blocks["halves"] = halves[:, : BLOCK // 2] | halves[:, BLOCK // 2 :] << 4
    return blocks.tobytes()
