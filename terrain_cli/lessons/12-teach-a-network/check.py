"""The learner's way to make a time from a network, trained on the eikonal equation, against Snell's law."""

import itertools

import numpy as np

from terrain_cli.lessons.judging import Score, at_most, shaped
from terrain_cli.lessons.reference import POST, calc_time, optimum

STEPS, POINTS, WIDTH, LAYERS = 3000, 512, 50, 3
FIELD, SOURCE, SLOWEST, FASTEST = np.array([30.0, 20.0]), np.array([0.0, 0.0]), 0.3, 0.7
NEAR = 0.005  # mean relative error


def cases(random):
    return [{"points": random.uniform([0.5, 0.5], FIELD, (200, 2)), "seed": np.array(int(random.integers(1000)))}]


def ask(task, case):
    import jax
    import jax.numpy as jnp
    from flax import nnx

    class Network(nnx.Module):
        def __init__(self, rngs):
            sizes = [2, *[WIDTH] * LAYERS]
            self.hidden = nnx.List([nnx.Linear(a, b, rngs=rngs) for a, b in itertools.pairwise(sizes)])
            self.last = nnx.Linear(WIDTH, 1, rngs=rngs)

        def __call__(self, p):
            values = (p - jnp.asarray(FIELD / 2, jnp.float32)) / 10
            for layer in self.hidden:
                values = jnp.exp(-(layer(values) ** 2))
            return self.last(values)[0]

    structure, numbers = nnx.split(Network(nnx.Rngs(int(case["seed"]))))
    source = jnp.asarray(SOURCE, jnp.float32)

    def time(numbers, p):
        network = nnx.merge(structure, numbers)
        return jnp.asarray(task.calc_time(network, p, source, SLOWEST, FASTEST), jnp.float32)

    def speed(p, edge):
        return 0.7 - 0.4 * jax.nn.sigmoid((p[0] - 10) / edge) + 0.15 * jax.nn.sigmoid((p[0] - 20) / edge)

    def pick(key):
        anywhere = jax.random.uniform(key, (POINTS, 2), jnp.float32) * jnp.asarray(FIELD, jnp.float32)
        part = jax.random.uniform(jax.random.fold_in(key, 1), (POINTS // 3, 1), jnp.float32)
        return anywhere.at[: POINTS // 3].set(source + part * (anywhere[: POINTS // 3] - source))

    def loss(numbers, points, edge):
        slope = jax.vmap(jax.grad(lambda p: time(numbers, p)))(points)
        return jnp.mean(
            jnp.abs(jax.vmap(speed, (0, None))(points, edge) * jnp.sqrt(jnp.sum(slope**2, axis=1) + 1e-12) - 1)
        )

    def step(state, i):
        numbers, mean, square = state
        part = i / (STEPS - 1)
        edge = (0.5 * (0.02 / 0.5) ** jnp.minimum(part / 0.8, 1)).astype(jnp.float32)
        value, g = jax.value_and_grad(loss)(numbers, pick(jax.random.key(i.astype(int))), edge)
        mean = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, mean, g)
        square = jax.tree.map(lambda s, g: 0.999 * s + 0.001 * g**2, square, g)
        move = lambda m, s: m / (1 - 0.9 ** (i + 1)) / (jnp.sqrt(s / (1 - 0.999 ** (i + 1))) + 1e-8)
        numbers = jax.tree.map(lambda n, m, s: n - 0.01 * 0.01**part * move(m, s), numbers, mean, square)
        return (numbers, mean, square), value

    probe = jax.vmap(lambda p: time(numbers, p))(jnp.asarray(np.array([SOURCE, FIELD / 2, FIELD]), jnp.float32))
    zeros = jax.tree.map(jnp.zeros_like, numbers)
    train = jax.jit(lambda numbers: jax.lax.scan(step, (numbers, zeros, zeros), jnp.arange(STEPS, dtype=jnp.float32)))
    (numbers, _, _), losses = train(numbers)
    learned = jax.jit(jax.vmap(lambda p: time(numbers, p)))(jnp.asarray(case["points"], jnp.float32))
    return {"times": learned, "loss": losses[-100:].mean(), "untrained": probe}


def exact(points):
    """The times by Snell's law: the path crosses the strips up to the point."""
    found = []
    for across, along in points:
        widths = np.clip(across - np.array([0, 10, 20]), 0, POST["widths"])
        part = {"widths": widths[widths > 0], "speeds": POST["speeds"][widths > 0], "offset": along}
        found.append(calc_time(optimum(**part), **part))
    return np.array(found)


def judge(case, answer):
    times = exact(case["points"])
    error = np.mean(np.abs(shaped(answer["times"], times.shape, "calc_time") / times - 1))
    return at_most("mean relative error", error, NEAR)


def explain(cases, answers):
    untrained = answers[0]["untrained"]
    far = np.linalg.norm(FIELD)
    if untrained[2] < 0.5 * far / FASTEST and abs(untrained[0]) < 1e-3:
        if abs(untrained[2]) < 1e-3:
            return "The time does not grow with the distance from the source: is p - source in it?"
        return "The time is shorter than at the highest speed: a time is a distance times a slowness, which is 1 / speed, or divided by a speed."
    if abs(untrained[0]) > 1e-3:
        return "At the source the time is not 0, and nothing in the equation makes it so: make the time the distance from the source, times something."
    return None


def score(cases, answers):
    times = exact(cases[0]["points"])
    return Score("mean relative error (%)", 100 * float(np.mean(np.abs(answers[0]["times"] / times - 1))), 0.2)


def tell(cases, answers):
    return [
        f"The loss at the end is {float(answers[0]['loss']):.4f}; a plain network ends with an error of more than 50 %."
    ]
