/* Sets of real numbers: intervals, unions, inequalities in one variable, set-builder notation. */
#include <string.h>

#include "expression.h"

static bool infinite(const Node *node, int *sign) {
    *sign = 1;
    while (node->kind == NODE_NEGATE || (node->kind == NODE_PRODUCT && node->count == 1)) {
        if (node->kind == NODE_NEGATE) *sign = -*sign;
        node = node->children[0];
    }
    return node->kind == NODE_CONSTANT && node->mark == 'o';
}

static const Node *end_point(const Node *node) {
    int sign;
    return infinite(node, &sign) ? NULL : node;
}

/* Less, equal or greater by value; equal also where symbols keep us from knowing. */
static int order(Arena *arena, const Node *a, const Node *b, bool *known) {
    const Symbols none = {.count = 0};
    const Approximation x = evaluate_approximately(arena, a, &none, NULL),
                        y = evaluate_approximately(arena, b, &none, NULL);
    *known = !x.opaque && !x.undefined && !y.opaque && !y.undefined && complex_is_real(x.value) &&
             complex_is_real(y.value);
    if (!*known) return 0;
    const double gap = real_subtract(x.value.re, y.value.re).hi, error = 64 * (x.error + y.error);
    if (gap > error || gap < -error) return gap > 0 ? 1 : -1;
    return 0;
}

static bool add_piece(Region *region, Piece piece) {
    if (region->count == MAX_PIECES) return false;
    region->pieces[region->count++] = piece;
    return true;
}

static bool piece_empty(Arena *arena, const Piece *piece) {
    bool known;
    if (piece->low == NULL || piece->high == NULL) return false;
    const int relation = order(arena, piece->low, piece->high, &known);
    return known && (relation > 0 || (relation == 0 && !(piece->low_closed && piece->high_closed)));
}

/* Sorts the pieces and joins those that touch; false if their order cannot be known. */
static bool normalise(Arena *arena, Region *region) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < region->count; i++)
        if (!piece_empty(arena, &region->pieces[i])) region->pieces[count++] = region->pieces[i];
    region->count = count;
    bool known = true;
    for (uint32_t i = 1; i < count; i++) {
        for (uint32_t j = i; j > 0; j--) {
            Piece *a = &region->pieces[j - 1], *b = &region->pieces[j];
            int relation = a->low == NULL   ? -1
                           : b->low == NULL ? 1
                                            : order(arena, a->low, b->low, &known);
            if (a->low == NULL && b->low == NULL) relation = 0;
            if (!known) return false;
            if (relation == 0) relation = (int)b->low_closed - (int)a->low_closed;
            if (relation <= 0) break;
            const Piece swap = *a;
            *a = *b;
            *b = swap;
        }
    }
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        const Piece next = region->pieces[i];
        Piece *last = kept > 0 ? &region->pieces[kept - 1] : NULL;
        int touch = -1; /* whether `next` begins after the end of `last` */
        if (last != NULL)
            touch = last->high == NULL || next.low == NULL
                        ? -1
                        : order(arena, next.low, last->high, &known);
        if (!known) return false;
        if (last != NULL && (touch < 0 || (touch == 0 && (next.low_closed || last->high_closed)))) {
            const int ends = last->high == NULL  ? -1
                             : next.high == NULL ? 1
                                                 : order(arena, next.high, last->high, &known);
            if (!known) return false;
            if (ends > 0) {
                last->high = next.high;
                last->high_closed = next.high_closed;
            } else if (ends == 0) {
                last->high_closed |= next.high_closed;
            }
        } else {
            region->pieces[kept++] = next;
        }
    }
    region->count = kept;
    return true;
}

