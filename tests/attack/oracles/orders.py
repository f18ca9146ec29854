"""The two orders of additions, by their definitions and no faster than that.

    canonical-v2   32 lanes (element i is in lane i mod 32), pairwise along each, then pairwise over the lanes
    base32-v1      runs of 32 from left to right, level by level; what lies before is put before
"""
import numpy as np


def pairwise(rows, op):
    """Iterated pairwise folding of the rows of an array, an odd last one carried up."""
    while len(rows) > 1:
        paired = op(rows[0:len(rows) // 2 * 2:2], rows[1::2])
        rows = np.concatenate([paired, rows[-1:]]) if len(rows) % 2 else paired
    return rows[0]


def canonical(x, op=np.add):
    """The fold of x, which is not empty."""
    lanes = [pairwise(x[lane::32], op) for lane in range(min(32, len(x)))]
    return pairwise(np.array(lanes), op)


def groups_of_32(x, op, identity):
    rows = np.concatenate([x, np.full(-len(x) % 32, identity, x.dtype)]).reshape(-1, 32).copy()
    for c in range(1, 32):
        rows[:, c] = op(rows[:, c - 1], rows[:, c])
    return rows


def base32(x, op=np.add, identity=0):
    """The running folds of x."""
    if len(x) == 0:
        return x.copy()
    rows = groups_of_32(x, op, identity)
    out, totals, width = rows.reshape(-1), rows[:, 31], 32
    while len(totals) > 1:
        above = groups_of_32(totals, op, identity)
        node = np.arange(len(totals))
        inner = node[node % 32 != 0]
        nodes = out.reshape(len(totals), width)
        nodes[inner] = op(above.reshape(-1)[inner - 1][:, None], nodes[inner])
        totals, width = above[:, 31], width * 32
        out = np.concatenate([out, np.zeros(len(totals) * width - len(out), x.dtype)])
    return out[:len(x)]
