/* Two answers -> equal, different or undecided, and the rule that said so. */
#include <string.h>

#include "comparison.h"

enum { MAX_COMPARISONS = 20000, MAX_COMPARE_DEPTH = 24 };

/* ---- any two expressions ------------------------------------------------------------------ */

static bool is_text_like(const Node *node) {
    return node->kind == NODE_WORDS || node->kind == NODE_SYMBOL;
}

static bool decimal_comma(Compare *work, const Node *list, const Node *number,
                          bool below_one) { /* 1,22 for 1.22 */
    if (list->kind != NODE_LIST || list->braced || list->count != 2 || list->ops[0] != ',' ||
        number->kind != NODE_NUMBER)
        return false;
    const Node *whole = list->children[0], *digits = list->children[1];
    Rational fraction;
    return whole->kind == NODE_NUMBER && whole->places < 0 && digits->kind == NODE_NUMBER &&
           digits->places < 0 && number->places == (int32_t)digits->text.size &&
           rational_scale10(work->arena, digits->number, -number->places, &fraction) &&
           rational_add(work->arena, whole->number, fraction, &fraction) &&
           rational_equal(fraction, number->number) &&
           (!below_one || rational_is_zero(whole->number));
}

static Rule compare_based(Compare *work, const Node *reference, const Node *answer) {
    if (reference->kind == NODE_BASED && answer->kind == NODE_BASED) {
        return reference->places == answer->places &&
                       rational_equal(reference->number, answer->number)
                   ? RULE_number
                   : RULE_different_number;
    }
    const Node *based = reference->kind == NODE_BASED ? reference : answer,
               *other = based == reference ? answer : reference;
    Rational digits; /* an answer may leave the base out, as it may a unit */
    return based == reference && other->kind == NODE_NUMBER &&
                   rational_from_decimal(work->arena, based->text, &digits) &&
                   rational_equal(digits, other->number)
               ? RULE_number
               : RULE_different_shape;
}

/* The parts of a set, a list, a tuple or a system. */
static bool add_inner(Compare *work, Parts *parts, const Node *node) {
    if (node->kind == NODE_LIST || node->kind == NODE_SYSTEM) return add_part(work, parts, node);
    for (uint32_t i = 0; i < node->count; i++)
        if (!add_part(work, parts, node->children[i])) return false;
    return true;
}

/* What some words stand for: "no solution" is the empty set, "all real numbers" the reals. */
static NodeKind meaning_of_words(const Node *node) {
    static const struct {
        const char *words;
        NodeKind kind;
    } MEANINGS[] = {
        {"no solution", NODE_EMPTY_SET},    {"no real solution", NODE_EMPTY_SET},
        {"empty set", NODE_EMPTY_SET},      {"无解", NODE_EMPTY_SET},
        {"infinitely many", NODE_CONSTANT}, {"infinitely many solution", NODE_CONSTANT},
        {"infinite", NODE_CONSTANT},        {"all real number", NODE_NUMBERS},
        {"all reals", NODE_NUMBERS},
    };
    for (size_t i = 0; node->kind == NODE_WORDS && i < sizeof MEANINGS / sizeof *MEANINGS; i++) {
        const Text words = {MEANINGS[i].words, strlen(MEANINGS[i].words)};
        if (unit_same_name(usual_words(node->text), words))
            return MEANINGS[i].kind; /* plural and case aside */
    }
    return node->kind;
}

/* Over what `name` ranges, if the answer says it; `any` is set where it says so of some name. */
static const Node *declared_range(const Node *answer, Text name, bool *any) {
    const Node *range = NULL;
    for (uint32_t i = 0; answer->kind == NODE_LIST && i < answer->count; i++) {
        const Node *child = answer->children[i];
        if (!is_declaration(child)) continue;
        *any = true;
        if (text_equal(child->children[0]->text, name)) range = child->children[1];
    }
    return range;
}

