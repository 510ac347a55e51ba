/* Are two numbers or formulas equal? Exactly where that is possible, else at random points. */
#include <math.h>
#include <string.h>

#include "expression.h"

enum {
    POINT_KINDS = 5,
    INTEGER_POINTS = 1,
    POINTS = 4 * POINT_KINDS,
    ENOUGH_POINTS = 6,
    FEWEST_POINTS = 3
};

bool rule_equal(Rule rule) { return RULE_FACTS[rule].decision == EQUAL; }

/* Plus or minus infinity as a whole; its sign, or 0. */
static int infinity_sign(const Node *node) {
    int sign = 1;
    for (; node->kind == NODE_NEGATE; node = node->children[0]) sign = -sign;
    return node->kind == NODE_CONSTANT && node->mark == 'o' ? sign : 0;
}

/* ---- decimals ----------------------------------------------------------------------------- */

typedef struct {
    bool decimal;
    Rational value;
    int32_t places;
    bool digits2, digits3; /* at least two, three significant digits */
} Decimal;

/* A literal decimal: 0.33, -1.50, 32.8%, 1.2 \times 10^{-3}. */
static bool literal_decimal(Arena *arena, const Node *node, Decimal *decimal) {
    int64_t exponent;
    Rational power;
    switch (node->kind) {
    case NODE_NUMBER:
        *decimal =
            (Decimal){.decimal = node->places >= 0, .value = node->number, .places = node->places};
        return node->places >= 0;
    case NODE_NEGATE:
        if (!literal_decimal(arena, node->children[0], decimal)) return false;
        decimal->value = rational_negate(decimal->value);
        return true;
    case NODE_PERCENT:
        if (!literal_decimal(arena, node->children[0], decimal)) return false;
        decimal->places += 2;
        return rational_scale10(arena, decimal->value, -2, &decimal->value);
    case NODE_PRODUCT:
        if (node->count != 2 || node->children[1]->kind != NODE_POWER ||
            !literal_decimal(arena, node->children[0], decimal) ||
            !evaluate_exactly(arena, node->children[1]->children[0], &power) ||
            !rational_is_integer(power) || !integer_to_int64(power.numerator, &exponent) ||
            exponent != 10 || !evaluate_exactly(arena, node->children[1]->children[1], &power) ||
            !rational_is_integer(power) || !integer_to_int64(power.numerator, &exponent) ||
            exponent < -300 || exponent > 300) {
            return false;
        }
        decimal->places -= (int32_t)exponent;
        return rational_scale10(arena, decimal->value, (int32_t)exponent, &decimal->value);
    default: return false;
    }
}

static Decimal read_decimal(Arena *arena, const Node *node) {
    Decimal decimal = {.decimal = false};
    Rational digits;
    if (!literal_decimal(arena, node, &decimal) ||
        !rational_scale10(arena, decimal.value, decimal.places, &digits)) {
        return (Decimal){.decimal = false};
    }
    decimal.digits2 =
        integer_bits(digits.numerator) >= 5 || fabs(real_from_rational(digits).hi) >= 10;
    decimal.digits3 =
        integer_bits(digits.numerator) >= 8 || fabs(real_from_rational(digits).hi) >= 100;
    return decimal;
}

/* A decimal answer is right if it is the reference rounded to the digits it gives, at least three
 * of them; a decimal reference takes an exact answer that rounds to it. */
static bool rounds(Arena *arena, const Node *exact_side, const Decimal *decimal) {
    Rational exact;
    if (evaluate_exactly(arena, exact_side, &exact))
        return rational_rounds_to(arena, exact, decimal->value, decimal->places);
    const Symbols none = {.count = 0};
    const Approximation value = evaluate_approximately(arena, exact_side, &none, NULL);
    if (value.opaque || value.undefined || !complex_is_real(value.value) || decimal->places > 25)
        return false;
    const Real gap =
        real_absolute(real_subtract(value.value.re, real_from_rational(decimal->value)));
    return gap.hi <= 0.5 * pow(10, -decimal->places) * (1 + 1e-12);
}

static bool agrees_by_digits(Arena *arena, const Node *reference, const Node *answer) {
    const Decimal wanted = read_decimal(arena, reference), given = read_decimal(arena, answer);
    if (given.decimal && wanted.decimal) {
        const bool coarse = given.places < wanted.places;
        const Decimal *rounded = coarse ? &given : &wanted;
        return rounded->digits3 && rounds(arena, coarse ? reference : answer, rounded);
    }
    if (given.decimal) return given.digits3 && rounds(arena, reference, &given);
    return wanted.decimal && wanted.digits2 && rounds(arena, answer, &wanted);
}

