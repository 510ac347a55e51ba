/* The value of an expression at a point, in double-double complex numbers with a running bound on
 * the error (Higham, Accuracy and Stability of Numerical Algorithms, section 3.3). */
#include <math.h>
#include <string.h>

#include "expression.h"

static const double UNIT = 1e-30;          /* relative error of one operation, rounded up */
static const double FUNCTION_UNIT = 1e-27; /* of an elementary function */
static const double MASK = 1e-18; /* a term this much smaller than the sum is hidden by it */
static const double FLAT = 1e-12; /* f(a + this) is f(a), as far as we see, where f' is 0 */
enum { MAX_LITERAL_BITS = 85 };   /* longer ones may agree with anything to all our digits */
enum { MAX_STEPS = 60000, MAX_FACTORIAL = 170, MAX_BINOMIAL = 1000 };
enum { CALL_STEPS = 8 }; /* an elementary function costs as much as 8 sums */

typedef struct {
    const Symbols *symbols;
    const Complex *point;
    int steps;
} Work;

static Approximation approximate(Work *work, const Node *node, const Scope *scope);

static double size_of(Complex value) { return complex_absolute(value).hi; }

static Approximation made(Complex value, double error) {
    Approximation result = {.value = value, .error = error + UNIT * size_of(value)};
    result.undefined = !complex_is_finite(value) || !(result.error < 1e300);
    return result;
}

static Approximation opaque(void) { return (Approximation){.opaque = true}; }
static Approximation undefined(void) { return (Approximation){.undefined = true}; }

static Approximation inherit(Approximation result, Approximation from) {
    result.masked |= from.masked;
    result.undefined |= from.undefined;
    result.opaque |= from.opaque;
    return result;
}

static Approximation add(Approximation a, Approximation b) {
    Approximation sum = made(complex_add(a.value, b.value), a.error + b.error);
    const double x = size_of(a.value), y = size_of(b.value);
    const double small = x < y ? x : y, large = x < y ? y : x;
    sum.masked = small > 0 && small < MASK * large;
    return inherit(inherit(sum, a), b);
}

static Approximation multiply(Approximation a, Approximation b) {
    const double x = size_of(a.value), y = size_of(b.value);
    return inherit(inherit(made(complex_multiply(a.value, b.value),
                                x * b.error + y * a.error + a.error * b.error),
                           a),
                   b);
}

static Approximation divide(Approximation a, Approximation b) {
    const double x = size_of(a.value), y = size_of(b.value);
    if (!(y > 2 * b.error))
        return inherit(inherit(undefined(), a), b); /* zero, as far as we know */
    const double error = (a.error + x / y * b.error) / (y - b.error);
    return inherit(inherit(made(complex_divide(a.value, b.value), error), a), b);
}

/* Near a point where the function is flat its value hides how near: \cos 10^{-20} looks like 1, and
 * so does \tanh 50. At the point itself, \cos 0, it hides nothing. */
static Approximation flat(Approximation result, double distance, double error) {
    result.masked |= distance < FLAT && distance > 8 * error + UNIT;
    return result;
}

/* f(a) with |f'| <= slope near a. */
static Approximation apply(Complex value, double slope, Approximation a) {
    return inherit(made(value, slope * a.error + FUNCTION_UNIT * size_of(value)), a);
}

static Approximation from_real(double value) {
    return made(complex_from_real(real_from_double(value)), 0);
}

/* What is nearer than our digits go, but further than the error, may be an integer or not:
 * \lceil 10^{-48} \rceil is 1. Then equality shows nothing. */
static bool near_integer(Approximation *a, double *integer) {
    *integer = round(a->value.re.hi);
    const Complex rest = complex_subtract(a->value, complex_from_real(real_from_double(*integer)));
    const double distance = size_of(rest);
    if (fabs(*integer) >= 1e15 || distance > 4 * a->error + 1e-24 * (1 + fabs(*integer)))
        return false;
    a->masked |= distance > 4 * a->error;
    return true;
}