/* Whether an answer says nothing of a parameter that ranges over `range`, and need not: it is the x
 * of f(x), it or what it gives the value of has a letter that stands for an integer, or it is real.
 */
bool goes_without_saying(const Node *answer, Text name, Text range) {
    if (text_equal(range, TEXT("R")) || text_equal(bound_argument(answer), name)) return true;
    if (range.size == 0 || memchr("ZN", range.data[0], 2) == NULL) return false;
    Symbols labels = {.count = 0};
    if (is_equation(answer)) symbols_collect(&labels, answer->children[0]);
    bool integer = is_integer_letter(name);
    for (uint32_t i = 0; i < labels.count; i++) integer |= is_integer_letter(labels.names[i]);
    for (uint32_t i = 0; answer->kind == NODE_LIST && i < answer->count; i++)
        integer |= is_equation(answer->children[i]) &&
                   text_equal(bound_argument(answer->children[i]), name);
    return integer;
}

/* Whether `a` says over what one parameter ranges, and `b` disagrees, or uses it otherwise. */
static bool ranges_differ(const Node *a, const Node *b) {
    Symbols used = {.count = 0};
    symbols_collect(&used, b);
    for (uint32_t i = 0; a->kind == NODE_LIST && i < a->count; i++) {
        if (!is_declaration(a->children[i])) continue;
        const Text name = a->children[i]->children[0]->text;
        const Text range = a->children[i]->children[1]->text;
        bool any = false;
        const Node *other = declared_range(b, name, &any);
        if (other != NULL && !text_equal(range, other->text)) return true;
        if (other != NULL || symbols_find(&used, name) < 0) continue;
        if (any || !goes_without_saying(b, name, range)) return true;
    }
    return false;
}

static bool declarations_differ(const Node *a, const Node *b) {
    return ranges_differ(a, b) || ranges_differ(b, a);
}

