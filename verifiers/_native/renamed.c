/* The same family under another name for its parameter. */
#include <string.h>

#include "comparison.h"

static bool letter_of(Text name, const char *letters) {
    return name.size > 0 && strchr(letters, name.data[0]) != NULL &&
           (name.size == 1 || name.data[1] == '_');
}

bool is_integer_letter(Text name) { return letter_of(name, "kmnlj"); }

static bool declared_integer(const Node *node, Text name) {
    if (is_declaration(node))
        return !text_equal(node->children[1]->text, TEXT("R")) &&
               text_equal(node->children[0]->text, name);
    for (uint32_t i = 0; i < node->count; i++)
        if (node->kind == NODE_LIST && declared_integer(node->children[i], name)) return true;
    return false;
}

static bool contains_pi(const Node *node) {
    if (node->kind == NODE_CONSTANT && node->mark == 'p') return true;
    for (uint32_t i = 0; i < node->count; i++)
        if (contains_pi(node->children[i])) return true;
    return false;
}

static const char CONSTANT_LETTERS[] = "ABCDKc";

/* Whether both are functions of the same variable, as y = Cx is. Bare letters are options of a
 * question, or points; beside other letters, as in (c - b)/x, a letter may have been given. */
static bool share_variable(const Symbols *a, const Symbols *b) {
    bool shared = false;
    for (uint32_t i = 0; i < a->count; i++) {
        if (letter_of(a->names[i], CONSTANT_LETTERS)) continue;
        if (!letter_of(a->names[i], "xyztsuvrn") && !text_equal(a->names[i], TEXT("theta")))
            return false;
        shared |= symbols_find(b, a->names[i]) >= 0;
    }
    return shared;
}

/* \angle A, P(A), f(C): what a function is applied to is no parameter of it. */
static bool is_argument(const Node *node, Text name) {
    const bool applied = node->kind == NODE_APPLY || (node->kind == NODE_PRODUCT && node->applied);
    for (uint32_t i = 0; i < node->count; i++) {
        const Node *child = node->children[i];
        if (is_argument(child, name) ||
            (applied && child->kind == NODE_SYMBOL && text_equal(child->text, name)))
            return true;
    }
    return false;
}

/* Two names for one free parameter: a constant of integration, or an integer. */
static bool may_rename(const Node *reference, const Node *answer, Text from, Text to) {
    if (letter_of(from, CONSTANT_LETTERS) && letter_of(to, CONSTANT_LETTERS)) {
        Symbols a = {.count = 0}, b = {.count = 0};
        symbols_collect(&a, reference);
        symbols_collect(&b, answer);
        return share_variable(&a, &b) && !is_argument(answer, from) &&
               !is_argument(reference, to) && reference->kind != NODE_LIST &&
               answer->kind != NODE_LIST;
    }
    const bool integers = letter_of(from, "kmnl") && letter_of(to, "kmnl");
    const bool wanted = declared_integer(reference, to), given = declared_integer(answer, from);
    const bool declared = (wanted || goes_without_saying(reference, to, TEXT("Z"))) &&
                          (given || goes_without_saying(answer, from, TEXT("Z")));
    return (declared && (wanted || given)) ||
           (integers && contains_pi(reference) && contains_pi(answer));
}

/* The argument of a label f(x), if it is one symbol. */
Text bound_argument(const Node *node) {
    const Node *label =
        node->kind == NODE_RELATION && node->ops[0] == '=' ? node->children[0] : NULL;
    if (label == NULL) return TEXT("");
    if (label->kind == NODE_APPLY && label->count == 1 && label->children[0]->kind == NODE_SYMBOL)
        return label->children[0]->text;
    if (label->kind == NODE_PRODUCT && label->applied) return label->children[1]->text;
    return TEXT("");
}

/* Whether an argument may be renamed: f(x) = x + 1 or f(x) = 0, but not P(A) = 1/2. */
static bool is_bound(const Node *relation, Text argument) {
    Symbols used = {.count = 0};
    for (uint32_t i = 1; i < relation->count; i++) symbols_collect(&used, relation->children[i]);
    return symbols_find(&used, argument) >= 0 || letter_of(argument, "xyztnmkuvws");
}

static Node *renamed(Arena *arena, const Node *node, Text from, Text to) {
    Node *symbol = node_new(arena, NODE_SYMBOL, 0);
    if (symbol == NULL) return NULL;
    symbol->text = to;
    return node_substitute(arena, node, from, symbol);
}

static void collect_parts(Symbols *symbols, const Parts *parts, bool labels) {
    for (uint32_t i = 0; i < parts->count; i++) {
        if (labels && parts->items[i].label != NULL)
            symbols_collect(symbols, parts->items[i].label);
        symbols_collect(symbols, parts->items[i].value);
    }
}

Rule compare_renamed(Compare *work, const Node *reference, const Node *answer) {
    reference = spelled_out(work, reference);
    answer = spelled_out(work, answer);
    const Text wanted = bound_argument(reference), given = bound_argument(answer);
    if (wanted.size > 0 && given.size > 0 && !text_equal(wanted, given) &&
        is_bound(reference, wanted) && is_bound(answer, given)) {
        Symbols all = {.count = 0};
        symbols_collect(&all, answer);
        if (symbols_find(&all, wanted) >= 0) return RULE_undecided;
        answer = renamed(work->arena, answer, given, wanted);
        if (answer == NULL) return RULE_too_large;
        if (rule_equal(compare_tops(work, reference, answer))) return RULE_family;
    }
    Symbols a = {.count = 0}, b = {.count = 0};
    Parts wanted_parts = {.count = 0}, given_parts = {.count = 0};
    if (!add_part(work, &wanted_parts, reference) || !add_part(work, &given_parts, answer))
        return RULE_too_large;
    const bool both = labelled(&wanted_parts) > 0 && labelled(&given_parts) > 0;
    collect_parts(&a, &wanted_parts, both); /* a label that one side leaves out is no parameter */
    collect_parts(&b, &given_parts, both);
    Symbols taken = {.count = 0}; /* names of values: a parameter may not turn into one */
    for (uint32_t i = 0; !both && i < wanted_parts.count; i++)
        if (wanted_parts.items[i].label != NULL)
            symbols_collect(&taken, wanted_parts.items[i].label);
    for (uint32_t i = 0; !both && i < given_parts.count; i++)
        if (given_parts.items[i].label != NULL) symbols_collect(&taken, given_parts.items[i].label);
    Text only_a[2], only_b[2];
    uint32_t count_a = 0, count_b = 0;
    for (uint32_t i = 0; i < a.count; i++)
        if (symbols_find(&b, a.names[i]) < 0 && ++count_a <= 2) only_a[count_a - 1] = a.names[i];
    for (uint32_t i = 0; i < b.count; i++)
        if (symbols_find(&a, b.names[i]) < 0 && ++count_b <= 2) only_b[count_b - 1] = b.names[i];
    if (count_a != count_b || count_a == 0 || count_a > 2) return RULE_undecided;
    for (uint32_t swap = 0; swap < count_a; swap++) {
        const Node *tried = answer;
        bool allowed = true;
        for (uint32_t i = 0; i < count_a && tried != NULL; i++) {
            const Text to = only_a[i ^ swap];
            allowed &= may_rename(reference, answer, only_b[i], to) &&
                       symbols_find(&taken, to) < 0 && symbols_find(&taken, only_b[i]) < 0;
            tried = renamed(work->arena, tried, only_b[i], to);
        }
        if (tried == NULL) return RULE_too_large;
        if (allowed && rule_equal(compare_tops(work, reference, tried))) return RULE_family;
    }
    return RULE_undecided;
}
