/* x = 5 is the value 5 with the label x: what names a value, and when two names agree. */
#include <string.h>

#include "comparison.h"

bool undecided(Rule rule) { return RULE_FACTS[rule].decision == UNDECIDED; }

bool same_text(Compare *work, const Node *a, const Node *b) {
    return strcmp(node_canonical(work->arena, a), node_canonical(work->arena, b)) == 0 &&
           !work->arena->exhausted;
}

static bool upper_symbol(const Node *node) {
    if (node->kind != NODE_SYMBOL || node->text.size == 0) return false;
    const bool figure =
        text_starts(node->text, TEXT("angle")) || text_starts(node->text, TEXT("triangle"));
    return figure || (node->text.data[0] >= 'A' && node->text.data[0] <= 'Z');
}

/* "not the maximum": the value that follows is not the answer. */
static bool denies(Text words) {
    static const char *const DENIALS[] = {"not", "no", "never", "isn", "cannot", "wrong"};
    for (size_t at = 0; at < words.size;) {
        size_t end = at;
        while (end < words.size && words.data[end] != ' ') end++;
        for (size_t i = 0; i < sizeof DENIALS / sizeof *DENIALS; i++)
            if (unit_same_name((Text){words.data + at, end - at},
                               (Text){DENIALS[i], strlen(DENIALS[i])}))
                return true;
        at = end + 1;
    }
    return false;
}

/* What may stand to the left of "=" to name the value on the right: x, f(x), AB, |AB|, (p, q),
 * V_1 : V_2, NO/BO, f(1) + f(2), "Maximum". Not 2x, x + 1 or \sin x: those make an equation. */
static bool is_label(const Node *node) {
    switch (node->kind) {
    case NODE_WORDS: return !denies(node->text);
    case NODE_SYMBOL:
    case NODE_APPLY: return true;
    case NODE_PRODUCT:
        if (node->applied) return true;
        for (uint32_t i = 0; i < node->count; i++) {
            const Node *child = node->children[i];
            if (!upper_symbol(child) && !(child->kind == NODE_PRODUCT && is_label(child)))
                return false;
        }
        return true;
    case NODE_CALL: return node->function == FUNCTION_abs && is_label(node->children[0]);
    case NODE_POWER: /* A^{-1} */
        return upper_symbol(node->children[0]) && node->children[1]->kind == NODE_NEGATE;
    case NODE_GROUP:
    case NODE_UNION: /* A \cup B = {1, 2} */
    case NODE_INTERSECTION:
    case NODE_DIFFERENCE:
    case NODE_RATIO:
        for (uint32_t i = 0; i < node->count; i++)
            if (!is_label(node->children[i])) return false;
        return true;
    case NODE_QUOTIENT:
        return node->children[0]->kind != NODE_WORDS && is_label(node->children[0]) &&
               is_label(node->children[1]) &&
               (node->children[0]->kind == NODE_PRODUCT || upper_symbol(node->children[0]));
    case NODE_SUM:
        for (uint32_t i = 0; i < node->count; i++)
            if (node->children[i]->kind != NODE_APPLY) return false;
        return true;
    default: return false;
    }
}

bool is_constant(const Node *node) {
    Symbols symbols = {.count = 0};
    if (node->kind == NODE_QUANTITY) node = node->children[0];
    symbols_collect(&symbols, node);
    return is_scalar(node) && symbols.count == 0 && !node_contains(node, NODE_APPLY);
}

/* Whether two members of "a = b" or "a \approx b" can be told to differ. An approximation must be
 * the other member rounded, whatever the digits. */
static bool members_differ(Compare *work, const Node *a, const Node *b, bool about) {
    const CompareOptions options = {.tolerance = about ? 0.005 : -1};
    if (a->kind == NODE_QUANTITY) a = a->children[0];
    if (b->kind == NODE_QUANTITY) b = b->children[0];
    if (is_constant(a) && is_constant(b))
        return !rule_equal(compare_scalars(work->arena, a, b, options));
    if (about) {
        Compare loosely = *work;
        loosely.options = options;
        const Rule rule = compare_nodes(&loosely, a, b);
        work->comparisons = loosely.comparisons;
        return !rule_equal(rule);
    }
    /* x^2 + 1 = x^2 + 3; but \pi r^2 = 4\pi only says what r is */
    Symbols x = {.count = 0}, y = {.count = 0};
    symbols_collect(&x, a);
    symbols_collect(&y, b);
    bool same = x.count == y.count && is_scalar(a) && is_scalar(b);
    for (uint32_t i = 0; same && i < x.count; i++) same = symbols_find(&y, x.names[i]) >= 0;
    return same && RULE_FACTS[compare_scalars(work->arena, a, b, options)].decision == DIFFERENT;
}

/* A quantity that is asked for, which is no label because it may as well be a side of an equation:
 * \sin A, a + b, x_1 x_2, a/b. Not x + y or \rho \cos \theta, which make a curve, and nothing
 * with a number in it. */
