/* An answer of several parts: lists, sets and labelled values, in order or in any. */
#include "comparison.h"

/* ---- plus or minus ------------------------------------------------------------------------ */

static Node *with_sign(Arena *arena, const Node *node, bool upper) {
    if (node->kind == NODE_PLUSMINUS) {
        Node *inner = with_sign(arena, node->children[0], upper);
        if (inner == NULL || (node->mark == MARK_PLUSMINUS) == upper) return inner;
        Node *negative = node_new(arena, NODE_NEGATE, 1);
        if (negative != NULL) negative->children[0] = inner;
        return negative;
    }
    if (node->count == 0) return (Node *)node;
    Node *copy = node_copy(arena, node, 0);
    for (uint32_t i = 0; copy != NULL && i < copy->count; i++) {
        copy->children[i] = with_sign(arena, node->children[i], upper);
        if (copy->children[i] == NULL) return NULL;
    }
    return copy;
}

/* ---- gathering ---------------------------------------------------------------------------- */

bool is_declaration(const Node *node) { /* k \in \mathbb Z */
    return node->kind == NODE_RELATION && node->count == 2 && node->ops[0] == MARK_IN &&
           node->children[0]->kind == NODE_SYMBOL && node->children[1]->kind == NODE_NUMBERS;
}

static bool is_condition(const Node *node) {
    const bool worded = node->kind == NODE_QUANTITY && !unit_known(node->text) &&
                        node->children[0]->kind == NODE_SYMBOL; /* n even */
    return worded || node->kind == NODE_RELATION || node->kind == NODE_WORDS;
}

/* x^2, x > 0: a value and the condition under which it holds, which belong together; NULL if
 * `count` nodes are anything else. */
static const Node *case_of(Compare *work, Node **nodes, uint32_t count) {
    if (count < 2 || is_condition(nodes[0])) return NULL;
    for (uint32_t i = 1; i < count; i++)
        if (!is_condition(nodes[i]) || is_declaration(nodes[i])) return NULL;
    Node *conditions = nodes[1], *both = node_new(work->arena, NODE_GROUP, 2);
    if (count > 2) {
        conditions = node_new(work->arena, NODE_LIST, count - 1);
        int *ops = arena_take(work->arena, count * sizeof *ops);
        if (conditions == NULL || ops == NULL) return NULL;
        for (uint32_t i = 1; i < count; i++) {
            conditions->children[i - 1] = nodes[i];
            ops[i - 1] = ',';
        }
        conditions->ops = ops;
    }
    if (both == NULL) return NULL;
    both->mark = '(';
    both->close = ')';
    both->children[0] = nodes[0];
    both->children[1] = conditions;
    return both;
}

/* The cases of a function: lines of an environment, or x, x > 0; -x, x < 0. True if all were. */
static bool add_cases(Compare *work, Parts *parts, const Node *node) {
    const uint32_t before = parts->count;
    uint32_t start = 0;
    for (uint32_t i = 0; i < node->count; i++) {
        const bool ends = node->kind == NODE_SYSTEM || i + 1 == node->count || node->ops[i] == ';';
        if (!ends) continue;
        const Node *line = node->children[i];
        const bool row = start == i && line->kind == NODE_LIST;
        const Node *one = row ? case_of(work, line->children, line->count)
                              : case_of(work, node->children + start, i + 1 - start);
        start = i + 1;
        if (one == NULL || parts->count + 2 > MAX_LIST) {
            parts->count = before;
            return false;
        }
        parts->items[parts->count++] = (Part){NULL, one};
    }
    return true;
}

bool add_part(Compare *work, Parts *parts, const Node *node) {
    if (node->kind == NODE_LIST || node->kind == NODE_SYSTEM) {
        if (!node_contains(node, NODE_PLUSMINUS) && add_cases(work, parts, node)) return true;
        for (uint32_t i = 0; i < node->count; i++)
            if (!add_part(work, parts, node->children[i])) return false;
        return true;
    }
    if (is_declaration(node) && parts->count > 0) return true;
    if (parts->count + 2 > MAX_LIST) return false;
    if (node_contains(node, NODE_PLUSMINUS) && node->kind != NODE_SET) {
        for (int sign = 1; sign >= 0; sign--) {
            const Node *plain = with_sign(work->arena, node, sign == 1);
            if (plain == NULL) return false;
            parts->items[parts->count++] = read_part(work, plain, &parts->contradiction);
        }
        return true;
    }
    Part part = read_part(work, node, &parts->contradiction);
    /* x = 1, 2, 3: the label holds for all that follow */
    parts->items[parts->count++] = part;
    return true;
}

/* The members of a set or list, with \pm spelled out; anything else is its own one member. */
bool add_members(Compare *work, Parts *parts, const Node *node) {
    if (node->kind != NODE_SET) return add_part(work, parts, node);
    for (uint32_t i = 0; i < node->count; i++)
        if (!add_part(work, parts, node->children[i])) return false;
    return true;
}