static Approximation logarithm(Approximation a) {
    const double size = size_of(a.value);
    if (!(size > 2 * a.error)) return inherit(undefined(), a);
    return apply(complex_log(a.value), 1 / (size - a.error), a);
}

static Approximation exponential(Approximation a) {
    const Complex value = complex_exp(a.value);
    const double size = size_of(a.value);
    return flat(apply(value, size_of(value) * 2, a), size > 0 && size < FLAT * FLAT ? FLAT / 2 : 1,
                0);
}

static Approximation square_root(Approximation a) {
    const double size = size_of(a.value);
    const Complex value = complex_sqrt(a.value);
    if (size <= 2 * a.error) return inherit(made(value, sqrt(size + a.error)), a);
    return apply(value, 1 / sqrt(size), a);
}

static Approximation raise(Approximation base, Approximation exponent) {
    double integer;
    const double size = size_of(base.value);
    if (near_integer(&exponent, &integer) && fabs(integer) <= 4096) {
        const Complex value =
            complex_power(base.value, complex_from_real(real_from_double(integer)));
        if (size <= 2 * base.error && integer <= 0)
            return inherit(inherit(undefined(), base), exponent);
        const double relative = size > 2 * base.error ? base.error / size : 1;
        return inherit(
            inherit(made(value, size_of(value) * (fabs(integer) + 1) * (2 * relative + UNIT)),
                    base),
            exponent);
    }
    if (size <= 2 * base.error) {
        const bool positive = exponent.value.re.hi > exponent.error;
        Approximation zero = positive && size == 0 ? from_real(0) : undefined();
        return inherit(inherit(zero, base), exponent);
    }
    return exponential(multiply(exponent, logarithm(base)));
}

static Approximation real_root(Approximation a, double degree) {
    if (degree == 2) return square_root(a);
    const bool negative = complex_is_real(a.value) && a.value.re.hi < 0 && fmod(degree, 2) == 1;
    if (negative) a.value = complex_negate(a.value);
    Approximation root = raise(a, divide(from_real(1), from_real(degree)));
    if (negative) root.value = complex_negate(root.value);
    return root;
}

static Approximation factorial(Approximation a) {
    double n;
    if (!near_integer(&a, &n) || n < 0 || n > MAX_FACTORIAL) return inherit(undefined(), a);
    Approximation product = from_real(1);
    for (double i = 2; i <= n; i++) product = multiply(product, from_real(i));
    return inherit(product, a);
}

static Approximation binomial(Approximation a, Approximation b) {
    double k;
    if (!near_integer(&b, &k) || k > MAX_BINOMIAL) return inherit(inherit(undefined(), a), b);
    Approximation product = from_real(k < 0 ? 0 : 1);
    for (double i = 0; i < k; i++)
        product = divide(multiply(product, add(a, from_real(-i))), from_real(i + 1));
    return inherit(inherit(product, a), b);
}

static Approximation step(Approximation a, bool up) {
    double n;
    if (!complex_is_real(a.value)) return inherit(undefined(), a);
    if (!near_integer(&a, &n)) n = up ? ceil(a.value.re.hi) : floor(a.value.re.hi);
    if (fabs(n) > 1e15) return inherit(undefined(), a);
    return inherit(from_real(n), a);
}

static Approximation trigonometric(Function function, Approximation a) {
    const Complex sine = complex_sin(a.value), cosine = complex_cos(a.value);
    const double bound = size_of(sine) + size_of(cosine);
    const Approximation s =
        flat(apply(sine, bound, a), size_of(cosine), bound * a.error + FUNCTION_UNIT);
    const Approximation c =
        flat(apply(cosine, bound, a), size_of(sine), bound * a.error + FUNCTION_UNIT);
    switch (function) {
    case FUNCTION_sin: return s;
    case FUNCTION_cos: return c;
    case FUNCTION_tan: return divide(s, c);
    case FUNCTION_cot: return divide(c, s);
    case FUNCTION_sec: return divide(from_real(1), c);
    default: return divide(from_real(1), s);
    }
}

