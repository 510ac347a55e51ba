"""The numbers of the C core against Python's int, fractions.Fraction and mpmath."""

import ctypes
import math
import string
from collections.abc import Callable, Iterator
from ctypes import POINTER, Structure, byref, c_bool, c_double, c_size_t, c_uint32, c_void_p
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given, settings, strategies as st
from mpmath import mp, mpc, mpf
from native_library import build_library

MAX_BITS = 32 * 1024
DIGITS = string.digits + string.ascii_lowercase
mp.dps = 80
INFINITY, NAN = mpf("inf"), mpf("nan")


class Text(Structure):
    _fields_ = (("data", ctypes.c_char_p), ("size", c_size_t))


class Arena(Structure):
    _fields_ = (
        ("block", c_void_p),
        ("used", c_size_t),
        ("limit", c_size_t),
        ("steps", c_size_t),
        ("exhausted", c_bool),
    )


class Integer(Structure):
    _fields_ = (("limbs", POINTER(c_uint32)), ("count", c_uint32), ("negative", c_bool))


class Rational(Structure):
    _fields_ = (("numerator", Integer), ("denominator", Integer))


class Real(Structure):
    _fields_ = (("hi", c_double), ("lo", c_double))


class Complex(Structure):
    _fields_ = (("re", Real), ("im", Real))


def to_integer(value: int) -> Integer:
    magnitude = abs(value)
    count = (magnitude.bit_length() + 31) // 32
    raw = magnitude.to_bytes(4 * count, "little")
    limbs = (c_uint32 * count).from_buffer_copy(raw) if count else None
    return Integer(limbs, count, value < 0)  # the structure keeps the array alive


def from_integer(value: Integer) -> int:
    if not value.count:
        assert not value.negative
        return 0
    assert value.limbs[value.count - 1], "a leading limb is zero"
    raw = ctypes.string_at(value.limbs, 4 * value.count)
    magnitude = int.from_bytes(raw, "little")
    return -magnitude if value.negative else magnitude


def to_rational(value: Fraction) -> Rational:
    return Rational(to_integer(value.numerator), to_integer(value.denominator))


def from_rational(value: Rational) -> Fraction:
    numerator, denominator = from_integer(value.numerator), from_integer(value.denominator)
    result = Fraction(numerator, denominator)
    assert (result.numerator, result.denominator) == (numerator, denominator), "not lowest terms"
    return result


def to_real(value: Any) -> Real:
    hi = float(value)
    lo = float(mpf(value) - mpf(hi)) if math.isfinite(hi) else 0
    nearest = hi + lo  # not hi where lo has been rounded to half of its last place
    return Real(nearest, lo - (nearest - hi) if lo else 0)


def from_real(value: Real) -> mpf:
    if not math.isfinite(value.hi):
        assert value.lo == 0
        return mpf(value.hi)
    assert value.hi + value.lo == value.hi, "the halves overlap"
    return mpf(value.hi) + mpf(value.lo)


def to_complex(value: Any) -> Complex:
    value = mpc(value)
    return Complex(to_real(value.real), to_real(value.imag))


def from_complex(value: Complex) -> mpc:
    return mpc(from_real(value.re), from_real(value.im))


