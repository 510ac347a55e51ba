/* Quantities with units, percentages, angles, times of day and ratios. */
#include <string.h>

#include "comparison.h"

Node *scaled(Arena *arena, const Node *value, Rational factor) {
    Node *product = node_new(arena, NODE_PRODUCT, 2), *number = node_new(arena, NODE_NUMBER, 0);
    if (product == NULL || number == NULL) return NULL;
    number->number = factor;
    product->children[0] = (Node *)value;
    product->children[1] = number;
    return product;
}

static const Node *day_time(Compare *work, const Node *node, const Node *other);

bool is_radian(const Node *node) {
    return node->kind == NODE_QUANTITY &&
           (text_equal(node->text, TEXT("rad")) || unit_same_name(node->text, TEXT("radian")));
}

bool is_degree(const Node *node) {
    return node->kind == NODE_QUANTITY && text_equal(node->text, TEXT("degree"));
}

/* Takes "m / s^2" after a number apart: the number, or NULL; `unit` holds 64 bytes. */
static const Node *lettered_unit(const Node *node, char *unit, size_t *size) {
    if (node->kind == NODE_NUMBER) return node;
    if ((node->kind != NODE_PRODUCT && node->kind != NODE_QUOTIENT) || node->count != 2)
        return NULL;
    const Node *number = lettered_unit(node->children[0], unit, size), *letter = node->children[1];
    const bool power = letter->kind == NODE_POWER && letter->children[1]->kind == NODE_NUMBER;
    const Text exponent = power ? letter->children[1]->text : TEXT("");
    if (power) letter = letter->children[0];
    if (number == NULL || (node->kind == NODE_QUOTIENT && *size == 0) ||
        letter->kind != NODE_SYMBOL || !unit_known(letter->text) ||
        *size + letter->text.size + exponent.size + 2 > 64)
        return NULL;
    if (*size > 0) unit[(*size)++] = node->kind == NODE_PRODUCT ? ' ' : '/';
    memcpy(unit + *size, letter->text.data, letter->text.size);
    *size += letter->text.size;
    if (power) unit[(*size)++] = '^';
    memcpy(unit + *size, exponent.data, exponent.size);
    *size += exponent.size;
    return number;
}

/* "5000 m" against "5 km": beside a quantity, letters that are units are one. */
static const Node *as_quantity(Arena *arena, const Node *node, const Node *other) {
    if (other->kind != NODE_QUANTITY || (node->kind != NODE_PRODUCT && node->kind != NODE_QUOTIENT))
        return node;
    char *unit = arena_take(arena, 64);
    size_t size = 0;
    const Node *number = unit == NULL ? NULL : lettered_unit(node, unit, &size);
    Node *quantity = number == NULL ? NULL : node_new(arena, NODE_QUANTITY, 1);
    if (quantity == NULL) return node;
    quantity->children[0] = (Node *)number;
    quantity->text = (Text){unit, size};
    return quantity;
}

/* Numbers, and what the four operations make of them. */
static bool is_arithmetic(const Node *node) {
    const bool operation = node->kind == NODE_SUM || node->kind == NODE_PRODUCT ||
                           node->kind == NODE_QUOTIENT || node->kind == NODE_NEGATE;
    for (uint32_t i = 0; i < node->count; i++)
        if (!is_arithmetic(node->children[i])) return false;
    return operation || node->kind == NODE_NUMBER;
}

static bool is_day_half(const Node *node) {
    return node->kind == NODE_QUANTITY &&
           (text_equal_fold(node->text, TEXT("pm")) || text_equal_fold(node->text, TEXT("am")));
}

static bool is_clock(const Node *node);

/* 15:45 a.m. and 2:3 p.m. */
static bool no_time(const Node *node) {
    if (!is_day_half(node) || node->children[0]->kind != NODE_RATIO) return false;
    const Node *clock = node->children[0];
    if (!is_clock(clock)) return true;
    int64_t hour;
    if (!integer_to_int64(clock->children[0]->number.numerator, &hour)) return true;
    return text_equal_fold(node->text, TEXT("pm")) ? hour < 1 || hour > 23 : hour > 12;
}