/* Where the label of `relation` stands among the first `width` of `labels`, or `width`. */
static uint32_t place_of_label(Compare *work, const Node *labels, const Node *relation,
                               uint32_t width) {
    for (uint32_t i = 0; i < width && i < labels->count; i++)
        if (is_equation(labels->children[i]) &&
            same_text(work, labels->children[i]->children[0], relation->children[0]))
            return i;
    return width;
}

/* p=5, q=2; p=7, q=2: groups of labelled values are tuples, all in the order of `labels` if that
 * has the same ones, else in that of the first group. */
const Node *group_labelled(Compare *work, const Node *list, const Node *labels) {
    uint32_t width = 0, run = 1, groups = 1;
    bool alternating = false;
    for (uint32_t i = 0; i < list->count; i++) {
        const Node *child = list->children[i];
        if (child->kind != NODE_RELATION || child->ops[0] != '=' || child->count != 2) return list;
        if (i + 1 == list->count || list->ops[i] != ',') {
            if (width != 0 && run != width) return list;
            width = run;
            run = 1;
            if (i + 1 < list->count) {
                groups++;
                alternating = true;
            }
        } else {
            run++;
        }
    }
    if (!alternating || width < 2) return list;
    for (uint32_t j = 0; j < width; j++)
        if (place_of_label(work, labels, list->children[j], width) == width) labels = list;
    Node *grouped = node_new(work->arena, NODE_LIST, groups);
    int *ops = arena_take(work->arena, groups * sizeof *ops);
    if (grouped == NULL || ops == NULL) return list;
    for (uint32_t i = 0; i < groups; i++) {
        Node *tuple = node_new(work->arena, NODE_GROUP, width);
        if (tuple == NULL) return list;
        tuple->mark = '(';
        tuple->close = ')';
        for (uint32_t j = 0; j < width; j++) tuple->children[j] = NULL;
        for (uint32_t j = 0; j < width; j++) {
            const Node *relation = list->children[i * width + j];
            const uint32_t place = place_of_label(work, labels, relation, width);
            if (place == width || tuple->children[place] != NULL) return list;
            tuple->children[place] = relation->children[1];
        }
        grouped->children[i] = tuple;
        ops[i] = ',';
    }
    grouped->ops = ops;
    return grouped;
}

/* (f(n), g(n)) = (n, 1) and (x, y) = (1, 2): one labelled value for each member. */
bool split_tuple(Parts *parts) {
    if (parts->count != 1 || parts->items[0].label == NULL) return false;
    const Node *labels = parts->items[0].label, *values = parts->items[0].value;
    if (labels->kind != NODE_GROUP || values->kind != NODE_GROUP || labels->count != values->count)
        return false;
    parts->count = labels->count;
    for (uint32_t i = 0; i < labels->count; i++)
        parts->items[i] = (Part){labels->children[i], values->children[i]};
    return true;
}

uint32_t labelled(const Parts *parts) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < parts->count; i++) count += parts->items[i].label != NULL;
    return count;
}

/* x_1, x_2, ...: the solutions of an equation, numbered. */
static bool numbered(const Node *label, uint32_t number) {
    const Text base = base_name(label);
    if (label->kind != NODE_SYMBOL || base.size == 0) return false;
    uint32_t value = 0;
    for (size_t i = base.size + 1; i < label->text.size; i++) {
        const char c = label->text.data[i];
        if (c < '0' || c > '9' || value > MAX_LIST) return false;
        value = 10 * value + (uint32_t)(c - '0');
    }
    return value == number;
}

static bool one_label(Compare *work, const Parts *parts) {
    for (uint32_t i = 0; i < parts->count; i++) {
        const Node *first = parts->items[0].label, *label = parts->items[i].label;
        if (first == NULL || label == NULL || !same_text(work, first, label)) return false;
    }
    return true;
}

/* x and x, or x_1 and x_2: values of one unknown, so in no order. */
static bool one_unknown(Compare *work, const Parts *parts) {
    if (parts->count == 0 || labelled(parts) != parts->count) return false;
    bool counted = true;
    for (uint32_t i = 0; i < parts->count; i++)
        counted &= numbered(parts->items[i].label, i + 1) &&
                   text_equal(base_name(parts->items[0].label), base_name(parts->items[i].label));
    return counted || one_label(work, parts);
}

/* Whether the same label stands more than once: the parts are alternatives, and no point. */
bool repeats_label(Compare *work, const Parts *parts) {
    for (uint32_t i = 0; i < parts->count; i++)
        for (uint32_t j = 0; j < i; j++) {
            const Node *a = parts->items[i].label, *b = parts->items[j].label;
            if (a != NULL && b != NULL && same_text(work, a, b)) return true;
        }
    return false;
}