class Core:
    """The library, with one arena that every call to `exact` starts afresh."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self.library = library
        self.arena = Arena()
        for name in ("make", "from_int64", "from_decimal", "is_integer", "power", "rounds_to"):
            self.declare(f"rational_{name}", c_bool)
        self.declare("integer_to_decimal", ctypes.c_char_p)
        self.declare("integer_modulo", ctypes.c_uint64)
        self.declare("integer_bits", c_size_t)
        self.declare("arena_take", c_void_p)
        self.start(1 << 26)

    def declare(self, name: str, result: Any) -> None:
        getattr(self.library, name).restype = result

    def start(self, limit: int) -> None:
        self.library.arena_free(byref(self.arena))
        self.library.arena_init(byref(self.arena), c_size_t(limit))

    def take(self, size: int) -> int | None:
        return self.library.arena_take(byref(self.arena), c_size_t(size))

    def call(self, name: str, *arguments: Any, result: Any = c_bool) -> Any:
        function = getattr(self.library, name)
        function.restype = result
        return function(*arguments)

    def exact(self, name: str, *arguments: Any, result: Any) -> Any:
        """Call an operation that needs an arena; None where it returns false."""
        self.library.arena_reset(byref(self.arena))
        out = result()
        if not self.call(name, byref(self.arena), *arguments, byref(out)):
            return None
        return from_integer(out) if result is Integer else from_rational(out)

    def integer(self, name: str, *arguments: Any) -> int | None:
        given = [to_integer(a) if isinstance(a, int) else a for a in arguments]
        return self.exact(f"integer_{name}", *given, result=Integer)

    def rational(self, name: str, *arguments: Any) -> Fraction | None:
        given = [to_rational(a) if isinstance(a, Fraction) else a for a in arguments]
        return self.exact(f"rational_{name}", *given, result=Rational)

    def divide(self, a: int, b: int) -> tuple[int, int] | None:
        self.library.arena_reset(byref(self.arena))
        quotient, remainder = Integer(), Integer()
        arguments = (to_integer(a), to_integer(b), byref(quotient), byref(remainder))
        if not self.call("integer_divide", byref(self.arena), *arguments):
            return None
        return from_integer(quotient), from_integer(remainder)

    def digits(self, digits: str, base: int) -> int | None:
        data = digits.encode()
        return self.integer("from_digits", Text(data, len(data)), ctypes.c_uint(base))

    def decimal(self, digits: str) -> Fraction | None:
        data = digits.encode()
        return self.rational("from_decimal", Text(data, len(data)))

    def real(self, name: str, *arguments: Any) -> mpf:
        return from_real(self.call(f"real_{name}", *map(to_real, arguments), result=Real))

    def complex(self, name: str, *arguments: Any) -> mpc:
        given = map(to_complex, arguments)
        return from_complex(self.call(f"complex_{name}", *given, result=Complex))

    def is_finite(self, value: mpc) -> bool:
        return self.call("complex_is_finite", to_complex(value))


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Core]:
    names = ("arena", "integer", "gcd", "rational", "real", "complex")
    built = Core(build_library(tmp_path_factory.mktemp("numbers"), *names))
    yield built
    built.library.arena_free(byref(built.arena))


# ---- strategies ----------------------------------------------------------------------------------

# Limbs at the edges reach the rare branches of long division.
edge_limbs = st.sampled_from([0, 1, 2, 2**31 - 1, 2**31, 2**32 - 2, 2**32 - 1])
limbs = st.lists(edge_limbs | st.integers(0, 2**32 - 1), max_size=12)
magnitudes = limbs.map(lambda limbs: sum(limb << 32 * i for i, limb in enumerate(limbs)))
large = st.builds(
    lambda bits, seed: pow(3, seed, 1 << bits),  # far cheaper to draw than so many random bits
    st.integers(1, MAX_BITS),
    st.integers(10**5, 10**6),
)
naturals = st.integers(0, 100) | magnitudes | large
integers = st.builds(lambda value, sign: value * sign, naturals, st.sampled_from([1, -1]))
small = st.integers(-(2**70), 2**70) | magnitudes
fractions = st.builds(lambda a, b: Fraction(a, b or 1), small, st.integers(1, 60) | magnitudes)


def numbers(low: int, high: int) -> st.SearchStrategy[mpf]:
    """Double-doubles of either sign with a binary exponent from low to high."""
    return st.builds(
        lambda mantissa, exponent, sign: sign * mp.ldexp(mpf(mantissa), exponent - 106),
        st.integers(2**105, 2**106 - 1) | st.integers(1, 1000).map(lambda m: m * 2**96),
        st.integers(low, high),
        st.sampled_from([1, -1]),
    )


# ---- memory --------------------------------------------------------------------------------------


def test_arena_pieces_are_aligned_apart_and_within_the_limit(core: Core) -> None:
    core.start(1 << 20)
    taken = []
    for size in [0, 1, 15, 16, 17, 1000, 70_000, 3, 500_000]:
        address = core.take(size)
        assert address is not None
        assert address % 16 == 0
        ctypes.memset(address, 0xFF, size)
        taken.append((address, max(size, 1)))
    taken.sort()
    assert all(a + size <= b for (a, size), (b, _) in pairwise(taken))
    assert core.arena.used <= core.arena.limit
    assert core.take(1 << 20) is None
    assert core.arena.exhausted
    assert core.take(16) is not None, "what still fits is still given"
    core.library.arena_reset(byref(core.arena))
    assert not core.arena.exhausted
    assert core.arena.used == 0
    assert core.take(1 << 20) is not None, "the whole limit fits again"
    assert core.take(0) is None


@pytest.mark.parametrize("size", [2**64 - 1, 2**64 - 16, 2**63, 2**64 - 40])
@pytest.mark.parametrize("limit", [0, 100, 2**64 - 1])
def test_arena_sizes_that_would_wrap_are_refused(core: Core, size: int, limit: int) -> None:
    core.start(limit)
    assert core.take(size) is None
    assert core.arena.exhausted
    core.start(1 << 26)


@given(st.lists(st.integers(0, 5000), max_size=60), st.integers(0, 100_000))
def test_arena_counts_what_it_hands_out(core: Core, sizes: list[int], limit: int) -> None:
    core.start(limit)
    used = 0
    for size in sizes:
        rounded = max(16, (size + 15) // 16 * 16)
        assert (core.take(size) is not None) == (used + rounded <= limit)
        used += rounded if used + rounded <= limit else 0
        assert core.arena.used == used
    core.start(1 << 26)


def test_operations_fail_when_the_arena_is_exhausted(core: Core) -> None:
    core.start(128)
    large = 3**1200
    assert core.integer("multiply", large, large) is None
    assert core.arena.exhausted
    assert core.integer("gcd", large, 7**300) is None
    assert core.divide(large, 7**200) is None
    assert core.rational("add", Fraction(1, large), Fraction(1, 7)) is None
    core.start(1 << 26)


# ---- integers ------------------------------------------------------------------------------------

BINARY: dict[str, Callable[[int, int], int]] = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "gcd": math.gcd,
}


@given(integers, integers)
@example(2**MAX_BITS - 1, 1)
@example(-(2**MAX_BITS) + 1, 2**MAX_BITS - 1)
@example(2 ** (MAX_BITS // 2), 2 ** (MAX_BITS // 2))
@example(2 ** (MAX_BITS // 2) - 1, 2 ** (MAX_BITS // 2))
@example(0, 0)
def test_integer_arithmetic(core: Core, a: int, b: int) -> None:
    for name, operation in BINARY.items():
        expected = operation(a, b)
        fits = expected.bit_length() <= MAX_BITS
        assert core.integer(name, a, b) == (expected if fits else None), name
    expected_division = divmod(a, b) if b else None
    assert core.divide(a, b) == expected_division
    order = core.call("integer_compare", to_integer(a), to_integer(b), result=ctypes.c_int)
    assert (order > 0) - (order < 0) == (a > b) - (a < b)


@given(naturals.filter(bool), naturals, naturals)
def test_division_undoes_multiplication(core: Core, a: int, b: int, rest: int) -> None:
    if (a * b).bit_length() < MAX_BITS:
        dividend = a * b + rest % a
        assert core.divide(dividend, a) == (b, rest % a)
        assert core.divide(-dividend, a) == divmod(-dividend, a)


@given(naturals, naturals, naturals)
def test_gcd_with_a_common_divisor(core: Core, a: int, b: int, divisor: int) -> None:
    a, b = a * divisor, b * divisor
    if max(a, b).bit_length() <= MAX_BITS:
        assert core.integer("gcd", a, b) == math.gcd(a, b)


def test_gcd_of_the_longest_runs_of_steps(core: Core) -> None:
    a, b = 1, 1  # Fibonacci numbers: every quotient is 1
    while (a + b).bit_length() <= MAX_BITS:
        a, b = a + b, a
    assert core.integer("gcd", a, b) == 1
    assert core.integer("gcd", 2**MAX_BITS - 1, 2 ** (MAX_BITS - 32) - 1) == 2**32 - 1
    a, b = 1, 0  # quotients too large for one step of Lehmer's
    while (a * 2**40).bit_length() < MAX_BITS:
        a, b = a * (2**39 + 7) + b, a
    assert core.integer("gcd", a, b) == 1
    assert core.arena.used < 1 << 24


@given(integers, st.integers(2, 36))
def test_integers_from_digits(core: Core, value: int, base: int) -> None:
    rest, digits = abs(value) % 2**2000, ""
    while rest:
        rest, digit = divmod(rest, base)
        digits = DIGITS[digit] + digits
    expected = abs(value) % 2**2000
    assert core.digits("000" + digits, base) == expected
    assert core.digits((digits or "0").upper(), base) == expected


@given(integers)
@example(10**9)
@example(10**9 - 1)
@example(-(10**18))
@example(2**MAX_BITS - 1)
def test_integers_to_decimal_and_back(core: Core, value: int) -> None:
    core.library.arena_reset(byref(core.arena))
    text = core.call(
        "integer_to_decimal", byref(core.arena), to_integer(value), result=ctypes.c_char_p
    ).decode()
    # Python's own conversion refuses long numbers: compare piece by piece.
    sign, digits = (text[0], text[1:]) if text[0] == "-" else ("", text)
    assert digits == "0" or digits[0] != "0"
    rebuilt = 0
    for start in range(0, len(digits), 1000):
        piece = digits[start : start + 1000]
        rebuilt = rebuilt * 10 ** len(piece) + int(piece)
    assert (-rebuilt if sign else rebuilt) == value
    assert core.digits(digits, 10) == abs(value)


@pytest.mark.parametrize(
    ("digits", "base"),
    [
        *[("", 10), ("12a", 10), ("2", 2), ("1.5", 10), ("-1", 10), ("g", 16), ("1 ", 10)],
        *[("/", 36), ("٣", 10), ("\0", 10), ("1", 1), ("1", 37), ("00x", 16)],
    ],
)
def test_digits_that_are_none(core: Core, digits: str, base: int) -> None:
    assert core.digits(digits, base) is None


def test_digits_beyond_the_limit_are_refused_before_the_work(core: Core) -> None:
    assert core.digits("1" + "0" * 9863, 10) == 10**9863
    assert core.digits("9" * 9865, 10) is None
    assert core.digits("9" * 10_000_000, 10) is None
    assert core.arena.used == 0
    assert core.digits("0" * 10_000_000 + "7", 10) == 7
    assert core.digits("1" * MAX_BITS, 2) == 2**MAX_BITS - 1
    assert core.digits("1" + "0" * MAX_BITS, 2) is None


@given(st.integers(-(2**64), 2**64) | st.sampled_from([2**63, -(2**63), -(2**63) - 1]))
def test_integers_of_64_bits(core: Core, value: int) -> None:
    out = ctypes.c_int64()
    fits = -(2**63) <= value < 2**63
    assert core.call("integer_to_int64", to_integer(value), byref(out)) == fits
    if fits:
        assert out.value == value
        assert core.exact("integer_from_int64", ctypes.c_int64(value), result=Integer) == value


@given(integers, st.integers(1, 2**64 - 1))
def test_integer_questions(core: Core, value: int, modulus: int) -> None:
    given = to_integer(value)
    residue = core.call("integer_modulo", given, ctypes.c_uint64(modulus), result=ctypes.c_uint64)
    assert residue == value % modulus
    assert core.call("integer_bits", given, result=c_size_t) == value.bit_length()
    assert core.call("integer_is_zero", given) == (value == 0)
    assert core.call("integer_is_one", given) == (value == 1)
    assert core.call("integer_is_odd", given) == (value % 2 == 1)
    assert from_integer(core.call("integer_negate", given, result=Integer)) == -value


@given(st.integers(-40, 40) | integers, st.integers(0, 40) | st.integers(0, 2**64 - 1))
@example(2, MAX_BITS - 1)
@example(2, MAX_BITS)
@example(-1, 2**64 - 1)
@example(0, 0)
def test_integer_power(core: Core, base: int, exponent: int) -> None:
    bits = (abs(base).bit_length() - 1) * exponent
    if abs(base) <= 1:
        expected: int | None = base ** (exponent % 2 + 2 if exponent else 0)
    else:
        power = base**exponent if bits < 2 * MAX_BITS else None
        expected = power if power and power.bit_length() <= MAX_BITS else None
    assert core.integer("power", base, ctypes.c_uint64(exponent)) == expected


@given(naturals, st.integers(1, 60) | st.integers(1, 2**32 - 1))
@example(2, 32767)
@example(3, 20000)
@example(2**36 - 1, 900)
@example(2**36 + 1, 900)
@example(2**16000 + 1, 2)
@example(10**3000, 3)
def test_integer_root(core: Core, root: int, n: int) -> None:
    degree = c_uint32(n)
    if root <= 1:
        assert core.integer("root", root, degree) == root
    elif root.bit_length() * n <= MAX_BITS:
        power = root**n
        assert core.integer("root", power, degree) == root
        if n > 1:
            assert core.integer("root", power + 1, degree) is None
            assert core.integer("root", power - 1, degree) is None
    assert core.integer("root", -1, degree) is None
    assert core.integer("root", 4, c_uint32(0)) is None


# ---- fractions -----------------------------------------------------------------------------------


@given(fractions, fractions)
@example(Fraction(0), Fraction(0))
@example(Fraction(-3, 7), Fraction(3, 7))
def test_rational_arithmetic(core: Core, a: Fraction, b: Fraction) -> None:
    assert core.rational("add", a, b) == a + b
    assert core.rational("subtract", a, b) == a - b
    assert core.rational("multiply", a, b) == a * b
    assert core.rational("divide", a, b) == (a / b if b else None)
    left, right = to_rational(a), to_rational(b)
    order = core.call("rational_compare", left, right, result=ctypes.c_int)
    assert (order > 0) - (order < 0) == (a > b) - (a < b)
    assert core.call("rational_equal", left, right) == (a == b)
    assert core.call("rational_equal", left, to_rational(a))
    assert core.call("rational_is_integer", left) == (a.denominator == 1)
    assert core.call("rational_is_zero", left) == (a == 0)
    assert from_rational(core.call("rational_negate", left, result=Rational)) == -a
    assert core.exact("rational_floor", left, result=Integer) == math.floor(a)


@given(fractions, magnitudes.filter(bool), st.sampled_from([-1, 0, 1]))
def test_rational_compare_of_neighbours(core: Core, a: Fraction, n: int, step: int) -> None:
    b = a + Fraction(step, n * a.denominator)
    order = core.call("rational_compare", to_rational(b), to_rational(a), result=ctypes.c_int)
    assert order == step


def test_rational_compare_beyond_the_limit_of_products(core: Core) -> None:
    large = 2**MAX_BITS - 1
    a, b = Fraction(large, large - 1), Fraction(large - 1, large - 2)
    order = core.call("rational_compare", to_rational(a), to_rational(b), result=ctypes.c_int)
    assert order < 0
    assert core.rational("add", a, b) is None


@given(integers, integers)
@example(1, 0)
@example(0, -5)
def test_rational_make(core: Core, numerator: int, denominator: int) -> None:
    expected = Fraction(numerator, denominator) if denominator else None
    made = core.rational("make", to_integer(numerator), to_integer(denominator))
    assert made == expected


@given(st.from_regex(r"\A[0-9]{0,30}(\.[0-9]{0,30})?\Z"))
@example("")
@example(".")
@example("5.")
@example(".5")
@example(".0")
@example("12.50")
@example("0." + "0" * 9000 + "1")
@example("7." + "0" * 100_000)
def test_rational_from_decimal(core: Core, digits: str) -> None:
    whole, _, places = digits.partition(".")
    places = places.rstrip("0") if len(places) > 1000 else places
    expected = Fraction(0)
    for digit in whole + places:
        expected = expected * 10 + int(digit)
    expected /= 10 ** len(places)
    assert core.decimal(digits) == (expected if digits.strip(".") else None)


@pytest.mark.parametrize("digits", ["1.2.3", "+1", "1e5", "..5", "1. 5", "1,5", "x", "1.5\0"])
def test_decimals_that_are_none(core: Core, digits: str) -> None:
    assert core.decimal(digits) is None


@given(fractions, st.integers(-12, 12))
def test_rational_power(core: Core, base: Fraction, exponent: int) -> None:
    expected = base**exponent if base or exponent >= 0 else None
    assert core.rational("power", base, ctypes.c_int64(exponent)) == expected


def test_rational_power_at_the_edges(core: Core) -> None:
    def power(base: Fraction, exponent: int) -> Fraction | None:
        return core.rational("power", base, ctypes.c_int64(exponent))

    assert power(Fraction(-1), -(2**63)) == 1
    assert power(Fraction(-1), 2**63 - 1) == -1
    assert power(Fraction(1, 2), -(2**63)) is None
    assert power(Fraction(0), 0) == 1
    assert power(Fraction(0), -1) is None


@given(fractions.map(abs), st.integers(1, 9))
def test_rational_root(core: Core, root: Fraction, n: int) -> None:
    assert core.rational("root", root**n, c_uint32(n)) == root
    if n > 1 and root:
        assert core.rational("root", root**n * Fraction(2, 3), c_uint32(n)) is None
        assert core.rational("root", -(root**n), c_uint32(n)) is None


@given(fractions, st.integers(-300, 300))
def test_rational_scale10(core: Core, value: Fraction, shift: int) -> None:
    expected = value * Fraction(10) ** shift
    assert core.rational("scale10", value, ctypes.c_int32(shift)) == expected


@pytest.mark.parametrize("shift", [2**31 - 1, -(2**31), 100_000])
def test_scaling_too_far(core: Core, shift: int) -> None:
    assert core.rational("scale10", Fraction(3, 7), ctypes.c_int32(shift)) is None
    assert core.rational("scale10", Fraction(0), ctypes.c_int32(shift)) == 0


def rounds_to(core: Core, exact: Fraction, rounded: Fraction, places: int) -> bool:
    core.library.arena_reset(byref(core.arena))
    given = (to_rational(exact), to_rational(rounded), ctypes.c_int32(places))
    return core.call("rational_rounds_to", byref(core.arena), *given)


@pytest.mark.parametrize(
    ("exact", "rounded", "places", "expected"),
    [
        ("1/3", "0.333", 3, True),
        ("1/3", "0.334", 3, False),
        ("1/3", "0.3333", 3, False),  # more digits than said
        ("2/3", "0.67", 2, True),
        ("2/3", "0.66", 2, False),
        ("1/8", "0.12", 2, True),  # half goes either way
        ("1/8", "0.13", 2, True),
        ("-1/8", "-0.13", 2, True),
        ("-1/8", "-0.14", 2, False),
        ("1249", "1200", -2, True),
        ("1250", "1300", -2, True),
        ("1251", "1200", -2, False),
        ("1249", "1210", -2, False),
        ("0", "0", 2147483647, True),
        ("1/2", "0", 0, True),
        ("1/3", "1/3", 5, False),
        ("7", "7", -1, False),
        ("5", "0", -(2**31), False),  # too far to work out: not shown
    ],
)
def test_rounding(core: Core, exact: str, rounded: str, places: int, expected: bool) -> None:
    assert rounds_to(core, Fraction(exact), Fraction(rounded), places) is expected


@given(fractions, st.integers(-5, 12), st.integers(-1, 1))
def test_rounding_of_any_fraction(core: Core, exact: Fraction, places: int, off: int) -> None:
    unit = Fraction(1, 10) ** places
    rounded = (math.floor(exact / unit) + off) * unit
    expected = abs(exact - rounded) * 2 <= unit
    assert rounds_to(core, exact, rounded, places) == expected
    assert not rounds_to(core, exact, rounded + unit / 3, places)


# ---- reals ---------------------------------------------------------------------------------------


def assert_close(got: Any, expected: Any, relative: float = 1e-29, absolute: Any = 0) -> None:
    error = abs(got - expected)
    assert error <= relative * abs(expected) + absolute, (
        f"got {mp.nstr(got, 35)}, expected {mp.nstr(expected, 35)}, off by {mp.nstr(error, 5)}"
    )


def test_real_constants(core: Core) -> None:
    for name, value in [("PI", mp.pi), ("E", mp.e), ("LN2", mp.log(2)), ("LN10", mp.log(10))]:
        constant = Real.in_dll(core.library, f"REAL_{name}")
        assert (constant.hi, constant.lo) == (to_real(value).hi, to_real(value).lo), name


@given(numbers(-300, 300), numbers(-300, 300))
def test_real_arithmetic(core: Core, a: mpf, b: mpf) -> None:
    assert_close(core.real("add", a, b), a + b, 1e-31)
    assert_close(core.real("subtract", a, b), a - b, 1e-31)
    assert_close(core.real("multiply", a, b), a * b, 1e-31)
    assert_close(core.real("divide", a, b), a / b, 3e-31)
    assert_close(core.real("sqrt", abs(a)), mp.sqrt(abs(a)), 1e-31)
    assert core.real("negate", a) == -a
    assert core.real("absolute", a) == abs(a)
    order = core.call("real_compare", to_real(a), to_real(b), result=ctypes.c_int)
    assert (order > 0) - (order < 0) == (a > b) - (a < b)


@given(numbers(-10, 105), st.integers(-3, 3))
def test_real_subtraction_cancels_exactly(core: Core, a: mpf, steps: int) -> None:
    b = mpf(float(a)) + steps
    if from_real(to_real(b)) == b:
        assert core.real("subtract", a, b) == a - b or abs(a) < 2**53
        assert_close(core.real("subtract", a, b), a - b, 1e-31)


@given(numbers(-20, 110) | st.integers(-(2**60), 2**60).map(mpf))
@example(mpf(2) ** 60 - mpf(1) / 2**40)
@example(-(mpf(2) ** 60) - mpf(1) / 2**40)
@example(mpf(-1) / 3)
def test_real_floor(core: Core, a: mpf) -> None:
    value = from_real(to_real(a))
    assert core.real("floor", value) == mp.floor(value)


@given(integers, integers.filter(bool))
@example(1, 3)
@example(2**53 + 1, 2**53 - 1)
@example(2**106 - 1, 1)
@example(10**400, 10**400 - 1)
@example(2**30000 + 1, 2**29000 - 1)
@example(3, 7**11000)
def test_real_from_rational(core: Core, numerator: int, denominator: int) -> None:
    value = Fraction(numerator, denominator)
    got = from_real(core.call("real_from_rational", to_rational(value), result=Real))
    expected = mpf(value.numerator) / value.denominator
    if abs(expected) > 2**1024:
        assert got == (INFINITY if value > 0 else -INFINITY)
    elif 2**1023 > abs(expected) > mpf(2) ** -900 or not value:
        assert_close(got, expected, 2.0**-106)
        if abs(value) < 2**106 and value.denominator == 1:
            assert got == value.numerator
    elif abs(expected) < mpf(2) ** -960:
        assert mp.isnan(got), "0 would equal every other underflow"


@given(numbers(-100, 9))
@example(mpf(709))
@example(mpf("-663.9"))
@example(mp.log(2) * 500.5)
def test_real_exp(core: Core, a: mpf) -> None:
    a = from_real(to_real(a))
    if -664 < a < 709.7:
        assert_close(core.real("exp", a), mp.exp(a))


@given(numbers(-900, 1000).map(abs), numbers(-90, -1))
@example(mpf(1), mpf(10) ** -31)
@example(mp.sqrt(2), mpf(2) ** -100)
@example(mp.sqrt(mpf("0.5")), -(mpf(2) ** -100))
def test_real_log(core: Core, a: mpf, near_one: mpf) -> None:
    a, b = from_real(to_real(a)), from_real(to_real(1 + near_one))
    assert_close(core.real("log", a), mp.log(a))
    if b != 1:
        assert_close(core.real("log", b), mp.log(b))


@given(numbers(-100, 29), st.integers(-(6 * 10**8), 6 * 10**8), numbers(-100, 0))
@example(mp.pi, 1, mpf(2) ** -90)
@example(mpf(10) ** 9, 6 * 10**8, mpf(2) ** -70)
@example(mpf(355), 226, mpf(0))
def test_real_sine_and_cosine(core: Core, a: mpf, quarters: int, beside: mpf) -> None:
    for value in (a, quarters * mp.pi / 2, quarters * mp.pi / 2 + beside):
        value = from_real(to_real(value))
        # What remains beside a multiple of pi/2 is known to the last digits of the argument.
        unknown = mpf(10) ** -37
        assert_close(core.real("sin", value), mp.sin(value), absolute=min(unknown, abs(value)))
        assert_close(core.real("cos", value), mp.cos(value), absolute=unknown)


@given(numbers(-100, -20))
def test_real_sine_of_small_angles(core: Core, a: mpf) -> None:
    assert_close(core.real("sin", a), mp.sin(a))


@given(numbers(-200, 200), numbers(-200, 200))
@example(mpf(1), mpf(1))
@example(mpf(2) ** -300, mpf(-1))
@example(mpf(1), mpf(2) ** -300)
def test_real_atan2(core: Core, y: mpf, x: mpf) -> None:
    assert_close(core.real("atan2", y, x), mp.atan2(y, x))


def test_real_atan2_on_the_axes(core: Core) -> None:
    pi, half = from_real(to_real(mp.pi)), from_real(to_real(mp.pi / 2))
    assert core.real("atan2", 0, 5) == 0
    assert core.real("atan2", 0, -5) == pi
    minus_zero = core.call("real_atan2", Real(-0.0, 0), Real(-5, 0), result=Real)
    assert from_real(minus_zero) == pi
    assert core.real("atan2", 5, 0) == half
    assert core.real("atan2", -5, 0) == -half
    assert core.real("atan2", 0, 0) == 0
    assert core.real("atan2", mpf(2) ** 1000, mpf(2) ** 1000) == half / 2


@pytest.mark.parametrize("name", ["sqrt", "exp", "log", "sin", "cos", "floor", "absolute"])
@pytest.mark.parametrize("value", [INFINITY, -INFINITY, NAN])
def test_reals_that_are_not_finite_stay_so(core: Core, name: str, value: mpf) -> None:
    assert not mp.isfinite(core.real(name, value))


@pytest.mark.parametrize("name", ["add", "subtract", "multiply", "atan2"])
@pytest.mark.parametrize("value", [NAN, INFINITY, mpf(1)])
def test_two_reals_that_are_not_finite(core: Core, name: str, value: mpf) -> None:
    assert mp.isnan(core.real(name, NAN, value))
    assert mp.isnan(core.real(name, value, NAN))


def test_real_limits(core: Core) -> None:
    largest = mpf(float.fromhex("0x1.fffffffffffffp+1023"))
    assert core.real("add", largest, largest) == INFINITY
    assert core.real("multiply", largest, -largest) == -INFINITY
    assert core.real("divide", largest, mpf(2) ** -500) == INFINITY
    assert core.real("divide", 1, 0) == INFINITY
    assert core.real("divide", 1, INFINITY) == 0
    assert mp.isnan(core.real("divide", 0, 0))
    assert core.real("exp", 1000) == INFINITY
    assert mp.isnan(core.real("exp", -1000)), "no two underflows may look equal"
    assert core.real("exp", 0) == 1
    assert core.real("log", 1) == 0
    assert core.real("log", 0) == -INFINITY
    assert mp.isnan(core.real("log", -1))
    assert core.real("sqrt", 0) == 0
    assert mp.isnan(core.real("sqrt", -1))
    assert mp.isnan(core.real("sin", 1.0000001e9))
    assert mp.isnan(core.real("cos", -1e300))
    assert core.call("real_compare", Real(math.nan, 0), Real(math.nan, 0), result=ctypes.c_int)
    tiny = mpf(5e-324)
    assert core.real("sqrt", tiny) ** 2 == pytest.approx(tiny)
    assert_close(core.real("log", tiny), mp.log(tiny))


# ---- complex numbers -----------------------------------------------------------------------------

parts = numbers(-40, 40) | numbers(-4, 4) | st.just(mpf(0))
points = st.builds(mpc, parts, parts)
offsets = st.builds(mpc, numbers(-60, -5) | st.just(mpf(0)), numbers(-60, -5) | st.just(mpf(0)))
branch_points = st.sampled_from([mpc(1), mpc(-1), mpc(0, 1), mpc(0, -1)])
near_branch_points = st.builds(lambda point, offset: point + offset, branch_points, offsets)


def as_given(value: mpc) -> Any:
    """What the double-double holds of it; a real one as mpf, for mpmath's choice on the cuts."""
    value = from_complex(to_complex(value))
    return value if value.imag else value.real


