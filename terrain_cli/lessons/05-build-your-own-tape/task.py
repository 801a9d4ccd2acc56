class Number:
    """A number that remembers how it was computed.

    inputs: the numbers it was computed from. slopes: how much it grows when one of them grows by 1, in the same order.
    derivative: how much the result grows when this number grows by 1; `backward` of the result adds it up, from 0.
    """

    def __init__(self, value: float, inputs: tuple["Number", ...] = (), slopes: tuple[float, ...] = ()) -> None:
        self.value, self.inputs, self.slopes = value, inputs, slopes
        self.derivative = 0.0

    def __add__(self, other: "Number | float") -> "Number":
        other = to_number(other)
        return Number(self.value + other.value, (self, other), (1.0, 1.0))

    def __mul__(self, other: "Number | float") -> "Number":
        other = to_number(other)
        return Number(self.value * other.value, (self, other), (other.value, self.value))

    def __pow__(self, power: float) -> "Number":
        return Number(self.value**power, (self,), (power * self.value ** (power - 1),))

    def __sub__(self, other: "Number | float") -> "Number":
        return self + to_number(other) * -1

    def __truediv__(self, other: "Number | float") -> "Number":
        return self * to_number(other) ** -1

    def __rsub__(self, other: float) -> "Number":
        return to_number(other) - self

    __radd__, __rmul__ = __add__, __mul__

    def draw(self, indent: str = "") -> str:
        """The tree as text, with values and derivatives, which are "not yet" there before `backward`."""
        derivative = "not yet" if self.derivative == 0 else f"{self.derivative:g}"
        lines = [f"{indent}{self.value:g}  (derivative: {derivative})"]
        return "\n".join([*lines, *(number.draw(indent + "    ") for number in self.inputs)])

    def backward(self) -> None:
        """Set the derivative of every number that this one was computed from, and its own."""
        raise NotImplementedError  # replace this line


def to_number(value: Number | float) -> Number:
    return value if isinstance(value, Number) else Number(value)