static bool intersect(Arena *arena, const Region *a, const Region *b, Region *result) {
    bool known = true;
    result->count = 0;
    for (uint32_t i = 0; i < a->count; i++) {
        for (uint32_t j = 0; j < b->count; j++) {
            Piece x = a->pieces[i];
            const Piece y = b->pieces[j];
            const int low = y.low == NULL   ? -1
                            : x.low == NULL ? 1
                                            : order(arena, y.low, x.low, &known);
            if (!known) return false;
            if (low > 0) x.low = y.low, x.low_closed = y.low_closed;
            if (low == 0) x.low_closed &= y.low_closed;
            const int high = y.high == NULL   ? 1
                             : x.high == NULL ? -1
                                              : order(arena, y.high, x.high, &known);
            if (!known) return false;
            if (high < 0) x.high = y.high, x.high_closed = y.high_closed;
            if (high == 0) x.high_closed &= y.high_closed;
            if (!piece_empty(arena, &x) && !add_piece(result, x)) return false;
        }
    }
    return true;
}

static bool complement(const Region *region, Region *result) {
    const Node *low = NULL;
    bool low_closed = false, open_end = true;
    result->count = 0;
    for (uint32_t i = 0; i < region->count; i++) {
        const Piece *piece = &region->pieces[i];
        if (piece->low != NULL &&
            !add_piece(result, (Piece){low, piece->low, low_closed, !piece->low_closed}))
            return false;
        low = piece->high;
        low_closed = !piece->high_closed;
        open_end = piece->high != NULL;
    }
    return !open_end || add_piece(result, (Piece){low, NULL, low_closed, false});
}

/* ---- inequalities ------------------------------------------------------------------------- */

static bool is_order_mark(int mark) {
    return mark == '<' || mark == '>' || mark == MARK_LE || mark == MARK_GE;
}

/* x, or f(1): with its argument, for f(2) is another one. */
static bool is_variable(Arena *arena, const Node *node, Text *name) {
    if (node->kind == NODE_SYMBOL) {
        *name = node->text;
        return true;
    }
    if (node->kind != NODE_APPLY && !(node->kind == NODE_PRODUCT && node->applied)) return false;
    const char *text = node_canonical(arena, node);
    *name = (Text){text, strlen(text)};
    return true;
}

/* 0 without a symbol, 1 for a x + b, 2 for anything else. */
static int degree(const Node *node) {
    int most = 0, total = 0;
    if (node->kind == NODE_SYMBOL) return 1;
    for (uint32_t i = 0; i < node->count; i++) {
        const int part = degree(node->children[i]);
        total += part;
        if (part > most) most = part;
    }
    if (most == 0 || node->kind == NODE_SUM || node->kind == NODE_NEGATE) return most;
    if (node->kind == NODE_PRODUCT) return total > 1 ? 2 : 1;
    return node->kind == NODE_QUOTIENT && degree(node->children[1]) == 0 ? most : 2;
}

/* a x + b with rational a != 0 in the one symbol of `node`, by its values at 0 and 1. */
static bool linear(Arena *arena, const Node *node, Text name, Rational *slope, Rational *offset) {
    Rational values[2];
    for (int i = 0; i < 2; i++) {
        Node *value = node_number(arena, i),
             *placed = value == NULL ? NULL : node_substitute(arena, node, name, value);
        if (placed == NULL || !evaluate_exactly(arena, placed, &values[i])) return false;
    }
    *offset = values[0];
    return degree(node) == 1 && rational_subtract(arena, values[1], values[0], slope) &&
           !rational_is_zero(*slope);
}

static Node *rational_node(Arena *arena, Rational value) {
    Node *node = node_new(arena, NODE_NUMBER, 0);
    if (node != NULL) node->number = value;
    return node;
}

static int turned(int op) {
    return op == '<'       ? '>'
           : op == '>'     ? '<'
           : op == MARK_LE ? MARK_GE
           : op == MARK_GE ? MARK_LE
                           : op;
}

static bool read_comparison(Arena *arena, const Node *left, int op, const Node *right,
                            Region *region);

/* |x| < 2 is x < 2 and x > -2, |x| > 2 is x > 2 or x < -2. */
static bool read_distance(Arena *arena, const Node *left, int op, const Node *right,
                          Region *region) {
    Region up = {.count = 0}, down = {.count = 0};
    Node *opposite = node_new(arena, NODE_NEGATE, 1);
    if (opposite == NULL) return false;
    opposite->children[0] = (Node *)right;
    if (!read_comparison(arena, left, op, right, &up) ||
        !read_comparison(arena, left, turned(op), opposite, &down) || !normalise(arena, &up) ||
        !normalise(arena, &down))
        return false;
    region->variable = up.variable;
    if (op == '<' || op == MARK_LE) return intersect(arena, &up, &down, region);
    for (uint32_t i = 0; i < down.count; i++)
        if (!add_piece(region, down.pieces[i])) return false;
    for (uint32_t i = 0; i < up.count; i++)
        if (!add_piece(region, up.pieces[i])) return false;
    return normalise(arena, region);
}

