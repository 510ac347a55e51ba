/* Factors with powers and units, products, and sums. */
#include <string.h>

#include "parsing.h"

Node *quantity(Parser *parser, Node *value, Text unit) {
    Node *node = node_of(parser, NODE_QUANTITY, value, NULL);
    if (node != NULL) node->text = unit;
    return node;
}

/* 101_2: the digits are read again in their base. */
static Node *parse_based(Parser *parser, Node *digits) {
    Node *base = parse_argument(parser);
    int64_t value;
    if (base == NULL || base->kind != NODE_NUMBER || digits->places >= 0 ||
        !rational_is_integer(base->number) || !integer_to_int64(base->number.numerator, &value) ||
        value < 2 || value > 36) {
        return NULL;
    }
    Node *node = node_new(parser->arena, NODE_BASED, 0);
    Integer integer, one;
    for (size_t i = 0; i < digits->text.size; i++) {
        const int c = digits->text.data[i];
        if ((c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10) >= value) return NULL;
    }
    if (node == NULL ||
        !integer_from_digits(parser->arena, digits->text, (unsigned)value, &integer) ||
        !integer_from_int64(parser->arena, 1, &one) ||
        !rational_make(parser->arena, integer, one, &node->number)) {
        return NULL;
    }
    node->text = digits->text;
    node->places = (int32_t)value;
    return node;
}

/* ^\circ and its other spellings */
static bool take_degree(Parser *parser) {
    const bool raised = is_mark(peek(parser), '^');
    const bool in_braces = raised && is_mark(peek_at(parser, 1), '{');
    if (!is_mark(peek_at(parser, raised + in_braces), MARK_DEGREE) ||
        (in_braces && !is_mark(peek_at(parser, 3), '}')))
        return false;
    parser->at += 1 + (size_t)raised + 2 * (size_t)in_braces;
    return true;
}

Node *parse_factor(Parser *parser) {
    if (!enter(parser)) return NULL;
    Node *node = parse_base(parser);
    while (node != NULL) {
        const Token *next = peek(parser);
        if (take_degree(parser)) {
            node = quantity(parser, node, TEXT("degree"));
        } else if (is_mark(next, '^')) {
            parser->at++;
            Node *exponent = parse_exponent(parser);
            const bool transposed = exponent != NULL && node->kind == NODE_GROUP &&
                                    exponent->kind == NODE_SYMBOL && text_is(exponent->text, "T");
            if (transposed) /* (1, 2)^T is a column */
                node = matrix_of(parser, node, 1);
            else
                node = exponent == NULL ? NULL : node_of(parser, NODE_POWER, node, exponent);
        } else if (is_mark(next, '!') && is_mark(peek_at(parser, 1), '!')) {
            node = NULL; /* a double factorial, which we do not read */
        } else if (is_mark(next, '!')) {
            parser->at++;
            node = call(parser, FUNCTION_factorial, node, NULL);
        } else if (is_mark(next, '%')) {
            parser->at++;
            node = node_of(parser, NODE_PERCENT, node, NULL);
        } else if (is_mark(next, '_') && node->kind == NODE_NUMBER && node->text.size > 0) {
            parser->at++;
            node = parse_based(parser, node);
        } else {
            break;
        }
    }
    parser->depth--;
    return node;
}

static bool is_integer_node(const Node *node) {
    return node->kind == NODE_NUMBER && node->places < 0 && rational_is_integer(node->number);
}

/* 2\frac{1}{2} and 2 1/2: whole number and fraction, read as their sum. */
static Node *parse_mixed(Parser *parser, Node *whole) {
    const Token *next = peek(parser);
    const size_t start = parser->at;
    if (is_command(next, "frac")) {
        Node *fraction = parse_command(parser);
        if (fraction != NULL && is_integer_node(fraction->children[0]) &&
            is_integer_node(fraction->children[1])) {
            return node_of(parser, NODE_SUM, whole, fraction);
        }
    } else if (next->kind == TOKEN_NUMBER && next->places < 0 && is_mark(peek_at(parser, 1), '/') &&
               peek_at(parser, 2)->kind == TOKEN_NUMBER && peek_at(parser, 2)->places < 0) {
        Node *numerator = leaf(parser, NODE_NUMBER);
        parser->at++;
        Node *denominator = leaf(parser, NODE_NUMBER);
        Node *fraction =
            denominator == NULL ? NULL : node_of(parser, NODE_QUOTIENT, numerator, denominator);
        return fraction == NULL ? NULL : node_of(parser, NODE_SUM, whole, fraction);
    }
    parser->at = start;
    return whole;
}