/* ---- approximate comparison --------------------------------------------------------------- */

typedef enum { POINT_SAME, POINT_DIFFERENT, POINT_SKIPPED, POINT_OPAQUE } PointResult;

static PointResult compare_values(const Approximation *a, const Approximation *b, bool complex) {
    if (a->opaque || b->opaque) return POINT_OPAQUE;
    if (a->undefined || b->undefined) return POINT_SKIPPED;
    if (!complex && (!complex_is_real(a->value) || !complex_is_real(b->value)))
        return POINT_SKIPPED;
    const double gap = complex_absolute(complex_subtract(a->value, b->value)).hi;
    const double error = a->error + b->error;
    if (gap > 64 * error) return POINT_DIFFERENT;
    const double x = complex_absolute(a->value).hi, y = complex_absolute(b->value).hi;
    const double scale = x > y ? x : y;
    const bool precise = error <= 1e-18 * scale || (scale <= 64 * error && error <= 1e-20);
    if (!precise || a->masked || b->masked) return POINT_SKIPPED;
    return POINT_SAME;
}

static uint64_t next_random(uint64_t *state) { /* splitmix64 */
    uint64_t z = (*state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

static double uniform(uint64_t *state) {
    return (double)(next_random(state) >> 11) / 9007199254740992.0;
}

/* Points of five kinds in turn: positive, integers, of either sign, between 0 and 1, and far out.
 * They depend on both sides, so that no answer can be made to fit them, and not on their order. */
static void choose_point(const Symbols *symbols, uint64_t seed, int round, Complex *point) {
    static const int PATTERNS[] = {0, 2, 3, 1};
    const int turn = round / POINT_KINDS % 4;
    uint64_t state = seed + 7919u * (uint64_t)round;
    for (uint32_t i = 0; i < symbols->count; i++) {
        /* odd or even, plus or minus: each symbol changes, and two neighbours are not always alike
         */
        const bool odd = PATTERNS[turn] * (int)(2 * i + 1) >> (i & 1) & 1;
        const double u = uniform(&state);
        double value;
        switch (round % POINT_KINDS) {
        case 0: value = 0.3 + 2.7 * u; break;
        case INTEGER_POINTS: value = 2 + 2 * floor(4 * u) + (turn + (int)i) % 2; break;
        case 2: value = (odd ? 1 : -1) * (0.3 + 2.2 * u); break;
        case 3: value = 0.05 + 0.9 * u; break;
        default: value = (turn % 2 == 0 ? 1 : -1) * pow(10, (turn < 2 ? 6 : 1) + 2 * u); break;
        }
        point[i] = complex_from_real(real_from_double(value));
    }
}

static int text_order(Text a, Text b) {
    const int order = memcmp(a.data, b.data, a.size < b.size ? a.size : b.size);
    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

static void symbols_sort(Symbols *symbols) {
    for (uint32_t i = 1; i < symbols->count; i++) {
        const Text name = symbols->names[i];
        uint32_t j = i;
        for (; j > 0 && text_order(name, symbols->names[j - 1]) < 0; j--)
            symbols->names[j] = symbols->names[j - 1];
        symbols->names[j] = name;
    }
}

static uint64_t seed_of(const Node *a, const Node *b) { return node_hash(a) + node_hash(b); }

static bool has_imaginary_unit(const Node *node) {
    if (node->kind == NODE_CONSTANT && node->mark == 'i') return true;
    for (uint32_t i = 0; i < node->count; i++)
        if (has_imaginary_unit(node->children[i])) return true;
    return false;
}

/* How often a function stands here that is constant on whole regions, and so shows little of what
 * it is of. */
static uint32_t count_steps(const Node *node) {
    const Function f = node->function;
    uint32_t count =
        node->kind == NODE_CALL && (f == FUNCTION_sgn || f == FUNCTION_floor || f == FUNCTION_ceil);
    for (uint32_t i = 0; i < node->count; i++) count += count_steps(node->children[i]);
    return count;
}

/* Whether each side has all the symbols of both. */
static bool same_symbols(const Node *a, const Node *b, const Symbols *both) {
    Symbols of_a = {.count = 0}, of_b = {.count = 0};
    symbols_collect(&of_a, a);
    symbols_collect(&of_b, b);
    return of_a.count == both->count && of_b.count == both->count;
}

/* x^{p/q} with an odd q as a power of the real root, which it is also where x is negative. */
static const Node *with_real_roots(Arena *arena, const Node *node) {
    Node *copy = NULL;
    for (uint32_t i = 0; i < node->count; i++) {
        const Node *child = with_real_roots(arena, node->children[i]);
        if (child == node->children[i]) continue;
        if (copy == NULL) copy = node_copy(arena, node, 0);
        if (copy == NULL) return node;
        copy->children[i] = (Node *)child;
    }
    const Node *result = copy == NULL ? node : copy;
    Rational exponent;
    if (node->kind != NODE_POWER || !evaluate_exactly(arena, node->children[1], &exponent) ||
        rational_is_integer(exponent) || !integer_is_odd(exponent.denominator))
        return result;
    Node *root = node_new(arena, NODE_CALL, 2), *power = node_new(arena, NODE_POWER, 2);
    Node *above = node_new(arena, NODE_NUMBER, 0), *below = node_new(arena, NODE_NUMBER, 0);
    Integer one;
    if (root == NULL || power == NULL || above == NULL || below == NULL ||
        !integer_from_int64(arena, 1, &one))
        return result;
    above->number = (Rational){exponent.numerator, one};
    below->number = (Rational){exponent.denominator, one};
    root->function = FUNCTION_root;
    root->children[0] = result->children[0];
    root->children[1] = below;
    power->children[0] = root;
    power->children[1] = above;
    return power;
}

static Rule compare_at_points(Arena *arena, const Node *reference, const Node *answer,
                              const Symbols *symbols) {
    Complex point[MAX_SYMBOLS];
    const bool complex = has_imaginary_unit(reference) || has_imaginary_unit(answer);
    const uint64_t seed = seed_of(reference, answer);
    if (!complex) {
        reference = with_real_roots(arena, reference);
        answer = with_real_roots(arena, answer);
    }
    int same = 0, one_sided = 0;
    for (int round = 0; round < POINTS; round++) {
        choose_point(symbols, seed, round, point);
        const Approximation a = evaluate_approximately(arena, reference, symbols, point);
        const Approximation b = evaluate_approximately(arena, answer, symbols, point);
        const PointResult result = compare_values(&a, &b, complex);
        if (result == POINT_OPAQUE) return RULE_undecided;
        if (result == POINT_DIFFERENT) return RULE_different_formula;
        /* \binom{3}{n} is 0 at most integers, and so is any multiple of it */
        const bool vanishes =
            round % POINT_KINDS == INTEGER_POINTS && complex_absolute(a.value).hi <= 64 * a.error;
        if (result == POINT_SAME && !vanishes) same++;
        if (!a.undefined &&
            (b.undefined || (!complex && complex_is_real(a.value) != complex_is_real(b.value))))
            one_sided++;
        if (same >= ENOUGH_POINTS && round + 1 >= 2 * POINT_KINDS) break;
    }
    if (same >= FEWEST_POINTS && one_sided < same) {
        /* sgn x and sgn y agree where both are positive, x and x + \lfloor x/10^{20}\rfloor nearly
         * everywhere */
        const uint32_t steps = count_steps(reference);
        const bool shown = steps == count_steps(answer) &&
                           (steps == 0 || same_symbols(reference, answer, symbols));
        return shown ? RULE_identity : RULE_undecided;
    }
    /* the answer has no value where the reference has one, wherever we looked */
    return same == 0 && one_sided >= POINTS / 2 ? RULE_different_formula : RULE_undecided;
}

/* At random points modulo random numbers. These need not be prime: what is not zero is divisible by
 * a random number of 60 bits as rarely, and no answer can be a multiple of what it does not know.
 * They are prime to the primes up to 23, which stand in most denominators. */
static Rule compare_modulo(Arena *arena, const Node *reference, const Node *answer,
                           const Symbols *symbols, bool *possible) {
    uint64_t point[MAX_SYMBOLS], state = seed_of(reference, answer), a, b;
    int same = 0;
    *possible = false;
    for (int round = 0; round < 8 && same < 4; round++) {
        const uint64_t p = 223092870 * ((1ull << 32) + (next_random(&state) >> 32)) + 1;
        for (uint32_t i = 0; i < symbols->count; i++) point[i] = next_random(&state) % p;
        const ModularResult left = evaluate_modulo(arena, reference, symbols, point, p, &a);
        if (left == MODULAR_IMPOSSIBLE) return RULE_undecided;
        const ModularResult right = evaluate_modulo(arena, answer, symbols, point, p, &b);
        if (right == MODULAR_IMPOSSIBLE) return RULE_undecided;
        if (left == MODULAR_UNDEFINED || right == MODULAR_UNDEFINED) continue;
        *possible = true;
        if (a != b) return symbols->count == 0 ? RULE_different_number : RULE_different_formula;
        same++;
    }
    if (same >= 2) return symbols->count == 0 ? RULE_number : RULE_identity;
    *possible = false;
    return RULE_undecided;
}

static bool contains_pi(const Node *node) {
    if (node->kind == NODE_CONSTANT && node->mark == 'p') return true;
    for (uint32_t i = 0; i < node->count; i++)
        if (contains_pi(node->children[i])) return true;
    return false;
}

static bool contains_logarithm(const Node *node) {
    const bool power_of_e = node->kind == NODE_POWER && node->children[0]->kind == NODE_CONSTANT &&
                            node->children[0]->mark == 'e';
    const bool function = node->kind == NODE_CALL &&
                          (node->function == FUNCTION_ln || node->function == FUNCTION_log ||
                           node->function == FUNCTION_exp);
    if (power_of_e || function) return true;
    for (uint32_t i = 0; i < node->count; i++)
        if (contains_logarithm(node->children[i])) return true;
    return false;
}

/* e^{\pi\sqrt{163}} is an integer to 30 digits, and \pi a logarithm over \sqrt{163}: where \pi
 * stands on one side alone, and logarithms are about, equal digits are no proof. */
static bool may_coincide(const Node *a, const Node *b) {
    return contains_pi(a) != contains_pi(b) && (contains_logarithm(a) || contains_logarithm(b)) &&
           !has_imaginary_unit(a) && !has_imaginary_unit(b);
}

/* How many terms the sums and products of an expression spell out, where their bounds are known. */
static double terms_of(Arena *arena, const Node *node) {
    double most = 1;
    for (uint32_t i = 0; i < node->count; i++)
        most = fmax(most, terms_of(arena, node->children[i]));
    Rational low, high;
    const bool big = node->kind == NODE_CALL &&
                     (node->function == FUNCTION_sum || node->function == FUNCTION_prod);
    if (!big || !evaluate_exactly(arena, node->children[1], &low) ||
        !evaluate_exactly(arena, node->children[2], &high)) {
        return most;
    }
    return most * fmax(1, real_from_rational(high).hi - real_from_rational(low).hi);
}

static Rule compare_constants(Arena *arena, const Node *reference, const Node *answer,
                              CompareOptions options) {
    Rational wanted, given;
    const Symbols none = {.count = 0};
    const bool wanted_exact = evaluate_exactly(arena, reference, &wanted);
    const bool given_exact = evaluate_exactly(arena, answer, &given);
    if (wanted_exact && given_exact && rational_equal(wanted, given)) return RULE_number;
    if (options.tolerance >= 0) {
        const Approximation a = evaluate_approximately(arena, reference, &none, NULL);
        const Approximation b = evaluate_approximately(arena, answer, &none, NULL);
        if (!a.opaque && !a.undefined && !b.opaque && !b.undefined) {
            const double gap = complex_absolute(complex_subtract(a.value, b.value)).hi;
            return gap <= options.tolerance * complex_absolute(a.value).hi ? RULE_tolerance
                                                                           : RULE_different_value;
        }
    }
    if (agrees_by_digits(arena, reference, answer)) return RULE_rounded;
    if (wanted_exact && given_exact) return RULE_different_number;
    bool possible;
    const Rule modular = compare_modulo(arena, reference, answer, &none, &possible);
    if (possible) return modular;
    const Approximation a = evaluate_approximately(arena, reference, &none, NULL);
    const Approximation b = evaluate_approximately(arena, answer, &none, NULL);
    if (!a.opaque && !a.undefined && !b.opaque && b.undefined) return RULE_different_value;
    switch (compare_values(&a, &b, true)) {
    case POINT_DIFFERENT: return RULE_different_value;
    case POINT_SAME: return may_coincide(reference, answer) ? RULE_undecided : RULE_value;
    default: return RULE_undecided;
    }
}

/* Infinity inside a formula, where it is no number. As the end of a sum it may be one. */
static bool computes_with_infinity(const Node *node) {
    if (node->kind == NODE_CONSTANT && node->mark == 'o') return true;
    const bool series = node->kind == NODE_CALL &&
                        (node->function == FUNCTION_sum || node->function == FUNCTION_prod);
    for (uint32_t i = series ? 3 : 0; i < node->count; i++)
        if (computes_with_infinity(node->children[i])) return true;
    return false;
}

/* \sum_k a_k: the terms are values that are not given. */
static bool sums_unknowns(const Node *node) {
    const bool series = node->kind == NODE_CALL &&
                        (node->function == FUNCTION_sum || node->function == FUNCTION_prod);
    if (series && mentions_subscript(node->children[3], bound_name(node->children[0]))) return true;
    for (uint32_t i = 0; i < node->count; i++)
        if (sums_unknowns(node->children[i])) return true;
    return false;
}

static bool same_form(Arena *arena, const Node *a, const Node *b) {
    return strcmp(node_canonical(arena, a), node_canonical(arena, b)) == 0 && !arena->exhausted;
}

Rule compare_scalars(Arena *arena, const Node *reference, const Node *answer,
                     CompareOptions options) {
    const int wanted_infinity = infinity_sign(reference), given_infinity = infinity_sign(answer);
    if (wanted_infinity != 0 || given_infinity != 0)
        return wanted_infinity == given_infinity ? RULE_value : RULE_different_value;
    if (computes_with_infinity(reference) || computes_with_infinity(answer))
        return same_form(arena, reference, answer) ? RULE_identity : RULE_different_value;
    if (sums_unknowns(reference) || sums_unknowns(answer))
        return same_form(arena, reference, answer) ? RULE_identity : RULE_different_formula;
    if (terms_of(arena, answer) > MAX_ANSWER_TERMS) return RULE_too_large;
    Symbols symbols = {.count = 0};
    symbols_collect(&symbols, reference);
    symbols_collect(&symbols, answer);
    if (symbols.overflow) return RULE_too_large;
    if (symbols.count == 0) return compare_constants(arena, reference, answer, options);
    symbols_sort(&symbols); /* the same points, whichever side comes first */
    bool possible;
    const Rule modular = compare_modulo(arena, reference, answer, &symbols, &possible);
    if (possible) return modular;
    const Rule rule = compare_at_points(arena, reference, answer, &symbols);
    return rule == RULE_undecided && same_form(arena, reference, answer) ? RULE_identity : rule;
}

Rule compare_up_to_factor(Arena *arena, const Node *a, const Node *b, int *sign) {
    Symbols symbols = {.count = 0};
    symbols_collect(&symbols, a);
    symbols_collect(&symbols, b);
    *sign = 0;
    if (symbols.overflow) return RULE_too_large;
    if (symbols.count == 0) return RULE_undecided;
    Complex point[MAX_SYMBOLS];
    Approximation first = {.undefined = true};
    const uint64_t seed = seed_of(a, b);
    int same = 0;
    for (int round = 0; round < POINTS; round++) {
        choose_point(&symbols, seed, round, point);
        const Approximation x = evaluate_approximately(arena, a, &symbols, point),
                            y = evaluate_approximately(arena, b, &symbols, point);
        if (x.opaque || y.opaque) return RULE_undecided;
        if (x.undefined || y.undefined) continue;
        const double size_x = complex_absolute(x.value).hi, size_y = complex_absolute(y.value).hi;
        const bool zero_x = size_x <= 64 * x.error, zero_y = size_y <= 64 * y.error;
        if (zero_x && zero_y) continue; /* on the curve, or both true of anything */
        if (zero_x || zero_y) return RULE_different_relation;
        Approximation ratio = {.value = complex_divide(x.value, y.value)};
        ratio.error =
            complex_absolute(ratio.value).hi * (x.error / size_x + y.error / size_y + 1e-28);
        ratio.masked = x.masked || y.masked;
        if (first.undefined) {
            first = ratio;
            if (complex_is_real(ratio.value)) *sign = ratio.value.re.hi > 0 ? 1 : -1;
        }
        switch (compare_values(&first, &ratio, true)) {
        case POINT_SAME: same++; break;
        case POINT_DIFFERENT: return RULE_different_relation;
        default: break;
        }
    }
    return same >= FEWEST_POINTS ? RULE_equation : RULE_undecided;
}