/* |x|, but not |z|, which bounds a disc, nor |x - 1|: an inequality in that is what was to be
 * solved. */
static bool is_distance(const Node *node) {
    return node->kind == NODE_CALL && node->function == FUNCTION_abs &&
           node->children[0]->kind == NODE_SYMBOL &&
           !text_equal(node->children[0]->text, TEXT("z"));
}

/* left op right, solved for its variable where one side is the variable or both are linear. */
static bool read_comparison(Arena *arena, const Node *left, int op, const Node *right,
                            Region *region) {
    Text name, other;
    const Node *bound = right;
    if (is_order_mark(op) && is_distance(left) && degree(right) == 0)
        return read_distance(arena, left->children[0], op, right, region);
    if (is_order_mark(op) && is_distance(right) && degree(left) == 0)
        return read_distance(arena, right->children[0], turned(op), left, region);
    if (!is_variable(arena, left, &name) || is_variable(arena, right, &other)) {
        if (is_variable(arena, right, &name) && !is_variable(arena, left, &other)) {
            bound = left;
            op = turned(op);
        } else {
            Symbols symbols = {.count = 0};
            Rational slope, offset, root;
            const Node *difference = node_difference(arena, left, right);
            if (difference == NULL) return false;
            symbols_collect(&symbols, difference);
            if (symbols.count != 1 ||
                !linear(arena, difference, symbols.names[0], &slope, &offset) ||
                !rational_divide(arena, rational_negate(offset), slope, &root)) {
                return false;
            }
            name = symbols.names[0];
            bound = rational_node(arena, root);
            if (bound == NULL) return false;
            if (slope.numerator.negative) op = turned(op);
        }
    }
    if (!is_scalar(bound)) return false;
    int sign;
    if (infinite(bound, &sign)) {
        const bool all = sign > 0 ? (op == '<' || op == MARK_LE) : (op == '>' || op == MARK_GE);
        region->variable = name;
        return all && add_piece(region, (Piece){NULL, NULL, false, false});
    }
    region->variable = name;
    switch (op) {
    case '<': return add_piece(region, (Piece){NULL, bound, false, false});
    case MARK_LE: return add_piece(region, (Piece){NULL, bound, false, true});
    case '>': return add_piece(region, (Piece){bound, NULL, false, false});
    case MARK_GE: return add_piece(region, (Piece){bound, NULL, true, false});
    case '=': return add_piece(region, (Piece){bound, bound, true, true});
    default:
        return add_piece(region, (Piece){NULL, bound, false, false}) &&
               add_piece(region, (Piece){bound, NULL, false, false});
    }
}

/* What is solved for: x, f(1), |x|; -x > -1 is near enough. */
static bool is_subject(const Node *node) {
    if (node->kind == NODE_NEGATE) node = node->children[0];
    return node->kind == NODE_SYMBOL || node->kind == NODE_APPLY || node->applied ||
           is_distance(node);
}

bool is_unsolved(const Node *node) {
    if (node->kind == NODE_RELATION && is_order_mark(node->ops[0]))
        return node->count == 2 ? !is_subject(node->children[0]) && !is_subject(node->children[1])
                                : !is_subject(node->children[1]);
    const bool several = node->kind == NODE_LIST || node->kind == NODE_SYSTEM ||
                         node->kind == NODE_BUILDER || node->kind == NODE_UNION ||
                         node->kind == NODE_INTERSECTION;
    for (uint32_t i = 0; several && i < node->count; i++)
        if (is_unsolved(node->children[i])) return true;
    return false;
}