/* Whether the bracket that opens here holds a relation: (k \in \mathbb Z) after an answer. */
bool bracket_holds_relation(const Parser *parser) {
    int depth = 0;
    for (size_t i = parser->at; i < parser->count; i++) {
        const Token *token = &parser->items[i];
        if (token->kind != TOKEN_MARK) continue;
        if (token->mark == '(') depth++;
        if (token->mark == ')' && --depth == 0) return false;
        if (depth == 1 && (token->mark == MARK_IN || token->mark == '=' || token->mark == MARK_NE ||
                           token->mark == '<' || token->mark == '>' || token->mark == MARK_LE ||
                           token->mark == MARK_GE)) {
            return true;
        }
    }
    return false;
}

static const char *const CLAUSE_WORDS[] = {
    "for",  "where", "with",   "when",    "if",    "such",      "as",    "is",   "are",
    "was",  "the",   "then",   "because", "not",   "no",        "but",   "than", "which",
    "that", "only",  "either", "so",      "wrong", "incorrect", "false", NULL};

static bool is_unit_token(const Token *token) {
    if (token->kind == TOKEN_WORD) return !is_any_word(token, CLAUSE_WORDS);
    return token->kind == TOKEN_UNIT ||
           (token->prose && (token->kind == TOKEN_SYMBOL || token->kind == TOKEN_CONSTANT));
}

/* The unit that follows a value: words and upright letters with powers, joined by / per * and
 * spaces; written into one text, "m/s^2" or "square cm". */
static bool parse_unit(Parser *parser, Text *unit) {
    char *text = arena_take(parser->arena, 200);
    size_t size = 0;
    int words = 0;
    if (text == NULL) return false;
    for (;;) {
        const Token *token = peek(parser);
        if (!is_unit_token(token) || token->text.size == 0) break;
        if (++words > 5 || size + token->text.size + 16 > 200) return false;
        const bool per = is_word(token, "per");
        if (size > 0 && text[size - 1] != '/' && text[size - 1] != '*')
            text[size++] = per ? '/' : ' ';
        if (per) {
            if (size == 0 || text[size - 1] != '/') return false;
        } else {
            memcpy(text + size, token->text.data, token->text.size);
            size += token->text.size;
        }
        parser->at++;
        if (is_mark(peek(parser), '^')) {
            const Token *power = peek_at(parser, 1);
            const bool negative = is_mark(power, '{') && is_mark(peek_at(parser, 2), '-');
            if (negative && peek_at(parser, 3)->kind == TOKEN_NUMBER &&
                is_mark(peek_at(parser, 4), '}')) {
                power = peek_at(parser, 3);
                parser->at += 5;
            } else if (power->kind == TOKEN_NUMBER) {
                parser->at += 2;
            } else {
                return false;
            }
            if (power->text.size > 2) return false;
            text[size++] = '^';
            if (negative) text[size++] = '-';
            memcpy(text + size, power->text.data, power->text.size);
            size += power->text.size;
        }
        const Token *join = peek(parser);
        if ((is_mark(join, '/') || is_mark(join, '*')) && is_unit_token(peek_at(parser, 1))) {
            text[size++] = (char)join->mark;
            parser->at++;
        }
    }
    *unit = (Text){text, size};
    return size > 0 && text[size - 1] != '/' && text[size - 1] != '*';
}