static Rule compare_kinds(Compare *work, const Node *reference, const Node *answer) {
    const NodeKind wanted = reference->kind, given = answer->kind;
    if (wanted == NODE_OPAQUE || given == NODE_OPAQUE) return RULE_undecided;
    if (wanted == NODE_QUANTITY || given == NODE_QUANTITY) {
        if (is_degree(reference) && is_degree(answer))
            return compare_nodes(work, reference->children[0], answer->children[0]);
        if ((is_degree(reference) && is_radian(answer)) ||
            (is_radian(reference) && is_degree(answer))) {
            const Node *wanted_angle = is_degree(reference) ? reference : reference->children[0];
            const Node *given_angle = is_degree(answer) ? answer : answer->children[0];
            const Rule rule =
                compare_scalars(work->arena, wanted_angle, given_angle, work->options);
            return rule_equal(rule) ? RULE_quantity : RULE_different_value;
        }
        const bool radians =
            (is_degree(reference) && is_scalar(answer) && answer->kind != NODE_NUMBER) ||
            (is_degree(answer) && is_scalar(reference) && reference->kind != NODE_NUMBER);
        if (radians) {
            const Rule rule = compare_scalars(work->arena, reference, answer, work->options);
            if (rule_equal(rule)) return RULE_quantity;
        }
        return compare_quantities(work, reference, answer);
    }
    if (wanted == NODE_BASED || given == NODE_BASED) return compare_based(work, reference, answer);
    if (wanted == NODE_PERCENT || given == NODE_PERCENT) {
        return is_scalar(reference) && is_scalar(answer) ? compare_percent(work, reference, answer)
                                                         : RULE_different_shape;
    }
    if (wanted == NODE_RATIO || given == NODE_RATIO) return compare_ratios(work, reference, answer);
    if (node_contains(reference, NODE_MATRIX) || node_contains(answer, NODE_MATRIX)) {
        if (wanted != NODE_LIST && given != NODE_LIST)
            return compare_matrices(work, reference, answer);
    }
    if (is_residue(reference) && is_residue(answer) &&
        !same_text(work, reference->children[1], answer->children[1]))
        return RULE_different_value; /* 1 mod 3 is not 1 mod 5 */
    if (is_scalar(reference) && is_scalar(answer))
        return compare_scalars(work->arena, reference, answer, work->options);
    Region wanted_region, given_region;
    const bool intervals =
        (wanted == NODE_GROUP && given == NODE_GROUP && reference->count == answer->count);
    const bool sets = wanted == NODE_SET && given == NODE_SET;
    const bool lists = wanted == NODE_LIST && given == NODE_LIST;
    if (!intervals && !sets && region_read(work->arena, reference, &wanted_region) &&
        region_read(work->arena, answer, &given_region) &&
        (wanted_region.certain || given_region.certain) &&
        (!lists || (wanted_region.variable.size > 0 && given_region.variable.size > 0))) {
        const Text a = wanted_region.variable, b = given_region.variable;
        if (a.size > 0 && b.size > 0 && !text_equal(a, b)) return RULE_different_label;
        if (is_unsolved(answer) && !is_unsolved(reference)) return RULE_unsolved;
        return compare_regions(work->arena, &wanted_region, &given_region, work->options);
    }
    const Node *named = wanted == NODE_APPLY ? reference : answer,
               *point = named == reference ? answer : reference;
    if (named->kind == NODE_APPLY && point->kind == NODE_GROUP && named->count >= 2 &&
        point->mark == '(' && point->close == ')' && named->text.data[0] >= 'A' &&
        named->text.data[0] <= 'Z') {
        return compare_children(work, reference, answer, RULE_ordered); /* P(1, 2) */
    }
    if (wanted == NODE_GROUP && given == NODE_GROUP) {
        const bool half_open = reference->mark != answer->mark || reference->close != answer->close;
        if (reference->count == 2 && half_open) return RULE_different_bounds;
        const Rule rule = compare_children(work, reference, answer, RULE_ordered);
        if (rule != RULE_different_members || work->depth > 1) return rule;
        Parts a = {.count = 0}, b = {.count = 0}; /* only to say what is wrong */
        for (uint32_t i = 0; i < reference->count; i++)
            if (!add_part(work, &a, reference->children[i]) ||
                !add_part(work, &b, answer->children[i]))
                return rule;
        if (a.count != b.count) return rule;
        return rule_equal(compare_any_order(work, &a, &b, false)) ? RULE_different_order : rule;
    }
    if (wanted == NODE_RELATION && given == NODE_RELATION)
        return compare_relations(work, reference, answer);
    if (is_equation(reference) && is_scalar(answer)) return compare_solved(work, reference, answer);
    if (wanted == NODE_BUILDER && given == NODE_BUILDER) {
        if (declarations_differ(reference->children[1], answer->children[1]))
            return RULE_different_members;
        return compare_children(work, reference, answer, RULE_interval);
    }
    const bool one_plain = ((wanted == NODE_NUMBERS && given == NODE_SYMBOL) ||
                            (wanted == NODE_SYMBOL && given == NODE_NUMBERS)) &&
                           names_numbers(answer->text); /* R for \mathbb R */
    if (one_plain || (wanted == NODE_NUMBERS && given == NODE_NUMBERS))
        return text_equal(reference->text, answer->text) ? RULE_interval : RULE_different_bounds;
    if ((wanted == NODE_EMPTY_SET || given == NODE_EMPTY_SET) && wanted != NODE_WORDS &&
        given != NODE_WORDS)
        return wanted == given ? RULE_interval : RULE_different_shape;
    if (wanted == NODE_WORDS || given == NODE_WORDS) {
        const NodeKind a = meaning_of_words(reference), b = meaning_of_words(answer);
        const bool infinite =
            (a != NODE_CONSTANT || wanted == NODE_WORDS || reference->mark == 'o') &&
            (b != NODE_CONSTANT || given == NODE_WORDS || answer->mark == 'o');
        const Node *other = wanted == NODE_WORDS ? answer : reference;
        const bool reals =
            a == NODE_NUMBERS && (other->kind == NODE_WORDS || text_equal(other->text, TEXT("R")));
        if (a == b && (a == NODE_EMPTY_SET || reals || (a == NODE_CONSTANT && infinite)))
            return RULE_words;
    }
    if (is_text_like(reference) && is_text_like(answer))
        return unit_same_name(usual_words(reference->text), usual_words(answer->text))
                   ? RULE_words
                   : RULE_different_words;
    if (decimal_comma(work, answer, reference, false) ||
        decimal_comma(work, reference, answer, true)) /* a reference 1,5 may be a list */
        return RULE_number;
    /* a set, a list and a tuple against each other */
    const bool wanted_many =
        wanted == NODE_SET || wanted == NODE_LIST || wanted == NODE_GROUP || wanted == NODE_SYSTEM;
    const bool given_many =
        given == NODE_SET || given == NODE_LIST || given == NODE_GROUP || given == NODE_SYSTEM;
    if (wanted_many && given_many) {
        Parts a = {.count = 0}, b = {.count = 0};
        if (!add_inner(work, &a, reference) || !add_inner(work, &b, answer)) return RULE_too_large;
        if (a.contradiction || b.contradiction) return RULE_contradiction;
        const bool tuple = wanted == NODE_GROUP || given == NODE_GROUP;
        const Node *group = wanted == NODE_GROUP ? reference : answer;
        if (tuple && (group->mark == '(') != (group->close == ')'))
            return RULE_different_shape; /* (1, 5] is no pair */
        if (!tuple) return compare_parts(work, &a, &b);
        if (repeats_label(work, &a) || repeats_label(work, &b)) return RULE_different_shape;
        if (wanted == NODE_SET || given == NODE_SET || a.count != b.count)
            return RULE_different_shape;
        return compare_in_order(work, &a, &b);
    }
    return RULE_different_shape;
}