static bool labels_conflict(Compare *work, const Node *a, const Node *b) {
    return a != NULL && b != NULL && !labels_agree(work, a, b);
}

Rule compare_in_order(Compare *work, const Parts *reference, const Parts *answer) {
    Rule verdict = RULE_ordered;
    for (uint32_t i = 0; i < reference->count; i++) {
        const Rule rule = compare_nodes(work, reference->items[i].value, answer->items[i].value);
        if (undecided(rule))
            verdict = rule;
        else if (!rule_equal(rule))
            return rule == RULE_too_large ? rule : RULE_different_members;
    }
    return verdict;
}

/* Every reference part finds an answer part of its own; with `by_label`, under the same label. */
Rule compare_any_order(Compare *work, const Parts *reference, const Parts *answer, bool by_label) {
    bool used[MAX_LIST] = {false};
    bool unsure = false;
    for (uint32_t i = 0; i < reference->count; i++) {
        bool found = false, maybe = false;
        for (uint32_t j = 0; j < answer->count && !found; j++) {
            if (used[j]) continue;
            if (by_label && !same_text(work, reference->items[i].label, answer->items[j].label))
                continue;
            const Rule rule =
                compare_nodes(work, reference->items[i].value, answer->items[j].value);
            if (rule == RULE_too_large) return rule;
            if (rule_equal(rule)) found = used[j] = true;
            maybe |= undecided(rule);
        }
        if (!found && !maybe) return RULE_different_members;
        unsure |= !found;
    }
    return unsure ? RULE_undecided : by_label ? RULE_labelled : RULE_unordered;
}

static bool same_labels(Compare *work, const Parts *a, const Parts *b) {
    for (uint32_t i = 0; i < a->count; i++) {
        bool found = false;
        for (uint32_t j = 0; j < b->count && !found; j++)
            found = same_text(work, a->items[i].label, b->items[j].label);
        if (!found) return false;
    }
    return true;
}

Rule compare_parts(Compare *work, const Parts *reference, const Parts *answer) {
    if (reference->count != answer->count) return RULE_different_count;
    if (work->options.ordered) return compare_in_order(work, reference, answer);
    const bool reference_labelled = labelled(reference) == reference->count;
    const bool answer_labelled = labelled(answer) == answer->count;
    const bool both = reference_labelled && answer_labelled;
    const bool repeats = repeats_label(work, reference) || repeats_label(work, answer);
    if (both && !repeats && same_labels(work, reference, answer))
        return compare_any_order(work, reference, answer, true);
    const bool unknown = one_unknown(work, reference) && one_unknown(work, answer);
    for (uint32_t i = 0; i < reference->count; i++) {
        const Node *a = reference->items[i].label, *b = answer->items[i].label;
        if (labels_conflict(work, a, b)) return RULE_different_label;
        if (both && repeats && !unknown && !same_text(work, a, b)) return RULE_different_label;
    }
    if (both && !(unknown && repeats)) return compare_in_order(work, reference, answer);
    if (reference_labelled && !one_unknown(work, reference) && reference->count > 1)
        return compare_in_order(work, reference, answer);
    return compare_any_order(work, reference, answer, false);
}

Rule compare_children(Compare *work, const Node *reference, const Node *answer, Rule equal) {
    if (reference->count != answer->count) return RULE_different_count;
    bool unsure = false;
    for (uint32_t i = 0; i < reference->count; i++) {
        bool contradiction = false;
        const Part a = read_part(work, reference->children[i], &contradiction),
                   b = read_part(work, answer->children[i], &contradiction);
        if (contradiction) return RULE_contradiction;
        if (labels_conflict(work, a.label, b.label)) return RULE_different_label;
        const Rule rule = compare_nodes(work, a.value, b.value);
        if (undecided(rule))
            unsure = true;
        else if (!rule_equal(rule))
            return rule == RULE_too_large ? rule : RULE_different_members;
    }
    return unsure ? RULE_undecided : equal;
}

/* "1/2 or 0.5" states one value twice; a hedge between two values stays two. */
void merge_restated(Compare *work, const Node *list, Parts *parts) {
    if (list->kind != NODE_LIST || parts->count < 2) return;
    for (uint32_t i = 0; i + 1 < list->count; i++)
        if (list->ops[i] != MARK_OR) return;
    for (uint32_t i = 1; i < parts->count; i++) {
        const Part first = parts->items[0], other = parts->items[i];
        const bool same_label =
            first.label == other.label || (first.label != NULL && other.label != NULL &&
                                           same_text(work, first.label, other.label));
        if (!same_label || !rule_equal(compare_nodes(work, first.value, other.value))) return;
    }
    parts->count = 1;
}