/* 5 million, 2 dozen, one third: words that multiply, whatever the unit that follows. */
static Node *parse_scale(Parser *parser, Node *value) {
    static const struct {
        const char *words; /* singular, then plural if it has one */
        int numerator, denominator, power_of_ten;
    } SCALES[] = {
        {"hundred", 0, 0, 2},   {"thousand", 0, 0, 3}, {"million", 0, 0, 6}, {"billion", 0, 0, 9},
        {"trillion", 0, 0, 12}, {"万", 0, 0, 4},       {"亿", 0, 0, 8},      {"dozen", 12, 1, 0},
        {"half", 1, 2, 0},      {"halves", 1, 2, 0},   {"third", 1, 3, 0},   {"thirds", 1, 3, 0},
        {"quarter", 1, 4, 0},   {"quarters", 1, 4, 0}, {"fourth", 1, 4, 0},  {"fourths", 1, 4, 0},
        {"fifth", 1, 5, 0},     {"fifths", 1, 5, 0},   {"sixth", 1, 6, 0},   {"sixths", 1, 6, 0},
        {"eighth", 1, 8, 0},    {"eighths", 1, 8, 0},  {"tenth", 1, 10, 0},  {"tenths", 1, 10, 0}};
    for (size_t i = 0; value != NULL && i < sizeof SCALES / sizeof *SCALES; i++) {
        const bool foreign =
            peek(parser)->kind == TOKEN_WORD && text_is(peek(parser)->text, SCALES[i].words);
        if (!foreign && !is_word(peek(parser), SCALES[i].words)) continue;
        parser->at++;
        const int power = SCALES[i].power_of_ten;
        Arena *arena = parser->arena;
        Node *factor = power > 0 ? node_of(parser, NODE_POWER, node_number(arena, 10),
                                           node_number(arena, power))
                       : SCALES[i].denominator == 1
                           ? node_number(arena, SCALES[i].numerator)
                           : node_of(parser, NODE_QUOTIENT, node_number(arena, SCALES[i].numerator),
                                     node_number(arena, SCALES[i].denominator));
        if (factor == NULL) return NULL;
        if (value->kind == NODE_QUANTITY) { /* $5 million */
            value->children[0] = node_of(parser, NODE_PRODUCT, value->children[0], factor);
            return value->children[0] == NULL ? NULL : finished(parser, value);
        }
        return node_of(parser, NODE_PRODUCT, value, factor);
    }
    return value;
}

static Node *parse_unit_after(Parser *parser, Node *value) {
    Text unit;
    const size_t start = parser->at;
    for (size_t at = SIZE_MAX; value != NULL && at != parser->at;) { /* five hundred thousand */
        at = parser->at;
        value = parse_scale(parser, value);
    }
    if (value == NULL || (parser->at > start && !is_unit_token(peek(parser)))) return value;
    return parse_unit(parser, &unit) ? quantity(parser, value, unit) : NULL;
}

/* (0, 1) U (2, 3) */
bool at_union_letter(const Parser *parser, const Node *left) {
    const Token *after = peek_at(parser, 1);
    return peek(parser)->kind == TOKEN_SYMBOL && text_is(peek(parser)->text, "U") &&
           (left->kind == NODE_GROUP || left->kind == NODE_UNION || left->kind == NODE_SET) &&
           (is_mark(after, '(') || is_mark(after, '[') || is_mark(after, MARK_SET_OPEN));
}