static const Node *unwrap(const Node *node) {
    if ((node->kind == NODE_SET || node->kind == NODE_LIST || node->kind == NODE_SYSTEM) &&
        node->count == 1 && node->children[0]->kind != NODE_RELATION &&
        node->children[0]->kind != NODE_SET && node->children[0]->kind != NODE_EMPTY_SET) {
        return node->children[0];
    }
    return node;
}

Rule compare_nodes(Compare *work, const Node *reference, const Node *answer) {
    if (++work->comparisons > MAX_COMPARISONS || work->arena->exhausted ||
        work->depth >= MAX_COMPARE_DEPTH)
        return RULE_too_large;
    work->depth++;
    const Node *a = unwrap(reference), *b = unwrap(answer);
    const bool signs = node_contains(a, NODE_PLUSMINUS) || node_contains(b, NODE_PLUSMINUS);
    Rule rule;
    if (signs) {
        Parts wanted = {.count = 0}, given = {.count = 0};
        if (!add_members(work, &wanted, a) || !add_members(work, &given, b))
            rule = RULE_too_large;
        else
            rule = compare_parts(work, &wanted, &given);
    } else {
        rule = compare_kinds(work, a, b);
    }
    work->depth--;
    return rule;
}

/* ---- whole answers ------------------------------------------------------------------------ */

static bool joined_by(const Node *list, int mark) {
    bool joined = false;
    for (uint32_t i = 0; list->kind == NODE_LIST && i + 1 < list->count; i++)
        joined |= list->ops[i] == mark;
    return joined;
}