/* 2:01 p.m. or 2:01 hours beside a number: as a ratio it would be one. */
static bool clash_with_clock(const Node *node, const Node *other) {
    if (node->kind != NODE_QUANTITY) return false;
    const Node *value = node->children[0];
    if (value->kind == NODE_RATIO) return other->kind != NODE_RATIO && other->kind != NODE_QUANTITY;
    return other->kind == NODE_RATIO && !is_day_half(node);
}

Rule compare_quantities(Compare *work, const Node *reference, const Node *answer) {
    const Node *united = as_quantity(work->arena, reference, answer);
    answer = as_quantity(work->arena, answer, reference);
    reference = united;
    const bool both = reference->kind == NODE_QUANTITY && answer->kind == NODE_QUANTITY;
    const Node *wanted = reference->kind == NODE_QUANTITY ? reference->children[0] : reference;
    const Node *given = answer->kind == NODE_QUANTITY ? answer->children[0] : answer;
    const Node *wanted_time = wanted == reference ? NULL : day_time(work, reference, given);
    const Node *given_time = given == answer ? NULL : day_time(work, answer, wanted);
    const bool percent = wanted->kind == NODE_PERCENT || given->kind == NODE_PERCENT;
    if (percent && (wanted->kind != given->kind || wanted == reference))
        return RULE_different_unit; /* 25 cm is not 25%, and "25% less" not 25% */
    if (no_time(reference) || no_time(answer) || clash_with_clock(reference, answer) ||
        clash_with_clock(answer, reference))
        return RULE_different_unit;
    if (wanted_time != NULL || given_time != NULL) {
        const Rule rule = compare_ratios(work, wanted_time != NULL ? wanted_time : wanted,
                                         given_time != NULL ? given_time : given);
        return rule_equal(rule) || both ? rule : compare_ratios(work, wanted, given);
    }
    if (!both || work->options.ignore_units) {
        const Rule rule = compare_nodes(work, wanted, given);
        const bool marked = answer->kind == NODE_QUANTITY && answer->text.data[0] == '\'';
        if (rule_equal(rule) && !both && marked) return RULE_different_unit; /* 42' */
        if (rule_equal(rule) && !both && is_degree(answer) && !is_arithmetic(reference))
            return RULE_different_unit; /* \pi/6 degrees are not \pi/6 */
        return rule;
    }
    const Unit a = unit_parse(work->arena, reference->text),
               b = unit_parse(work->arena, answer->text);
    if (!a.known || !b.known) {
        const bool same = unit_same_name(reference->text, answer->text);
        return same ? compare_nodes(work, wanted, given) : RULE_different_unit;
    }
    const bool generic = a.generic || b.generic;
    if (!units_fit(&a, &b)) return RULE_different_unit;
    if (generic || rational_equal(a.factor, b.factor)) return compare_nodes(work, wanted, given);
    const Node *left = scaled(work->arena, wanted, a.factor),
               *right = scaled(work->arena, given, b.factor);
    if (left == NULL || right == NULL) return RULE_too_large;
    const Rule rule = compare_nodes(work, left, right);
    return rule_equal(rule) ? RULE_quantity : rule;
}

/* A bare reference of 28 may mean 28%, but 0.28, 1/2 and a number in words do not. */
static bool may_be_percent(Arena *arena, const Node *reference) {
    Rational one;
    return reference->kind == NODE_NUMBER && reference->text.size > 0 &&
           reference->text.data[0] >= '0' && reference->text.data[0] <= '9' &&
           rational_from_int64(arena, 1, &one) && rational_compare(reference->number, one) > 0;
}

/* Percent against a bare number: 28% is 0.28, and 28 with its unit left out. */
Rule compare_percent(Compare *work, const Node *reference, const Node *answer) {
    const bool wanted = reference->kind == NODE_PERCENT, given = answer->kind == NODE_PERCENT;
    const Rule rule = compare_scalars(work->arena, reference, answer, work->options);
    if (rule_equal(rule) || wanted == given) return rule;
    if (given && !may_be_percent(work->arena, reference)) return RULE_different_unit;
    return compare_scalars(work->arena, wanted ? reference->children[0] : reference,
                           given ? answer->children[0] : answer, work->options);
}

