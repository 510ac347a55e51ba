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

/* Seconds or minutes of an angle: 30' in 45^\circ 30'. */
static Node *parse_sixtieth(Parser *parser, const char *mark, int64_t per_degree) {
    const Token *number = peek(parser), *unit = peek_at(parser, 1);
    int64_t value;
    if (number->kind != TOKEN_NUMBER || unit->kind != TOKEN_UNIT || !text_is(unit->text, mark) ||
        real_compare(real_from_rational(number->value), real_from_double(60)) >= 0)
        return NULL;
    if (per_degree == 60 &&
        (!rational_is_integer(number->value) || !integer_to_int64(number->value.numerator, &value)))
        return NULL;
    Node *part = leaf(parser, NODE_NUMBER);
    parser->at++;
    return node_of(parser, NODE_QUOTIENT, part, node_number(parser->arena, per_degree));
}

static bool is_integer_node(const Node *node) {
    return node->kind == NODE_NUMBER && node->places < 0 && rational_is_integer(node->number);
}

/* What follows the number of degrees: minutes and seconds, or a scale of temperature. */
static Node *degrees_of(Parser *parser, Node *value) {
    const Token *scale = peek(parser);
    const bool letter = scale->kind == TOKEN_SYMBOL;
    const bool celsius = is_word(scale, "celsius") || (letter && text_is(scale->text, "C"));
    const bool fahrenheit = is_word(scale, "fahrenheit") || (letter && text_is(scale->text, "F"));
    if (celsius || fahrenheit) {
        parser->at++;
        return quantity(parser, value, celsius ? TEXT("celsius") : TEXT("fahrenheit"));
    }
    Node *minutes = is_integer_node(value) ? parse_sixtieth(parser, "'", 60) : NULL;
    Node *seconds = is_integer_node(value) ? parse_sixtieth(parser, "''", 3600) : NULL;
    if (minutes != NULL) value = node_of(parser, NODE_SUM, value, minutes);
    if (seconds != NULL && value != NULL) value = node_of(parser, NODE_SUM, value, seconds);
    return value == NULL ? NULL : quantity(parser, value, TEXT("degree"));
}

/* A degree sign after a value, raised or not. */
static bool at_degrees(const Parser *parser) {
    const Token *next = peek(parser);
    if (is_mark(next, MARK_DEGREE)) return true;
    if (!is_mark(next, '^')) return false;
    const Token *after = peek_at(parser, 1);
    return is_mark(after, MARK_DEGREE) ||
           (is_mark(after, '{') && is_mark(peek_at(parser, 2), MARK_DEGREE) &&
            is_mark(peek_at(parser, 3), '}'));
}

static Node *take_degrees(Parser *parser, Node *value) {
    const bool raised = is_mark(peek(parser), '^');
    const bool grouped = raised && is_mark(peek_at(parser, 1), '{');
    parser->at += grouped ? 4 : raised ? 2 : 1;
    return degrees_of(parser, value);
}