static Approximation hyperbolic(Function function, Approximation a) {
    const Complex sine = complex_sinh(a.value), cosine = complex_cosh(a.value);
    const double bound = size_of(sine) + size_of(cosine);
    const Approximation s = apply(sine, bound, a),
                        c = flat(apply(cosine, bound, a), size_of(sine), bound * a.error);
    const bool level = function == FUNCTION_tanh || function == FUNCTION_coth; /* near 1 or -1 */
    if (level && size_of(c.value) > 1 / FLAT) a.masked = true;
    switch (function) {
    case FUNCTION_sinh: return s;
    case FUNCTION_cosh: return c;
    case FUNCTION_tanh: return inherit(divide(s, c), a);
    case FUNCTION_coth: return inherit(divide(c, s), a);
    case FUNCTION_sech: return divide(from_real(1), c);
    default: return divide(from_real(1), s);
    }
}

/* The inverses have slope 1 / sqrt|1 - a^2| (arcsin and its kind) or 1 / |1 + a^2|, at most 1 / d
 * or so when the branch points are at distance d. */
static Approximation inverse(Function function, Approximation a) {
    const bool reciprocal =
        function == FUNCTION_arccot || function == FUNCTION_arcsec || function == FUNCTION_arccsc;
    if (function == FUNCTION_arccot) { /* in (0, pi), the convention of textbooks */
        const Approximation half =
            made(complex_from_real(real_multiply(REAL_PI, real_from_double(0.5))), UNIT);
        Approximation angle = inverse(FUNCTION_arctan, a);
        angle.value = complex_negate(angle.value);
        return add(half, angle);
    }
    if (reciprocal) a = divide(from_real(1), a);
    if (a.undefined || a.opaque) return a;
    Complex value;
    switch (function) {
    case FUNCTION_arcsin:
    case FUNCTION_arccsc: value = complex_asin(a.value); break;
    case FUNCTION_arccos:
    case FUNCTION_arcsec: value = complex_acos(a.value); break;
    case FUNCTION_arctan: value = complex_atan(a.value); break;
    case FUNCTION_arcsinh: value = complex_asinh(a.value); break;
    case FUNCTION_arccosh: value = complex_acosh(a.value); break;
    default: value = complex_atanh(a.value); break;
    }
    const Complex one = complex_from_real(real_from_double(1));
    const Complex square = complex_multiply(a.value, a.value);
    const bool at_i = function == FUNCTION_arctan ||
                      function == FUNCTION_arcsinh; /* the branch points are i and -i */
    const double d = size_of(at_i ? complex_add(one, square) : complex_subtract(one, square));
    const double size =
        size_of(a.value); /* \arctan 10^{30} looks like \pi/2, and \arccos 10^{-30} */
    a.masked |= size * MASK > 1 || (size > 2 * a.error && size < MASK);
    if (!(d > 0)) return inherit(made(value, a.error == 0 ? 0 : sqrt(a.error)), a);
    return apply(value, 1 / fmin(d, 1), a);
}

static Approximation call(Work *work, const Node *node, const Scope *scope);

static Approximation big_operator(Work *work, const Node *node, const Scope *scope) {
    const bool sum = node->function == FUNCTION_sum;
    const Text name = bound_name(node->children[0]);
    double low, high;
    if (mentions_subscript(node->children[3], name)) return opaque();
    Approximation from = approximate(work, node->children[1], scope),
                  to = approximate(work, node->children[2], scope);
    if (from.opaque || to.opaque) return opaque();
    if (from.undefined || to.undefined || !near_integer(&from, &low) || !near_integer(&to, &high))
        return undefined();
    if (low > high + 1) return undefined();
    if (high - low >= MAX_TERMS) return opaque();
    Approximation total = inherit(inherit(from_real(sum ? 0 : 1), from), to);
    for (double i = low; i <= high; i++) {
        const Scope inner = {name, (int64_t)i, scope};
        const Approximation term = approximate(work, node->children[3], &inner);
        total = sum ? add(total, term) : multiply(total, term);
        if (total.opaque || total.undefined) break;
    }
    return total;
}