static Node *parse_term(Parser *parser) {
    if (!enter(parser)) return NULL;
    Node *term;
    const Token *first = peek(parser);
    if (is_mark(first, '-') || is_mark(first, '+') || is_mark(first, MARK_PLUSMINUS) ||
        is_mark(first, MARK_MINUSPLUS)) {
        parser->at++;
        term = parse_term(parser);
        if (term != NULL && !is_mark(first, '+')) {
            term = node_of(parser, is_mark(first, '-') ? NODE_NEGATE : NODE_PLUSMINUS, term, NULL);
            if (term != NULL) term->mark = first->mark;
        }
        parser->depth--;
        return term;
    }
    const bool number_first = first->kind == TOKEN_NUMBER;
    bool bare_number = false; /* the last factor was a number and nothing else */
    term = parse_factor(parser);
    if (number_first && term != NULL && (term->kind == NODE_NUMBER || term->kind == NODE_BASED)) {
        if (is_integer_node(term)) term = parse_mixed(parser, term);
        if (term != NULL && term->kind == NODE_SUM && take_degree(parser))
            term = quantity(parser, term, TEXT("degree")); /* 22\frac12^\circ */
        bare_number = true;
    }
    while (term != NULL) {
        const Token *next = peek(parser);
        Node *factor;
        if (is_mark(next, '*') || is_mark(next, '/')) {
            parser->at++;
            const bool unit_follows = term->kind == NODE_QUANTITY && is_unit_token(peek(parser));
            if (unit_follows) {
                term = NULL;
                break;
            }
            const bool negative = take(parser, '-');
            if (!negative) take(parser, '+');
            bare_number = peek(parser)->kind == TOKEN_NUMBER;
            factor = parse_factor(parser);
            if (bare_number && factor != NULL) bare_number = factor->kind == NODE_NUMBER;
            if (negative) factor = node_of(parser, NODE_NEGATE, factor, NULL);
            term = factor == NULL
                       ? NULL
                       : node_of(parser, is_mark(next, '*') ? NODE_PRODUCT : NODE_QUOTIENT, term,
                                 factor);
            continue;
        }
        if (is_unit_token(next) && term->kind != NODE_WORDS) {
            /* an upright letter is a unit after a number, and else a factor: 2\mathrm{e} */
            const bool value = number_first || term->kind == NODE_QUOTIENT ||
                               term->kind == NODE_NUMBER || term->kind == NODE_CALL ||
                               next->kind != TOKEN_SYMBOL;
            const bool constant = next->kind == TOKEN_CONSTANT;
            if (value && !constant) {
                term = parse_unit_after(parser, term);
                continue;
            }
        }
        const bool implicit =
            next->kind == TOKEN_SYMBOL || next->kind == TOKEN_CONSTANT ||
            next->kind == TOKEN_FUNCTION || (next->kind == TOKEN_NUMBER && !bare_number) ||
            (next->kind == TOKEN_COMMAND && next->mark != 'e' && !at_infix(next) &&
             !is_command(next, "pmod") && !is_command(next, "mod")) ||
            is_mark(next, '(') || is_mark(next, '{') || (is_mark(next, '[') && !parser->french) ||
            is_mark(next, MARK_FLOOR_OPEN) || is_mark(next, MARK_CEIL_OPEN) ||
            is_mark(next, MARK_DOTS) || is_mark(next, MARK_ANGLE) ||
            (is_mark(next, MARK_BAR) && parser->bars == 0 && !parser->in_builder);
        if (implicit && !(is_mark(next, '(') && bracket_holds_relation(parser)) &&
            !at_next_formula(parser) && !at_union_letter(parser, term)) {
            bare_number = next->kind == TOKEN_NUMBER;
            factor = parse_factor(parser);
            if (bare_number && factor != NULL) bare_number = factor->kind == NODE_NUMBER;
            term = factor == NULL ? NULL : node_of(parser, NODE_PRODUCT, term, factor);
            continue;
        }
        if (is_command(next, "mod") || is_command(next, "pmod")) {
            parser->at++;
            Node *modulus = parse_argument(parser);
            term = modulus == NULL ? NULL : call(parser, FUNCTION_mod, term, modulus);
            continue;
        }
        break;
    }
    parser->depth--;
    return term;
}

Node *parse_additive(Parser *parser) {
    Node *first = parse_term(parser);
    if (first == NULL) return NULL;
    const Token *next = peek(parser);
    if (!is_mark(next, '+') && !is_mark(next, '-') && !is_mark(next, MARK_PLUSMINUS) &&
        !is_mark(next, MARK_MINUSPLUS)) {
        return first;
    }
    Gathered gathered = {.count = 0};
    gather(parser, &gathered, first);
    for (;;) {
        next = peek(parser);
        const int mark = next->kind == TOKEN_MARK ? next->mark : 0;
        if (mark != '+' && mark != '-' && mark != MARK_PLUSMINUS && mark != MARK_MINUSPLUS) break;
        parser->at++;
        Node *term = parse_term(parser);
        if (term != NULL && mark != '+') {
            term = node_of(parser, mark == '-' ? NODE_NEGATE : NODE_PLUSMINUS, term, NULL);
            if (term != NULL) term->mark = mark;
        }
        if (!gather(parser, &gathered, term)) return NULL;
    }
    return gathered_node(parser, NODE_SUM, &gathered);
}