@given(points, points)
def test_complex_arithmetic(core: Core, a: mpc, b: mpc) -> None:
    a, b = as_given(a), as_given(b)
    assert_close(core.complex("multiply", a, b), a * b)
    if b:
        assert_close(core.complex("divide", a, b), a / b)
    assert core.complex("negate", a) == -a
    absolute = from_real(core.call("complex_absolute", to_complex(a), result=Real))
    assert_close(absolute, abs(a))
    for name, expected in (("add", a + b), ("subtract", a - b)):
        got = core.complex(name, a, b)
        assert_close(got.real, expected.real)
        assert_close(got.imag, mpc(expected).imag)


@pytest.mark.parametrize("name", ["sqrt", "log"])
@given(a=points | near_branch_points | st.builds(mpc, numbers(-400, 400), numbers(-400, 400)))
def test_complex_roots_and_logarithms(core: Core, name: str, a: mpc) -> None:
    a = as_given(a)
    if not a:
        return
    got, expected = core.complex(name, a), mpc(getattr(mp, name)(a))
    assert_close(got, expected)
    if name == "sqrt":  # each part by itself: nothing cancels
        assert_close(got.real, expected.real)
        assert_close(got.imag, expected.imag)


ENTIRE = ["exp", "sin", "cos", "tan", "sinh", "cosh", "tanh"]
INVERSES = ["asin", "acos", "atan", "asinh", "acosh", "atanh"]


