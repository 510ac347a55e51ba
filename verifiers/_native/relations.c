/* Equations and inequalities that are not solved for a variable. */
#include "comparison.h"

bool is_equation(const Node *node) {
    return node->kind == NODE_RELATION && node->count == 2 && node->ops[0] == '=';
}

bool is_residue(const Node *node) { /* 1 mod 4 */
    return node->kind == NODE_CALL && node->function == FUNCTION_mod;
}

static int flipped(int op) {
    switch (op) {
    case '<': return '>';
    case '>': return '<';
    case MARK_LE: return MARK_GE;
    case MARK_GE: return MARK_LE;
    default: return op;
    }
}

Rule compare_relations(Compare *work, const Node *reference, const Node *answer) {
    if (reference->count != answer->count) return RULE_different_relation;
    if (reference->count != 2) { /* f(2) < f(1) < f(4): member by member, in either direction */
        bool forward = true, backward = true;
        const uint32_t last = reference->count - 1;
        for (uint32_t i = 0; i < last; i++) {
            forward &= reference->ops[i] == answer->ops[i];
            backward &= reference->ops[i] == flipped(answer->ops[last - 1 - i]);
        }
        for (uint32_t i = 0; i <= last; i++) {
            if (forward)
                forward =
                    rule_equal(compare_nodes(work, reference->children[i], answer->children[i]));
            if (backward)
                backward = rule_equal(
                    compare_nodes(work, reference->children[i], answer->children[last - i]));
        }
        return forward || backward ? RULE_inequality : RULE_different_relation;
    }
    const int wanted = reference->ops[0], given = answer->ops[0];
    if (wanted == MARK_EQUIV || wanted == MARK_IN || wanted == MARK_SUBSET ||
        wanted == MARK_APPROX) {
        const bool moduli = is_residue(reference->children[1]) == is_residue(answer->children[1]);
        return wanted == given && moduli
                   ? compare_children(work, reference, answer, RULE_inequality)
                   : RULE_different_relation;
    }
    if (wanted != given && wanted != flipped(given)) return RULE_different_relation;
    for (int i = 0; i < 2; i++)
        if (!is_scalar(reference->children[i]) || !is_scalar(answer->children[i]))
            return compare_children(work, reference, answer, RULE_equation);
    const Node *a = node_difference(work->arena, reference->children[0], reference->children[1]);
    const Node *b = node_difference(work->arena, answer->children[0], answer->children[1]);
    if (a == NULL || b == NULL) return RULE_too_large;
    int sign;
    const Rule rule = compare_up_to_factor(work->arena, a, b, &sign);
    if (undecided(rule))
        return compare_children(work, reference, answer, RULE_equation); /* identities */
    if (!rule_equal(rule) || wanted == '=' || wanted == MARK_NE) return rule;
    if (sign == 0 || (sign > 0) != (wanted == given)) return RULE_different_relation;
    return RULE_inequality;
}

/* xy = 6 and 6/x: the answer solves the reference for the one symbol that it does not contain. */
Rule compare_solved(Compare *work, const Node *equation, const Node *solution) {
    Symbols wanted = {.count = 0}, given = {.count = 0};
    symbols_collect(&wanted, equation);
    symbols_collect(&given, solution);
    Text missing = TEXT("");
    for (uint32_t i = 0; i < wanted.count; i++) {
        if (symbols_find(&given, wanted.names[i]) >= 0) continue;
        if (missing.size > 0) return RULE_different_shape;
        missing = wanted.names[i];
    }
    if (missing.size == 0 || wanted.count < 2 || given.count != wanted.count - 1)
        return RULE_different_shape;
    const Node *left = node_substitute(work->arena, equation->children[0], missing, solution);
    const Node *right = node_substitute(work->arena, equation->children[1], missing, solution);
    if (left == NULL || right == NULL) return RULE_too_large;
    return rule_equal(compare_scalars(work->arena, left, right, work->options))
               ? RULE_equation
               : RULE_different_relation;
}