/* Whether "a or b" is about two things: x = 1 or y = 2, A or B. */
static bool two_subjects(Compare *work, const Node *a, const Node *b) {
    if (is_declaration(a) || is_declaration(b)) return false;
    bool contradiction;
    const Part x = read_part(work, a, &contradiction), y = read_part(work, b, &contradiction);
    if (x.label != NULL && y.label != NULL) {
        const Text base = base_name(x.label);
        return !same_text(work, x.label, y.label) &&
               !(base.size > 0 && text_equal(base, base_name(y.label)));
    }
    if (is_text_like(a) && is_text_like(b)) return true;
    if (a->kind != NODE_RELATION || b->kind != NODE_RELATION) return false;
    Symbols one = {.count = 0}, other = {.count = 0};
    symbols_collect(&one, a);
    symbols_collect(&other, b);
    for (uint32_t i = 0; i < one.count; i++)
        if (symbols_find(&other, one.names[i]) >= 0) return false;
    return one.count > 0 && other.count > 0;
}

/* "p or q" against "p and q" or "p, q". The values of one unknown are listed with either. */
static bool connectives_differ(Compare *work, const Node *a, const Node *b) {
    if (joined_by(a, MARK_OR) == joined_by(b, MARK_OR)) return false;
    const Node *either = joined_by(a, MARK_OR) ? a : b, *all = either == a ? b : a;
    Symbols symbols = {.count = 0};
    if (joined_by(all, MARK_AND)) symbols_collect(&symbols, either);
    if (symbols.count > 1) return true;
    for (uint32_t i = 0; i + 1 < either->count; i++)
        if (two_subjects(work, either->children[i], either->children[i + 1])) return true;
    return false;
}

/* {x | x = 2k, k \in Z} and {2k | k \in Z} as x = 2k, k \in Z and 2k, k \in Z. */
const Node *spelled_out(Compare *work, const Node *node) {
    if (node->kind != NODE_BUILDER) return node;
    const Node *left = node->children[0], *such = node->children[1];
    const bool family = such->kind == NODE_LIST && such->count > 1 &&
                        such->children[0]->kind == NODE_RELATION &&
                        !is_declaration(such->children[0]);
    const Node *last = family ? such->children[such->count - 1] : such;
    if (!is_declaration(last) || text_equal(last->children[1]->text, TEXT("R"))) return node;
    if (left->kind == NODE_RELATION && is_declaration(left) &&
        text_equal(left->children[1]->text, TEXT("R")))
        left = left->children[0];
    if (family) {
        const Node *subject = such->children[0]->children[0];
        return left->kind == NODE_SYMBOL && same_text(work, left, subject) ? such : node;
    }
    if (!is_scalar(left) || left->kind == NODE_SYMBOL) return node;
    Node *list = node_new(work->arena, NODE_LIST, 2);
    int *ops = arena_take(work->arena, 2 * sizeof *ops);
    if (list == NULL || ops == NULL) return node;
    list->children[0] = (Node *)left;
    list->children[1] = (Node *)last;
    ops[0] = ops[1] = ',';
    list->ops = ops;
    return list;
}