@pytest.mark.parametrize("name", ENTIRE)
@given(a=st.builds(mpc, numbers(-60, 6) | st.just(mpf(0)), numbers(-60, 6) | st.just(mpf(0))))
@settings(max_examples=80)
def test_complex_functions(core: Core, name: str, a: mpc) -> None:
    a = as_given(a)
    expected = getattr(mp, name)(a)
    pole = name in ("tan", "tanh") and abs(expected) > 1e20
    if not pole:
        condition = abs(a) + 1 if name in ("tan", "tanh") else 1
        assert_close(core.complex(name, a), expected, 1e-28 * float(condition))


@pytest.mark.parametrize("name", INVERSES)
@given(a=points | near_branch_points)
@settings(max_examples=200)
@example(mpc(2))
@example(mpc(-2))
@example(mpc(0, 2))
@example(mpc(0, -2))
@example(mpc(mpf(10) ** 100, 3))
@example(mpc(-3, -(mpf(10) ** 100)))
@example(mpc(mpf(10) ** 200, 3))
@example(mpc(3, mpf(10) ** 200))
@example(mpc(1, mpf(10) ** -30))
@example(mpc(mpf("0.5"), mpf(10) ** -40))
@example(mpc(mpf("-1.00000000000000011102230246251565404")))
def test_complex_inverse_functions(core: Core, name: str, a: mpc) -> None:
    a = as_given(a)
    if name in ("atan", "atanh") and abs(a * a + (1 if name == "atan" else -1)) < 1e-20:
        return
    with mp.workdps(150):
        expected = getattr(mp, name)(a)
    assert_close(core.complex(name, a), expected, 1e-28)