static bool read_chain(Arena *arena, const Node *node, Region *region) {
    if (node->count == 2 && (is_order_mark(node->ops[0]) || node->ops[0] == MARK_NE))
        return read_comparison(arena, node->children[0], node->ops[0], node->children[1], region);
    if (node->count != 3 || !is_order_mark(node->ops[0]) || !is_order_mark(node->ops[1]))
        return false;
    const bool rising = node->ops[0] == '<' || node->ops[0] == MARK_LE;
    if (rising != (node->ops[1] == '<' || node->ops[1] == MARK_LE)) return false;
    Text name;
    if (!is_variable(arena, node->children[1], &name)) {
        Region first = {.count = 0}, second = {.count = 0};
        if (!read_comparison(arena, node->children[0], node->ops[0], node->children[1], &first) ||
            !read_comparison(arena, node->children[1], node->ops[1], node->children[2], &second) ||
            !text_equal(first.variable, second.variable) ||
            !intersect(arena, &first, &second, region)) {
            return false;
        }
        region->variable = first.variable;
        return true;
    }
    if (!is_scalar(node->children[0]) || !is_scalar(node->children[2])) return false;
    const Node *ends[2] = {end_point(node->children[0]), end_point(node->children[2])};
    const bool closed[2] = {node->ops[0] == MARK_LE || node->ops[0] == MARK_GE,
                            node->ops[1] == MARK_LE || node->ops[1] == MARK_GE};
    region->variable = name;
    return add_piece(region, (Piece){ends[!rising], ends[rising], closed[!rising], closed[rising]});
}

/* ---- reading ------------------------------------------------------------------------------ */

static bool read(Arena *arena, const Node *node, Region *region, int depth);

static bool read_group(Arena *arena, const Node *node, Region *region) {
    if (node->count != 2 || node->mark == 0) return false; /* (a) 1 (b) 2 */
    const bool low_closed = node->mark == '[', high_closed = node->close == ']';
    int low_sign, high_sign;
    const bool low_infinite = infinite(node->children[0], &low_sign),
               high_infinite = infinite(node->children[1], &high_sign);
    if ((low_infinite && (low_sign > 0 || low_closed)) ||
        (high_infinite && (high_sign < 0 || high_closed)))
        return false; /* (3, \infty] */
    if (!low_infinite && !is_scalar(node->children[0])) return false;
    if (!high_infinite && !is_scalar(node->children[1])) return false;
    region->certain = low_closed != high_closed || low_infinite || high_infinite;
    const Piece piece = {end_point(node->children[0]), end_point(node->children[1]), low_closed,
                         high_closed};
    return !piece_empty(arena, &piece) && add_piece(region, piece); /* (5, 2) is a point */
}

/* "" is the reals: what is in two sets of numbers is in the narrower; Q and N are left apart. */
static bool join_domains(Region *region, Text other, bool every) {
    if (text_equal(region->domain, other)) return true;
    if (!every || (region->domain.size > 0 && other.size > 0)) return false;
    if (other.size > 0) region->domain = other;
    return true;
}

static bool read_parts(Arena *arena, const Node *node, Region *region, bool every, int depth) {
    for (uint32_t i = 0; i < node->count; i++) {
        Region part = {.count = 0};
        if (!read(arena, node->children[i], &part, depth + 1) || !normalise(arena, &part))
            return false;
        if (region->variable.size > 0 && part.variable.size > 0 &&
            !text_equal(region->variable, part.variable))
            return false;
        if (i == 0) {
            *region = part;
            continue;
        }
        if (!join_domains(region, part.domain, every)) return false;
        if (every) {
            Region both = {.variable = part.variable, .domain = region->domain};
            if (!intersect(arena, region, &part, &both)) return false;
            *region = both;
        } else {
            for (uint32_t j = 0; j < part.count; j++)
                if (!add_piece(region, part.pieces[j])) return false;
        }
    }
    region->certain = true;
    return normalise(arena, region);
}