static Approximation call(Work *work, const Node *node, const Scope *scope) {
    if (node->function == FUNCTION_sum || node->function == FUNCTION_prod)
        return big_operator(work, node, scope);
    Approximation a = approximate(work, node->children[0], scope), b = {.error = 0};
    if (node->count > 1) b = approximate(work, node->children[1], scope);
    if (a.opaque || a.undefined || b.opaque || b.undefined) return inherit(a, b);
    double integer;
    work->steps += CALL_STEPS;
    switch (node->function) {
    case FUNCTION_sin:
    case FUNCTION_cos:
    case FUNCTION_tan:
    case FUNCTION_cot:
    case FUNCTION_sec:
    case FUNCTION_csc: return trigonometric(node->function, a);
    case FUNCTION_sinh:
    case FUNCTION_cosh:
    case FUNCTION_tanh:
    case FUNCTION_coth:
    case FUNCTION_sech:
    case FUNCTION_csch: return hyperbolic(node->function, a);
    case FUNCTION_arcsin:
    case FUNCTION_arccos:
    case FUNCTION_arctan:
    case FUNCTION_arccot:
    case FUNCTION_arcsec:
    case FUNCTION_arccsc:
    case FUNCTION_arcsinh:
    case FUNCTION_arccosh:
    case FUNCTION_arctanh: return inverse(node->function, a);
    case FUNCTION_exp: return exponential(a);
    case FUNCTION_ln: return logarithm(a);
    case FUNCTION_log: return divide(logarithm(a), logarithm(b));
    case FUNCTION_sqrt: return square_root(a);
    case FUNCTION_root:
        if (!near_integer(&b, &integer) || integer < 1) return raise(a, divide(from_real(1), b));
        return inherit(real_root(a, integer), b);
    case FUNCTION_abs:
        return inherit(made(complex_from_real(complex_absolute(a.value)), a.error), a);
    case FUNCTION_floor: return step(a, false);
    case FUNCTION_ceil: return step(a, true);
    case FUNCTION_factorial:
        work->steps += (int)fmin(size_of(a.value), MAX_FACTORIAL);
        return factorial(a);
    case FUNCTION_binom:
        work->steps += (int)fmin(size_of(b.value), MAX_BINOMIAL);
        return binomial(a, b);
    case FUNCTION_re: return inherit(made(complex_from_real(a.value.re), a.error), a);
    case FUNCTION_im: return inherit(made(complex_from_real(a.value.im), a.error), a);
    case FUNCTION_sgn:
        if (!complex_is_real(a.value) || size_of(a.value) <= 2 * a.error)
            return inherit(undefined(), a);
        return inherit(from_real(a.value.re.hi > 0 ? 1 : -1), a);
    case FUNCTION_mod: {
        const Approximation whole = step(divide(a, b), false);
        Approximation product = multiply(b, whole);
        product.value = complex_negate(product.value);
        return add(a, product);
    }
    case FUNCTION_max:
    case FUNCTION_min:
        for (uint32_t i = 1; i < node->count; i++) {
            b = approximate(work, node->children[i], scope);
            if (b.opaque || b.undefined || !complex_is_real(a.value) || !complex_is_real(b.value))
                return inherit(undefined(), b);
            const bool less = real_compare(a.value.re, b.value.re) < 0;
            const Approximation chosen = less == (node->function == FUNCTION_max) ? b : a;
            a = inherit(inherit(chosen, a), b);
        }
        return a;
    default: return opaque();
    }
}