REAL_DOMAINS: dict[str, tuple[float, float]] = {
    "sqrt": (0, 1e9),
    "exp": (-600, 700),
    "log": (1e-9, 1e9),
    "sin": (-1e6, 1e6),
    "cos": (-1e6, 1e6),
    "tan": (-1e6, 1e6),
    "asin": (-1, 1),
    "acos": (-1, 1),
    "atan": (-1e9, 1e9),
    "sinh": (-600, 600),
    "cosh": (-600, 600),
    "tanh": (-600, 600),
    "asinh": (-1e9, 1e9),
    "acosh": (1, 1e9),
    "atanh": (-0.999999, 0.999999),
}


@pytest.mark.parametrize("name", REAL_DOMAINS)
@given(share=st.floats(0, 1), tiny=numbers(-90, -1))
@settings(max_examples=60)
@example(share=0, tiny=mpf(10) ** -25)
@example(share=1, tiny=mpf(10) ** -25)
def test_real_arguments_give_exactly_real_results(
    core: Core, name: str, share: float, tiny: mpf
) -> None:
    low, high = REAL_DOMAINS[name]
    for value in (mpf(low + share * (high - low)), tiny):
        value = from_real(to_real(value))
        if low <= value <= high:
            got, expected = core.complex(name, value), getattr(mp, name)(value)
            assert got.imag == 0
            if abs(expected) < 1e300:
                # The argument itself is exact, so even near a zero the digits are right,
                # but for what the reduction by pi leaves.
                assert_close(got.real, expected, absolute=mpf(10) ** -37 * abs(value))