static bool is_clock(const Node *node) { /* 20:34 */
    for (uint32_t i = 0; i < node->count; i++) {
        const Node *part = node->children[i];
        if (part->kind != NODE_NUMBER || part->places >= 0 || (i > 0 && part->text.size != 2))
            return false;
    }
    return node->count == 2 || node->count == 3;
}

/* 2:01, which is no ratio. */
static bool is_time(const Node *node) {
    return is_clock(node) && node->children[1]->text.data[0] == '0';
}

/* 8:34 pm as 20:34, and beside a clock's time 8 pm as 20:00; NULL if it is no such time. */
static const Node *day_time(Compare *work, const Node *node, const Node *other) {
    const Node *clock = node->children[0];
    const bool pm = text_equal_fold(node->text, TEXT("pm"));
    if (!pm && !text_equal_fold(node->text, TEXT("am"))) return NULL;
    const bool hours_alone = clock->kind == NODE_NUMBER && clock->places < 0 &&
                             other->kind == NODE_RATIO && is_clock(other);
    if (!hours_alone && (clock->kind != NODE_RATIO || !is_clock(clock))) return NULL;
    const Node *hours = hours_alone ? clock : clock->children[0];
    int64_t hour;
    if (!rational_is_integer(hours->number) || !integer_to_int64(hours->number.numerator, &hour) ||
        hour > 23 || (hours_alone && (hour < 1 || hour > 12)))
        return NULL;
    Node *time =
        hours_alone ? node_new(work->arena, NODE_RATIO, 2) : node_copy(work->arena, clock, 0);
    if (time == NULL) return NULL;
    time->children[0] = node_number(work->arena, hour > 12 ? hour : hour % 12 + (pm ? 12 : 0));
    if (hours_alone) {
        Node *minutes = node_number(work->arena, 0);
        if (minutes == NULL) return NULL;
        minutes->text = TEXT("00");
        time->children[1] = minutes;
    }
    return time->children[0] == NULL ? NULL : time;
}

Node *product_of(Arena *arena, const Node *a, const Node *b) {
    Node *product = node_new(arena, NODE_PRODUCT, 2);
    if (product == NULL) return NULL;
    product->children[0] = (Node *)a;
    product->children[1] = (Node *)b;
    return product;
}

Rule compare_ratios(Compare *work, const Node *reference, const Node *answer) {
    if (reference->kind != NODE_RATIO || answer->kind != NODE_RATIO) {
        const Node *ratio = reference->kind == NODE_RATIO ? reference : answer,
                   *other = ratio == reference ? answer : reference;
        if (ratio->count != 2 || !is_scalar(other) || is_time(ratio)) return RULE_different_shape;
        Node *quotient = node_copy(work->arena, ratio, 0);
        if (quotient == NULL) return RULE_too_large;
        quotient->kind = NODE_QUOTIENT;
        return ratio == reference ? compare_nodes(work, quotient, other)
                                  : compare_nodes(work, other, quotient);
    }
    if (is_clock(reference) && is_clock(answer)) { /* a time of day; missing seconds are :00 */
        for (uint32_t i = 0; i < 3; i++) {
            const Node *a = i < reference->count ? reference->children[i] : NULL,
                       *b = i < answer->count ? answer->children[i] : NULL;
            const bool same = a != NULL && b != NULL
                                  ? rational_equal(a->number, b->number)
                                  : a == b || rational_is_zero(a != NULL ? a->number : b->number);
            if (!same) return RULE_different_value;
        }
        return RULE_number;
    }
    if (reference->count != answer->count) return RULE_different_count;
    for (uint32_t i = 1; i < reference->count; i++) {
        const Node *left = product_of(work->arena, reference->children[i], answer->children[0]);
        const Node *right = product_of(work->arena, answer->children[i], reference->children[0]);
        if (left == NULL || right == NULL) return RULE_too_large;
        const Rule rule = compare_nodes(work, left, right);
        if (!rule_equal(rule)) return rule;
    }
    return RULE_value;
}