Node *parse_factor(Parser *parser) {
    if (!enter(parser)) return NULL;
    Node *node = parse_base(parser);
    while (node != NULL) {
        const Token *next = peek(parser);
        if (at_degrees(parser)) {
            node = take_degrees(parser, node);
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
    "for",      "where",         "with",      "when",    "if",       "such",    "as",
    "is",       "are",           "was",       "the",     "then",     "because", "not",
    "no",       "but",           "than",      "which",   "that",     "only",    "either",
    "so",       "wrong",         "incorrect", "false",   "maybe",    "perhaps", "probably",
    "possibly", "approximately", "roughly",   "unknown", "excluded", "guess",   "plus",
    "etc",      "else",          "most",      "least",   "约",       "左右",    "以上",
    "以下",     "不对",          NULL};

static bool is_unit_token(const Token *token) {
    if (token->kind == TOKEN_WORD) return !is_any_word(token, CLAUSE_WORDS);
    return token->kind == TOKEN_UNIT ||
           (token->prose && (token->kind == TOKEN_SYMBOL || token->kind == TOKEN_CONSTANT));
}

/* h in km/h: beside a unit, a letter that is one is no factor. */
static bool is_unit_letter(const Token *token) {
    return token->kind == TOKEN_SYMBOL && unit_known(token->text);
}

/* \frac{\text{m}}{\text{s}^2}, and nothing but units in it. */
static bool at_unit_fraction(const Parser *parser) {
    if (!is_command(peek(parser), "frac")) return false;
    size_t at = 1;
    for (int argument = 0; argument < 2; argument++) {
        const bool group = is_mark(peek_at(parser, at), '{');
        if (group) at++;
        const size_t first = at;
        for (;; at++) {
            const Token *token = peek_at(parser, at);
            const bool upright = token->kind == TOKEN_WORD ? unit_known(token->text)
                                                           : token->prose && is_unit_letter(token);
            const bool power =
                at > first && token->kind == TOKEN_NUMBER && is_mark(peek_at(parser, at - 1), '^');
            /* the numerator tells that letters below are units */
            if (!upright && !(argument == 1 && is_unit_letter(token)) && !power &&
                !(at > first && is_mark(token, '^')))
                break;
            if (!group) {
                at++;
                break;
            }
        }
        if (at == first || (group && !is_mark(peek_at(parser, at++), '}'))) return false;
    }
    return true;
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
        const bool below = size > 0 && text[size - 1] == '/' && is_unit_letter(token);
        if ((!is_unit_token(token) && !below) || token->text.size == 0) break;
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
        const Token *after = peek_at(parser, 1);
        const bool letter = is_mark(join, '/') && unit_known(token->text) && is_unit_letter(after);
        if (((is_mark(join, '/') || is_mark(join, '*')) && is_unit_token(after)) || letter) {
            text[size++] = (char)join->mark;
            parser->at++;
        }
    }
    *unit = (Text){text, size};
    return size > 0 && text[size - 1] != '/' && text[size - 1] != '*';
}

/* Reads what at_unit_fraction found, as the unit "m/s^2". */
static Node *parse_unit_fraction(Parser *parser, Node *value) {
    char *text = arena_take(parser->arena, 200);
    size_t size = 0;
    if (text == NULL) return NULL;
    parser->at++;
    for (int argument = 0; argument < 2; argument++) {
        const bool group = take(parser, '{');
        do {
            const Token *token = peek(parser);
            if (size + token->text.size + 2 > 200) return NULL;
            if (is_mark(token, '^'))
                text[size++] = '^';
            else if (token->kind != TOKEN_NUMBER && size > 0)
                text[size++] = argument == 0 ? ' ' : '/';
            if (token->text.size > 0) memcpy(text + size, token->text.data, token->text.size);
            size += token->text.size;
            parser->at++;
        } while (group && !take(parser, '}'));
    }
    return quantity(parser, value, (Text){text, size});
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

/* 5 hours 30 minutes, 5 hours and 30 minutes: one quantity, in its larger unit. */
static Node *parse_compound(Parser *parser, Node *larger) {
    while (larger != NULL) {
        const size_t start = parser->at;
        Text unit;
        Rational share, part;
        const bool joined = is_mark(peek(parser), MARK_AND);
        if (!joined && peek(parser)->kind != TOKEN_NUMBER) return larger;
        if (joined && unit_is_time(parser->arena, larger->text)) parser->at++;
        const Token *number = peek(parser);
        const bool more = number->kind == TOKEN_NUMBER && is_unit_token(peek_at(parser, 1));
        Node *value = more ? leaf(parser, NODE_NUMBER) : NULL;
        if (value == NULL || !parse_unit(parser, &unit) ||
            !unit_subdivides(parser->arena, larger->text, unit, &share) ||
            !rational_multiply(parser->arena, number->value, share, &part) ||
            real_compare(real_from_rational(part), real_from_double(1)) >= 0) {
            parser->at = start;
            return larger;
        }
        Node *added = node_new(parser->arena, NODE_NUMBER, 0);
        if (added == NULL) return NULL;
        added->number = part;
        added->places = -1;
        Node *sum = node_of(parser, NODE_SUM, larger->children[0], added);
        larger = sum == NULL ? NULL : quantity(parser, sum, larger->text);
    }
    return larger;
}

static Node *parse_unit_after(Parser *parser, Node *value) {
    Text unit;
    const size_t start = parser->at;
    for (size_t at = SIZE_MAX; value != NULL && at != parser->at;) { /* five hundred thousand */
        at = parser->at;
        value = parse_scale(parser, value);
    }
    if (value == NULL || (parser->at > start && !is_unit_token(peek(parser)))) return value;
    return parse_unit(parser, &unit) ? parse_compound(parser, quantity(parser, value, unit)) : NULL;
}

/* (0, 1) U (2, 3) */
bool at_union_letter(const Parser *parser, const Node *left) {
    const Token *after = peek_at(parser, 1);
    return peek(parser)->kind == TOKEN_SYMBOL && text_is(peek(parser)->text, "U") &&
           (left->kind == NODE_GROUP || left->kind == NODE_UNION || left->kind == NODE_SET) &&
           (is_mark(after, '(') || is_mark(after, '[') || is_mark(after, MARK_SET_OPEN));
}

/* How many tokens lead up to the modulus in \pmod 4, mod 4, (mod 4); 0 where none is. */
static size_t words_of_modulus(const Parser *parser) {
    const size_t bracket = is_mark(peek(parser), '(');
    const Token *token = peek_at(parser, bracket);
    const bool mod = is_word(token, "mod") || is_command(token, "mod") ||
                     (bracket == 0 && is_command(token, "pmod"));
    return mod ? bracket + 1 : 0;
}

static Node *parse_modulus(Parser *parser, Node *term) {
    const bool bracket = is_mark(peek(parser), '(');
    parser->at += words_of_modulus(parser);
    Node *modulus = bracket ? parse_additive(parser) : parse_argument(parser);
    if (modulus == NULL || (bracket && !take(parser, ')'))) return NULL;
    return call(parser, FUNCTION_mod, term, modulus);
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
        const Node *whole = term;
        if (is_integer_node(term)) term = parse_mixed(parser, term);
        bare_number = true;
        if (term != NULL && term != whole && at_degrees(parser)) /* 22\frac12^\circ */
            term = take_degrees(parser, term);
        else if (term != NULL && term != whole && take(parser, '%'))
            term = node_of(parser, NODE_PERCENT, term, NULL);
    }
    while (term != NULL) {
        const Token *next = peek(parser);
        Node *factor;
        if (words_of_modulus(parser) > 0) {
            term = parse_modulus(parser, term);
            continue;
        }
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
            /* \pi/3^\circ are so many degrees; 60^\circ/2^\circ is a number */
            const bool degrees = is_mark(next, '/') && factor != NULL && is_degree(factor) &&
                                 !node_contains(term, NODE_QUANTITY);
            if (degrees) factor = factor->children[0];
            term = factor == NULL
                       ? NULL
                       : node_of(parser, is_mark(next, '*') ? NODE_PRODUCT : NODE_QUOTIENT, term,
                                 factor);
            if (degrees && term != NULL) term = quantity(parser, term, TEXT("degree"));
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
        if (term->kind != NODE_WORDS && at_unit_fraction(parser)) {
            term = parse_unit_fraction(parser, term);
            continue;
        }
        const bool implicit =
            next->kind == TOKEN_SYMBOL || next->kind == TOKEN_CONSTANT ||
            next->kind == TOKEN_FUNCTION || (next->kind == TOKEN_NUMBER && !bare_number) ||
            (next->kind == TOKEN_COMMAND && next->mark != 'e' && !at_infix(next)) ||
            is_mark(next, '(') || is_mark(next, '{') || (is_mark(next, '[') && !parser->french) ||
            is_mark(next, MARK_FLOOR_OPEN) || is_mark(next, MARK_CEIL_OPEN) ||
            is_mark(next, MARK_DOTS) || is_mark(next, MARK_ANGLE) || is_mark(next, MARK_TRIANGLE) ||
            (is_mark(next, MARK_BAR) && parser->bars == 0 && !parser->in_builder);
        if (implicit && !(is_mark(next, '(') && bracket_holds_relation(parser)) &&
            !at_next_formula(parser) && !at_union_letter(parser, term)) {
            bare_number = next->kind == TOKEN_NUMBER;
            factor = parse_factor(parser);
            if (bare_number && factor != NULL) bare_number = factor->kind == NODE_NUMBER;
            term = factor == NULL ? NULL : node_of(parser, NODE_PRODUCT, term, factor);
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