@given(points, st.integers(-12, 12))
def test_complex_power_of_an_integer(core: Core, base: mpc, exponent: int) -> None:
    base = as_given(base)
    if base:
        assert_close(core.complex("power", base, exponent), mpc(base) ** exponent)


@given(
    st.builds(mpc, numbers(-8, 8), numbers(-8, 8) | st.just(mpf(0))),
    st.builds(mpc, numbers(-5, 5), numbers(-5, 5) | st.just(mpf(0))),
)
def test_complex_power(core: Core, base: mpc, exponent: mpc) -> None:
    base, exponent = as_given(base), as_given(exponent)
    expected = mp.exp(exponent * mp.log(base))
    if 1e-280 < abs(expected) < 1e280:
        got = core.complex("power", base, exponent)
        assert_close(got, expected, 1e-27)
        if mpc(base).imag == 0 < mpc(base).real and mpc(exponent).imag == 0:
            assert got.imag == 0


@pytest.mark.parametrize(
    ("base", "exponent", "expected"),
    [
        (0, 0, 1),
        (0, 3, 0),
        (0, 0.5, 0),
        (0, mpc(1, 1), 0),
        (mpc(2, 3), 0, 1),
        (2, 100, 2**100),
        (-2, 3, -8),
        (mpc(0, 1), 2, -1),
        (mpc(0, 1), 4096, 1),
        (mpc(1, 1), -2, mpc(0, -0.5)),
        (-4, 0.5, mpc(0, 2)),
        (-1, -1, -1),
        (1, 1e300, 1),
    ],
)
def test_powers_that_are_exact(core: Core, base: Any, exponent: Any, expected: Any) -> None:
    assert core.complex("power", base, exponent) == expected