static bool read_list(Arena *arena, const Node *node, Region *region, int depth) {
    int op = 0; /* all separators must mean the same */
    for (uint32_t i = 0; i < node->count; i++) {
        const Node *child = node->children[i];
        const bool inequality = child->kind == NODE_RELATION &&
                                (is_order_mark(child->ops[0]) || child->ops[0] == MARK_NE ||
                                 child->ops[0] == '=' || child->ops[0] == MARK_IN);
        const bool interval = child->kind == NODE_GROUP || child->kind == NODE_UNION;
        if (!inequality && !interval) return false;
        if (i + 1 < node->count) {
            const int next = node->ops[i] == MARK_OR ? MARK_OR : MARK_AND;
            if (op != 0 && next != op && node->ops[i] != ',') return false;
            if (op == 0 || node->ops[i] != ',') op = next;
        }
        if (interval && (node->ops[i < node->count - 1 ? i : i - 1] != MARK_OR)) return false;
    }
    bool ordered = false, points = true;
    for (uint32_t i = 0; i < node->count; i++) {
        const Node *child = node->children[i];
        points &= child->kind == NODE_GROUP && child->mark == '(' && child->close == ')' &&
                  end_point(child->children[0]) != NULL && end_point(child->children[1]) != NULL;
        if (child->kind == NODE_RELATION &&
            (is_order_mark(child->ops[0]) || child->ops[0] == MARK_NE))
            ordered = true;
        if (child->kind != NODE_RELATION) ordered = true;
    }
    if (!ordered || !read_parts(arena, node, region, op != MARK_OR, depth)) return false;
    region->certain = !points; /* (1, 3) or (2, 4) may be points */
    return true;
}

/* R, Z, Q, N; with a plus, the positive ones. */
static bool read_numbers(Arena *arena, Text name, Region *region) {
    const bool positive = name.size == 2 && name.data[1] == '+';
    if (name.size != 1 && !positive) return false;
    if (memchr("RZQN", name.data[0], 4) == NULL) return false;
    const Node *zero = node_number(arena, 0);
    if (name.data[0] != 'R') region->domain = (Text){name.data, 1};
    return zero != NULL && add_piece(region, (Piece){positive ? zero : NULL, NULL, false, false});
}

static bool read(Arena *arena, const Node *node, Region *region, int depth) {
    if (depth > 8) return false;
    switch (node->kind) {
    case NODE_GROUP: return read_group(arena, node, region);
    case NODE_SET:
        for (uint32_t i = 0; i < node->count; i++)
            if (!is_scalar(node->children[i]) ||
                !add_piece(region, (Piece){node->children[i], node->children[i], true, true}))
                return false;
        return true;
    case NODE_EMPTY_SET: region->certain = true; return true;
    case NODE_NUMBERS: region->certain = true; return read_numbers(arena, node->text, region);
    case NODE_UNION: return read_parts(arena, node, region, false, depth);
    case NODE_INTERSECTION: return read_parts(arena, node, region, true, depth);
    case NODE_DIFFERENCE: {
        Region left = {.count = 0}, right = {.count = 0}, outside = {.count = 0};
        region->certain = true;
        return read(arena, node->children[0], &left, depth + 1) &&
               read(arena, node->children[1], &right, depth + 1) && normalise(arena, &left) &&
               normalise(arena, &right) && complement(&right, &outside) &&
               (right.domain.size == 0 || text_equal(left.domain, right.domain)) &&
               join_domains(region, left.domain, true) && intersect(arena, &left, &outside, region);
    }
    case NODE_BUILDER: {
        Text name;
        const Node *left = node->children[0];
        Region such = {.count = 0}, from = {.pieces = {{NULL, NULL, false, false}}, .count = 1};
        if (left->kind == NODE_RELATION && left->count == 2 && left->ops[0] == MARK_IN) {
            from.count = 0;
            if (!read(arena, left->children[1], &from, depth + 1)) return false;
            left = left->children[0];
        }
        if (!is_variable(arena, left, &name) || !read(arena, node->children[1], &such, depth + 1) ||
            !text_equal(such.variable, name))
            return false;
        region->certain = true;
        region->domain = such.domain;
        return join_domains(region, from.domain, true) && normalise(arena, &such) &&
               normalise(arena, &from) && intersect(arena, &such, &from, region);
    }
    case NODE_RELATION:
        if (node->count == 2 && node->ops[0] == MARK_IN) {
            Text name;
            if (!is_variable(arena, node->children[0], &name) ||
                !read(arena, node->children[1], region, depth + 1))
                return false;
            region->variable = name;
            region->certain = true;
            return true;
        }
        if (node->count == 2 && node->ops[0] == '=')
            return read_comparison(arena, node->children[0], '=', node->children[1], region);
        region->certain = true;
        return read_chain(arena, node, region);
    case NODE_LIST: return read_list(arena, node, region, depth);
    default: return false;
    }
}