/* A whole answer may carry labels, and be a list of parts. */
Rule compare_tops(Compare *work, const Node *reference, const Node *answer) {
    reference = spelled_out(work, reference);
    answer = spelled_out(work, answer);
    const Node *labels = reference->kind == NODE_LIST ? reference : answer;
    if (reference->kind == NODE_LIST) reference = group_labelled(work, reference, labels);
    if (answer->kind == NODE_LIST) answer = group_labelled(work, answer, labels);
    if (connectives_differ(work, reference, answer)) return RULE_different_members;
    Region wanted_region, given_region;
    const bool regions = region_read(work->arena, reference, &wanted_region) &&
                         region_read(work->arena, answer, &given_region);
    const bool certain = regions && wanted_region.certain && given_region.certain;
    if (!certain && declarations_differ(reference, answer)) return RULE_different_members;
    if (certain && reference->kind != NODE_SET && answer->kind != NODE_SET) {
        return compare_nodes(work, reference, answer);
    }
    if (regions && (wanted_region.certain || given_region.certain) &&
        (reference->kind == NODE_LIST || answer->kind == NODE_LIST)) {
        return compare_nodes(work, reference, answer);
    }
    Parts a = {.count = 0}, b = {.count = 0};
    if (!add_part(work, &a, reference) || !add_part(work, &b, answer)) return RULE_too_large;
    if (b.contradiction) return RULE_contradiction;
    if (a.count == 1) merge_restated(work, answer, &b);
    if (b.count == 1) merge_restated(work, reference, &a);
    if (a.count != b.count) {
        if (a.count > 1 && !split_tuple(&b) && b.count == 1)
            return compare_nodes(work, reference, b.items[0].value);
        if (b.count > 1 && !split_tuple(&a) && a.count == 1)
            return compare_nodes(work, a.items[0].value, answer);
        return compare_parts(work, &a, &b);
    }
    if (a.count > 1) return compare_parts(work, &a, &b);
    const Part wanted = a.items[0], given = b.items[0];
    if (wanted.label != NULL && given.label != NULL &&
        !labels_agree(work, wanted.label, given.label))
        return RULE_different_label;
    if (wanted.label != NULL && given.label == NULL && given.value->kind == NODE_RELATION &&
        is_equation(reference)) {
        /* y = 2x + 1 against 2x - y + 1 = 0; but x = 2 is not 2x = 4, which still has to be solved
         */
        Symbols symbols = {.count = 0};
        symbols_collect(&symbols, reference);
        return symbols.count < 2 ? RULE_unsolved : compare_relations(work, reference, given.value);
    }
    if (given.label != NULL && wanted.label == NULL && wanted.value->kind == NODE_RELATION &&
        is_equation(answer)) {
        return compare_relations(work, wanted.value, answer);
    }
    const bool one_relation =
        (wanted.value->kind == NODE_RELATION) != (given.value->kind == NODE_RELATION);
    if (one_relation && wanted.label == NULL && given.label == NULL) { /* 5 and a + b = 5 */
        const Node *x = value_of_quantity(work, wanted.value),
                   *y = value_of_quantity(work, given.value);
        if (x != NULL && is_constant(given.value)) return compare_nodes(work, x, given.value);
        if (y != NULL && is_constant(wanted.value)) return compare_nodes(work, wanted.value, y);
    }
    return compare_nodes(work, wanted.value, given.value);
}

/* ---- the way in --------------------------------------------------------------------------- */

bool reference_is_readable(Arena *arena, Text reference) {
    const Tokens tokens = lex_answer(arena, reference, (LexOptions){.prose = false});
    return !tokens.unbalanced && tokens.count > 0;
}

/* Both sides as read, and the rule so far. */
typedef struct {
    Tokens tokens;
    Node *node;
    ParseResult result;
} Reading;

static Reading read_text(Arena *arena, Text text, LexOptions options) {
    Reading reading = {.tokens = lex_answer(arena, text, options)};
    reading.result = parse_answer(arena, &reading.tokens, &reading.node);
    return reading;
}

static Rule compare_readings(Arena *arena, const Reading *wanted, const Reading *given,
                             CompareOptions options) {
    Compare work = {.arena = arena, .options = options};
    const Rule rule = compare_tops(&work, wanted->node, given->node);
    if (rule_equal(rule) || rule == RULE_contradiction || rule == RULE_too_large) return rule;
    const Rule family = compare_renamed(&work, wanted->node, given->node);
    return rule_equal(family) ? family : rule;
}

static bool about_figures(const Tokens *tokens) { /* AB \parallel CD */
    for (size_t i = 0; i < tokens->count; i++)
        if (tokens->items[i].kind == TOKEN_MARK && tokens->items[i].mark == MARK_FIGURE)
            return true;
    return false;
}

/* "61,328" may be a number or two; against a list it is two. */
static bool regroup(Arena *arena, Text text, const Reading *other, Reading *reading) {
    bool grouped = false;
    for (size_t i = 0; i < reading->tokens.count; i++) grouped |= reading->tokens.items[i].grouped;
    for (size_t i = 0; i + 1 < text.size; i++)
        if (text.data[i] == ',' && text.data[i + 1] == '0') return false; /* 1,000 is no list */
    if (!grouped || (other->node->kind != NODE_LIST && other->node->kind != NODE_SET)) return false;
    const Reading again = read_text(arena, text, (LexOptions){.comma_separates = true});
    if (again.result != PARSED) return false;
    *reading = again;
    return true;
}