def test_powers_by_4096_multiplications(core: Core) -> None:
    base = mpc(as_given(mpc("1.01", "0.07")))
    assert_close(core.complex("power", base, 4096), base**4096, 1e-27)
    assert_close(core.complex("power", base, -4095), base**-4095, 1e-27)


BIG, POLE = mpf(10) ** 300, mp.pi / 2


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("divide", (1, 0)),
        ("divide", (mpc(1, 1), 0)),
        ("divide", (0, 0)),
        ("multiply", (BIG, BIG)),
        ("multiply", (1 / BIG, 1 / BIG)),  # an underflow is not zero
        ("divide", (1 / BIG, BIG)),
        ("power", (10, 400)),
        ("power", (10, -400)),
        ("power", (10, mpf("-400.5"))),
        ("power", (0, -1)),
        ("power", (0, mpc(0, 1))),
        ("power", (mpc(1, 1), BIG)),
        ("power", (INFINITY, 2)),
        ("power", (2, NAN)),
        ("log", (0,)),
        ("exp", (1000,)),
        ("exp", (-1000,)),
        ("exp", (mpc(1, 1e12),)),
        ("tan", (POLE,)),
        ("tan", (1001 * POLE,)),
        ("tan", (mpc(POLE, mpf(10) ** -31),)),
        ("tanh", (mpc(0, POLE),)),
        ("atan", (mpc(0, 1),)),
        ("atan", (mpc(0, -1),)),
        ("atanh", (1,)),
        ("atanh", (-1,)),
        ("cosh", (800,)),
        ("sin", (mpc(1, 800),)),
    ],
)
def test_poles_and_overflow_are_not_finite(core: Core, name: str, arguments: tuple) -> None:
    assert not core.is_finite(core.complex(name, *arguments))