static bool is_quantity_asked(const Node *node, uint32_t *names) {
    static const char *const COORDINATES[] = {"x", "y", "z", "r", "rho"};
    switch (node->kind) {
    case NODE_SYMBOL:
        ++*names;
        for (size_t i = 0; i < sizeof COORDINATES / sizeof *COORDINATES; i++)
            if (text_equal(node->text, (Text){COORDINATES[i], strlen(COORDINATES[i])}))
                return false;
        return true;
    case NODE_APPLY: ++*names; return true;
    case NODE_CALL:
        *names += 2;
        if (node->function == FUNCTION_abs) /* |a + b|, but |z - 1| = 2 is a circle */
            return is_quantity_asked(node->children[0], names);
        return node->function <= FUNCTION_csc && !is_constant(node);
    case NODE_SUM:
    case NODE_PRODUCT:
    case NODE_QUOTIENT:
    case NODE_NEGATE:
        for (uint32_t i = 0; i < node->count; i++)
            if (!is_quantity_asked(node->children[i], names)) return false;
        return true;
    default: return false;
    }
}

/* The value in a + b = 2 + 3 = 5; NULL where that is no quantity with a value. */
const Node *value_of_quantity(Compare *work, const Node *node) {
    if (node->kind != NODE_RELATION) return NULL;
    uint32_t names = 0;
    if (!is_quantity_asked(node->children[0], &names) || names < 2) return NULL;
    for (uint32_t i = 1; i < node->count; i++) {
        if (node->ops[i - 1] != '=' || !is_constant(node->children[i])) return NULL;
        if (i > 1 && members_differ(work, node->children[i - 1], node->children[i], false))
            return NULL;
    }
    return node->children[node->count - 1];
}

/* label = a = b \approx c: the value is the last exact member; constants along the way must agree.
 */
Part read_part(Compare *work, const Node *node, bool *contradiction) {
    if (node->kind != NODE_RELATION) return (Part){NULL, node};
    const int first_op = node->ops[0];
    if (node->count == 2 && first_op == MARK_IN && is_label(node->children[0]))
        return (Part){node->children[0], node->children[1]};
    uint32_t members = 1; /* those before the first approximation */
    for (uint32_t i = 0; i + 1 < node->count; i++) {
        if (node->ops[i] != '=' && node->ops[i] != MARK_APPROX) return (Part){NULL, node};
        if (members == i + 1 && (node->ops[i] == '=' || i == 0)) members++;
    }
    const bool only_about = first_op == MARK_APPROX && members == 2;
    if (only_about && !is_label(node->children[0])) members = 1; /* \sqrt 3 \approx 1.73 */
    const Node *value = node->children[members - 1];
    const Node *label =
        members > 1 && is_label(node->children[0]) && !is_constant(node->children[0])
            ? node->children[0]
            : NULL;
    for (uint32_t i = label == NULL ? 0 : 1; i + 1 < node->count; i++) {
        const Node *a = node->children[i], *b = node->children[i + 1];
        const bool about = node->ops[i] == MARK_APPROX;
        if (label == NULL && !about && !(is_constant(a) && is_constant(b)))
            continue; /* an equation */
        if (members_differ(work, a, b, about)) *contradiction = true;
    }
    if (label == NULL && members == 2 && is_constant(node->children[0]) &&
        node->children[1]->kind == NODE_SYMBOL) {
        return (Part){node->children[1], node->children[0]}; /* 5 = x */
    }
    if (members == 1) return (Part){NULL, node->children[0]};
    if (label == NULL && first_op == '=' && node->children[0]->kind == NODE_NUMBER &&
        node->children[0]->places < 0)
        return (Part){NULL, node}; /* 2 = 1 + 1 says nothing */
    if (label == NULL) {           /* 6/2 = 3 is 3; 2x = 6 is an equation */
        for (uint32_t i = 0; i < members; i++)
            if (!is_constant(node->children[i])) return (Part){NULL, node};
    }
    return (Part){label, value};
}

Text base_name(const Node *label) {
    Text name =
        label->kind == NODE_PRODUCT && label->applied ? label->children[0]->text : label->text;
    if (label->kind != NODE_SYMBOL && label->kind != NODE_APPLY &&
        !(label->kind == NODE_PRODUCT && label->applied)) {
        return TEXT("");
    }
    for (size_t i = 0; i < name.size; i++)
        if (name.data[i] == '_') name.size = i;
    return name;
}

/* Labels contradict unless they are the same, one is a word, one is y for f(x), or one only lacks
 * the other's subscript. */
bool labels_agree(Compare *work, const Node *a, const Node *b) {
    if (a == NULL || b == NULL || same_text(work, a, b)) return true;
    if (a->kind == NODE_WORDS && b->kind == NODE_WORDS) /* "minimum" is not "maximum" */
        return unit_same_name(a->text, b->text);
    if (a->kind == NODE_WORDS || b->kind == NODE_WORDS) return true;
    const Text x = base_name(a), y = base_name(b);
    const bool plot =
        (text_equal(x, TEXT("y")) && a->kind == NODE_SYMBOL && b->kind != NODE_SYMBOL) ||
        (text_equal(y, TEXT("y")) && b->kind == NODE_SYMBOL && a->kind != NODE_SYMBOL);
    if (plot && x.size > 0 && y.size > 0) return true;
    const bool bare = (a->kind == NODE_SYMBOL && text_equal(a->text, x)) ||
                      (b->kind == NODE_SYMBOL && text_equal(b->text, y));
    return x.size > 0 && text_equal(x, y) && bare;
}