/* "mg" is a word, and "m g" a product: beside a formula in the same letters it is one as well.
 * But a reference that is a word stays one: "red" is not "r e d". */
static bool relettered(Arena *arena, Text text, const Reading *other, Reading *reading) {
    const bool words = has_words(&reading->tokens) || reading->tokens.ordinal;
    if (!words || has_words(&other->tokens)) return false;
    const Reading again = read_text(arena, text, (LexOptions){.letters_multiply = true});
    if (again.result != PARSED || has_words(&again.tokens)) return false;
    Symbols wanted = {.count = 0}, given = {.count = 0};
    symbols_collect(&wanted, other->node);
    symbols_collect(&given, again.node);
    if (wanted.overflow || wanted.count < 2 || wanted.count != given.count) return false;
    for (uint32_t i = 0; i < wanted.count; i++)
        if (symbols_find(&given, wanted.names[i]) < 0) return false;
    *reading = again;
    return true;
}

static bool is_opaque(const Reading *reading) {
    return reading->result == PARSED && reading->node->kind == NODE_OPAQUE;
}

/* Of an integral that "= 5" follows, a wrong value needs no computer algebra to be found wrong. */
static Rule compare_last_side(Arena *arena, const Reading *wanted, const Reading *given,
                              CompareOptions options) {
    Reading last = {.tokens = last_side(&given->tokens)};
    last.result = parse_answer(arena, &last.tokens, &last.node);
    if (last.result != PARSED || is_opaque(&last)) return RULE_undecided;
    const Rule rule = compare_readings(arena, wanted, &last, options);
    return RULE_FACTS[rule].decision == DIFFERENT ? rule : RULE_undecided;
}

/* The text behind an option's letter has to be a formula. */
static bool read_option(Arena *arena, Text text, Choice *choice) {
    if (!read_choice(text, choice)) return false;
    return choice->text.size == 0 ||
           read_text(arena, choice->text, (LexOptions){.prose = false}).result == PARSED;
}

/* Options of a multiple-choice question; RULE_undecided where one side names none. */
static Rule compare_choices(Arena *arena, Text reference, Text answer, const Tokens *wanted_tokens,
                            const Tokens *given_tokens, CompareOptions options) {
    Choice wanted, given;
    const bool wants = read_option(arena, reference, &wanted) && !wanted.colon,
               gives = read_option(arena, answer, &given);
    if (!wants && !gives) return RULE_undecided;
    if (wants && gives) {
        const bool numbers = (wanted.options | given.options) >= OPTION_ONE;
        if (!wanted.marked && !given.marked) return RULE_undecided;
        if (numbers ? !wanted.circled && !given.circled : !wanted.sorted && !given.sorted)
            return RULE_undecided; /* 1,3 are numbers; CAB and DAB may be words */
        if (wanted.options != given.options) return RULE_different_members;
        if (wanted.text.size == 0 || given.text.size == 0) return RULE_choice;
        const Rule rule = compare_answers(arena, wanted.text, given.text, options);
        return RULE_FACTS[rule].decision == DIFFERENT ? rule : RULE_choice;
    }
    const Choice *choice = wants ? &wanted : &given;
    if (choice->count > 1 && (choice->circled || choice->options < OPTION_ONE)) {
        const Tokens *other = wants ? given_tokens : wanted_tokens;
        for (size_t i = 0; i < other->count; i++) /* AB is not "A or B", nor ①③ 13 */
            if (other->items[i].kind == TOKEN_MARK && other->items[i].mark == MARK_OR)
                return RULE_different_members;
        return choice->circled ? RULE_different_shape : RULE_undecided;
    }
    if (choice->text.size == 0 || choice->colon) return RULE_undecided;
    const Rule rule = wants ? compare_answers(arena, wanted.text, answer, options)
                            : compare_answers(arena, reference, given.text, options);
    return rule_equal(rule) ? rule : RULE_undecided;
}