@pytest.mark.parametrize("name", ["sqrt", "log", *ENTIRE, *INVERSES])
@pytest.mark.parametrize("value", [mpc(NAN, 0), mpc(0, NAN), mpc(NAN, NAN), mpc(INFINITY, 1)])
def test_complex_numbers_that_are_not_finite(core: Core, name: str, value: mpc) -> None:
    given = Complex(Real(float(value.real), 0), Real(float(value.imag), 0))
    got = core.call(f"complex_{name}", given, result=Complex)
    assert not core.call("complex_is_finite", got)


@pytest.mark.parametrize("value", [mpc(1000, 1), mpc(1000, 0), mpc(45, -3)])
def test_hyperbolic_tangent_of_large_arguments(core: Core, value: mpc) -> None:
    assert core.complex("tanh", value) == 1
    assert core.complex("tanh", -value) == -1


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (mpc(1), True),
        (mpc(0), True),
        (mpc(1, 1e-25), True),
        (mpc(1, 1e-23), False),
        (mpc(1e10, 1e-15), True),
        (mpc(0, 1e-31), True),
        (mpc(0, 1e-29), False),
        (mpc(1e-20, 1e-20), False),
        (mpc(0, 1), False),
    ],
)
def test_complex_is_real(core: Core, value: mpc, expected: bool) -> None:
    assert core.call("complex_is_real", to_complex(value)) is expected