/* The next integer from an end of a set of integers inwards, which belongs to it; false where the
 * end is not known exactly. */
static bool round_end(Arena *arena, const Node **end, bool *closed, bool low, Rational *value) {
    Integer whole, one;
    if (*end == NULL || !evaluate_exactly(arena, *end, value) ||
        !rational_floor(arena, *value, &whole) || !integer_from_int64(arena, 1, &one))
        return false;
    const bool integer = rational_is_integer(*value);
    if (low && !(integer && *closed) && !integer_add(arena, whole, one, &whole)) return false;
    if (!low && integer && !*closed && !integer_subtract(arena, whole, one, &whole)) return false;
    *closed = rational_make(arena, whole, one, value);
    *end = *closed ? rational_node(arena, *value) : NULL;
    return *end != NULL;
}

/* Sets of integers end in integers, and a few of them are points: then they compare as any set
 * does. N may begin at 0 or at 1, so its subsets are those of Z only from 1 on. */
static bool settle_integers(Arena *arena, Region *region) {
    Region whole = *region, points = {.variable = region->variable};
    bool few = true;
    for (uint32_t i = 0; i < whole.count; i++) {
        Piece *piece = &whole.pieces[i];
        const bool bounded = piece->low != NULL && piece->high != NULL;
        Rational low, high;
        int64_t first = 1, last = 0;
        if (piece->low != NULL && !round_end(arena, &piece->low, &piece->low_closed, true, &low))
            return true;
        if (piece->high != NULL &&
            !round_end(arena, &piece->high, &piece->high_closed, false, &high))
            return true;
        if (text_equal(whole.domain, TEXT("N")) &&
            (piece->low == NULL || low.numerator.negative || rational_is_zero(low)))
            return true;
        few &= bounded && integer_to_int64(low.numerator, &first) &&
               integer_to_int64(high.numerator, &last) && first > INT32_MIN && last < INT32_MAX &&
               last - first < MAX_PIECES;
        for (int64_t n = first; few && n <= last; n++) {
            const Node *point = node_number(arena, n);
            if (point == NULL) return false;
            few &= add_piece(&points, (Piece){point, point, true, true});
        }
    }
    whole.domain = TEXT("Z");
    points.certain = region->certain;
    *region = few ? points : whole;
    return normalise(arena, region);
}

bool region_read(Arena *arena, const Node *node, Region *region) {
    *region = (Region){.count = 0};
    if (!read(arena, node, region, 0)) return false;
    if (region->count > 1 && !normalise(arena, region)) return region->count <= MAX_PIECES;
    const bool integers =
        text_equal(region->domain, TEXT("Z")) || text_equal(region->domain, TEXT("N"));
    return !integers || settle_integers(arena, region);
}

static bool same_end(Arena *arena, const Node *a, const Node *b, CompareOptions options,
                     bool *undecided) {
    if (a == NULL || b == NULL) return a == b;
    const Rule rule = compare_scalars(arena, a, b, options);
    if (RULE_FACTS[rule].decision == UNDECIDED) *undecided = true;
    return rule_equal(rule);
}

Rule compare_regions(Arena *arena, const Region *reference, const Region *answer,
                     CompareOptions options) {
    bool undecided = false;
    if (reference->count != answer->count || !text_equal(reference->domain, answer->domain))
        return RULE_different_bounds;
    for (uint32_t i = 0; i < reference->count; i++) {
        const Piece *a = &reference->pieces[i], *b = &answer->pieces[i];
        if (a->low_closed != b->low_closed || a->high_closed != b->high_closed)
            return RULE_different_bounds;
        if (!same_end(arena, a->low, b->low, options, &undecided) ||
            !same_end(arena, a->high, b->high, options, &undecided)) {
            return undecided ? RULE_undecided : RULE_different_bounds;
        }
    }
    return RULE_interval;
}