Rule compare_answers(Arena *arena, Text reference, Text answer, CompareOptions options) {
    Reading wanted = read_text(arena, reference, (LexOptions){.prose = false});
    if (wanted.tokens.unbalanced || (wanted.tokens.count == 0 && !wanted.tokens.too_large))
        return RULE_bad_reference;
    Reading given = read_text(arena, answer, (LexOptions){.prose = options.prose_answer});
    if (given.tokens.too_large) return RULE_too_large;
    if (given.tokens.unbalanced || given.tokens.count == 0) return RULE_unreadable;
    if (same_bytes(reference, answer)) return RULE_same_text;
    const Rule choice =
        compare_choices(arena, reference, answer, &wanted.tokens, &given.tokens, options);
    if (choice != RULE_undecided) return choice;
    const YesNo wanted_yes = read_yes_no(reference), given_yes = read_yes_no(answer);
    if (wanted_yes != NOT_YES_NO && given_yes != NOT_YES_NO)
        return wanted_yes == given_yes ? RULE_words : RULE_different_words;
    if (tokens_equal(&wanted.tokens, &given.tokens)) return RULE_same_text;
    if (about_figures(&wanted.tokens) || about_figures(&given.tokens))
        return RULE_different_relation; /* the letters are points, and no factors */
    if (same_day(&wanted.tokens, &given.tokens)) return RULE_date;
    if (is_date(&wanted.tokens) || is_date(&given.tokens))
        return RULE_different_value; /* as numbers, 2024-01-05 and 2024-05-01 are equal */
    if (given.result == PARSE_TOO_LARGE || wanted.result == PARSE_TOO_LARGE) return RULE_too_large;
    const bool prose = has_words(&wanted.tokens) || has_words(&given.tokens);
    if (prose && !wanted.tokens.broken && !given.tokens.broken &&
        same_words(&wanted.tokens, &given.tokens))
        return RULE_words;
    if (wanted.result != PARSED && (wanted.tokens.prose_only || has_words(&wanted.tokens)))
        return RULE_different_words;
    if (wanted.result == PARSE_MALFORMED) return RULE_bad_reference;
    if (given.result == PARSE_MALFORMED) return RULE_unreadable;
    if (given.result != PARSED && (given.tokens.prose_only || has_words(&given.tokens)))
        return RULE_unreadable;
    if (options.worked_out && leaves_work(&given.tokens) && !leaves_work(&wanted.tokens))
        return RULE_unevaluated;
    if (wanted.result != PARSED || given.result != PARSED) return RULE_undecided;
    if (is_opaque(&given) && !is_opaque(&wanted))
        return compare_last_side(arena, &wanted, &given, options);
    Rule rule = compare_readings(arena, &wanted, &given, options);
    const bool again = !rule_equal(rule) && rule != RULE_too_large;
    if (again &&
        (regroup(arena, reference, &given, &wanted) || regroup(arena, answer, &wanted, &given) ||
         (wanted.node->kind != NODE_WORDS && relettered(arena, reference, &given, &wanted)) ||
         relettered(arena, answer, &wanted, &given))) {
        const Rule other = compare_readings(arena, &wanted, &given, options);
        if (rule_equal(other)) rule = other;
    }
    return arena->exhausted ? RULE_too_large : rule;
}

const char *read_answer(Arena *arena, Text answer) {
    const Tokens tokens = lex_answer(arena, answer, (LexOptions){.prose = false});
    Node *node;
    if (parse_answer(arena, &tokens, &node) != PARSED) return NULL;
    const char *text = node_canonical(arena, node);
    return arena->exhausted || *text == 0 ? NULL : text;
}