/* An unknown function is a cubic with coefficients made from its name. */
static Approximation unknown_function(Work *work, const Node *node, const Scope *scope) {
    uint64_t seed = 1469598103934665603u;
    for (size_t i = 0; i < node->text.size; i++)
        seed = (seed ^ (unsigned char)node->text.data[i]) * 1099511628211u;
    Approximation total = from_real(0.25 + (double)(seed % 1009) / 1009);
    for (uint32_t i = 0; i < node->count; i++) {
        const Approximation a = approximate(work, node->children[i], scope);
        if (a.opaque || a.undefined) return a;
        const double first = 0.5 + (double)(seed / 1009 % 1013) / 1013,
                     second = 0.5 + (double)(seed / 1019 % 997) / 997;
        total = add(multiply(total, add(multiply(a, a), from_real(first))),
                    multiply(a, from_real(second)));
        seed = seed * 1099511628211u + 12345;
    }
    return total;
}

static Approximation approximate(Work *work, const Node *node, const Scope *scope) {
    if (++work->steps > MAX_STEPS) return opaque();
    Approximation a, b;
    int64_t bound;
    switch (node->kind) {
    case NODE_NUMBER:
    case NODE_BASED:
        a = made(complex_from_real(real_from_rational(node->number)), 0);
        a.masked = integer_bits(node->number.numerator) > MAX_LITERAL_BITS ||
                   integer_bits(node->number.denominator) > MAX_LITERAL_BITS;
        return a;
    case NODE_SYMBOL: {
        if (scope_find(scope, node->text, &bound)) return from_real((double)bound);
        const ptrdiff_t index = symbols_find(work->symbols, node->text);
        return index < 0 ? opaque() : made(work->point[index], 0);
    }
    case NODE_CONSTANT:
        if (node->mark == 'p') return made(complex_from_real(REAL_PI), 0);
        if (node->mark == 'e') return made(complex_from_real(REAL_E), 0);
        if (node->mark != 'i') return opaque();
        if (scope_find(scope, TEXT("i"), &bound)) return from_real((double)bound);
        return made((Complex){real_from_double(0), real_from_double(1)}, 0);
    case NODE_SUM:
    case NODE_PRODUCT:
        a = approximate(work, node->children[0], scope);
        for (uint32_t i = 1; i < node->count && !a.opaque && !a.undefined; i++) {
            b = approximate(work, node->children[i], scope);
            a = node->kind == NODE_SUM ? add(a, b) : multiply(a, b);
        }
        return a;
    case NODE_QUOTIENT:
    case NODE_POWER:
        a = approximate(work, node->children[0], scope);
        b = approximate(work, node->children[1], scope);
        if (a.opaque || b.opaque || a.undefined || b.undefined) return inherit(a, b);
        if (node->kind == NODE_QUOTIENT) return divide(a, b);
        if (node->children[0]->kind == NODE_CONSTANT && node->children[0]->mark == 'e')
            return exponential(b);
        return raise(a, b);
    case NODE_NEGATE:
        a = approximate(work, node->children[0], scope);
        a.value = complex_negate(a.value);
        return a;
    case NODE_PERCENT: return divide(approximate(work, node->children[0], scope), from_real(100));
    case NODE_QUANTITY:
        if (!text_equal(node->text, TEXT("degree"))) return opaque();
        a = made(complex_from_real(real_divide(REAL_PI, real_from_double(180))), 0);
        return multiply(approximate(work, node->children[0], scope), a);
    case NODE_CALL: return call(work, node, scope);
    case NODE_APPLY: return unknown_function(work, node, scope);
    default: return opaque();
    }
}

Approximation evaluate_approximately(Arena *arena, const Node *node, const Symbols *symbols,
                                     const Complex *point) {
    Work work = {.symbols = symbols, .point = point, .steps = arena->exhausted ? MAX_STEPS : 0};
    const Approximation result = approximate(&work, node, NULL);
    if (!arena->exhausted) arena_spend(arena, (size_t)work.steps);
    return result;
}
