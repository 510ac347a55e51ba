/* Functions, fractions, roots, sums, and letters that may be functions. */
#include <stdio.h>
#include <string.h>

#include "parsing.h"

static bool starts_plain_atom(const Parser *parser) {
    const Token *token = peek(parser);
    if (token->prose) return false;
    if (token->kind == TOKEN_NUMBER || token->kind == TOKEN_SYMBOL || token->kind == TOKEN_CONSTANT)
        return true;
    return is_command(token, "frac") || is_command(token, "sqrt");
}

/* The argument of \sin and its kind: one bracket, or the letters, numbers and fractions that
 * directly follow: \sin 2x is sin(2x), \sin x \cos y and \sin x (1+y) stop before the second. */
static Node *parse_function_argument(Parser *parser) {
    const Token *token = peek(parser);
    if (is_mark(token, '(') || is_mark(token, '[') || is_mark(token, '{')) {
        Node *group = is_mark(token, '{') ? parse_braces(parser) : parse_group(parser);
        /* \ln (x)^2 is ln(x^2) only with a bracket of its own; powers of the argument stay inside
         */
        return group;
    }
    if (is_mark(token, MARK_BAR)) return parse_bars(parser, MARK_BAR);
    if (is_mark(token, '-')) {
        parser->at++;
        return node_of(parser, NODE_NEGATE, parse_function_argument(parser), NULL);
    }
    if (token->kind == TOKEN_FUNCTION || is_mark(token, MARK_ANGLE) ||
        is_mark(token, MARK_FLOOR_OPEN) || is_mark(token, MARK_CEIL_OPEN)) {
        return parse_factor(parser);
    }
    if (!starts_plain_atom(parser)) return NULL;
    Node *argument = parse_factor(parser);
    const bool only_number = argument != NULL && argument->kind == NODE_NUMBER;
    if (only_number && is_mark(peek(parser), '('))
        return node_of(parser, NODE_PRODUCT, argument, parse_factor(parser));
    while (argument != NULL && starts_plain_atom(parser) && !(peek(parser)->kind == TOKEN_NUMBER))
        argument = node_of(parser, NODE_PRODUCT, argument, parse_factor(parser));
    return argument;
}

Node *parse_exponent(Parser *parser) {
    if (!enter(parser)) return NULL;
    Node *node;
    if (take(parser, '-'))
        node = node_of(parser, NODE_NEGATE, parse_exponent(parser), NULL);
    else if (take(parser, '+'))
        node = parse_exponent(parser);
    else
        node = parse_factor(parser); /* takes further ^ to the right, and {...} as one thing */
    parser->depth--;
    return node;
}

static bool is_inverse(const Node *exponent) {
    if (exponent->kind != NODE_NEGATE || exponent->children[0]->kind != NODE_NUMBER) return false;
    const Rational one = exponent->children[0]->number;
    return rational_is_integer(one) && integer_is_one(one.numerator);
}

static Function inverse_of(Function function) {
    switch (function) {
    case FUNCTION_sin: return FUNCTION_arcsin;
    case FUNCTION_cos: return FUNCTION_arccos;
    case FUNCTION_tan: return FUNCTION_arctan;
    case FUNCTION_cot: return FUNCTION_arccot;
    case FUNCTION_sec: return FUNCTION_arcsec;
    case FUNCTION_csc: return FUNCTION_arccsc;
    case FUNCTION_sinh: return FUNCTION_arcsinh;
    case FUNCTION_cosh: return FUNCTION_arccosh;
    case FUNCTION_tanh: return FUNCTION_arctanh;
    default: return FUNCTION_COUNT;
    }
}

static Node *parse_function(Parser *parser) {
    const Token *token = peek(parser);
    Function function = token->function;
    const bool cube_root = text_is(token->text, "cbrt");
    parser->at++;
    Node *base = NULL, *exponent = NULL;
    if (function == FUNCTION_log && take(parser, '_')) {
        base = parse_argument(parser);
        if (base == NULL) return NULL;
    }
    if (take(parser, '^')) {
        exponent = parse_exponent(parser);
        if (exponent == NULL) return NULL;
        if (is_inverse(exponent) && inverse_of(function) != FUNCTION_COUNT) {
            function = inverse_of(function);
            exponent = NULL;
        }
    }
    Node *argument = parse_function_argument(parser);
    if (argument == NULL) return NULL;
    const bool several = function == FUNCTION_gcd || function == FUNCTION_lcm ||
                         function == FUNCTION_max || function == FUNCTION_min;
    Node *node;
    if (argument->kind == NODE_GROUP && argument->mark == '(' && argument->close == ')' &&
        several) {
        node = argument;
        node->kind = NODE_CALL;
        node->function = function;
    } else if (several || argument->kind == NODE_GROUP || argument->kind == NODE_LIST) {
        return NULL;
    } else if (cube_root) {
        node = call(parser, FUNCTION_root, argument, node_number(parser->arena, 3));
    } else if (function == FUNCTION_lg) {
        node = call(parser, FUNCTION_log, argument, node_number(parser->arena, 10));
    } else {
        node = call(parser, function == FUNCTION_log && base == NULL ? FUNCTION_ln : function,
                    argument, base);
    }
    return exponent == NULL ? node : node_of(parser, NODE_POWER, node, exponent);
}

/* In \sum_k a_{k+1} the letter a is a function of its index. Leaves alone what it cannot read:
 * evaluation then gives up on it. */
static void bind_subscripts(Parser *parser, Node *node, Text variable) {
    for (uint32_t i = 0; i < node->count; i++) bind_subscripts(parser, node->children[i], variable);
    if (node->kind != NODE_SYMBOL || !mentions_subscript(node, variable)) return;
    const char *mark = memchr(node->text.data, '_', node->text.size);
    const size_t base = (size_t)(mark - node->text.data);
    const Text index_text = {mark + 1, node->text.size - base - 1};
    const Tokens tokens = lex_answer(parser->arena, index_text, (LexOptions){.prose = false});
    Node *index;
    if (parse_answer(parser->arena, &tokens, &index) != PARSED || !is_scalar(index)) return;
    Node *apply = node_of(parser, NODE_APPLY, index, NULL);
    if (apply == NULL) return;
    apply->text = (Text){node->text.data, base + 1};
    *node = *apply;
}

/* \sum_{k=a}^{b} and \prod: children are the variable, a, b and the body. */
static Node *parse_big_operator(Parser *parser, Function function) {
    Node *variable = NULL, *low = NULL, *high = NULL;
    parser->at++;
    for (int i = 0; i < 2; i++) {
        if (take(parser, '_')) {
            Node *lower = is_mark(peek(parser), '{') ? parse_braces(parser) : NULL;
            if (lower == NULL || lower->kind != NODE_RELATION || lower->count != 2 ||
                lower->ops[0] != '=' || lower->children[0]->kind != NODE_SYMBOL) {
                const bool imaginary = lower != NULL && lower->kind == NODE_RELATION &&
                                       lower->count == 2 && lower->ops[0] == '=' &&
                                       lower->children[0]->kind == NODE_CONSTANT &&
                                       lower->children[0]->mark == 'i';
                if (!imaginary) return NULL;
            }
            variable = lower->children[0];
            low = lower->children[1];
        } else if (take(parser, '^')) {
            high = parse_argument(parser);
            if (high == NULL) return NULL;
        }
    }
    if (variable == NULL || high == NULL) return NULL;
    if (!enter(parser)) return NULL;
    Node *body = NULL;
    bool divides = false;
    for (;;) { /* the body is the whole product that follows */
        Node *factor = parse_factor(parser);
        if (factor == NULL) return NULL;
        body = body == NULL ? factor
                            : node_of(parser, divides ? NODE_QUOTIENT : NODE_PRODUCT, body, factor);
        divides = take(parser, '/');
        const Token *next = peek(parser);
        if (divides || take(parser, '*')) continue;
        const bool more = starts_plain_atom(parser) || next->kind == TOKEN_FUNCTION ||
                          is_mark(next, '(') || is_mark(next, '{') || is_command(next, "binom") ||
                          (next->kind == TOKEN_COMMAND && next->mark == 'o');
        if (!more) break;
    }
    parser->depth--;
    Node *node = node_new(parser->arena, NODE_CALL, 4);
    if (node == NULL) return NULL;
    node->function = function;
    node->children[0] = variable;
    node->children[1] = low;
    node->children[2] = high;
    node->children[3] = body;
    bind_subscripts(parser, body, bound_name(variable));
    return finished(parser, node);
}

static bool is_differential_sign(const Node *node) {
    return node->kind == NODE_SYMBOL && text_is(node->text, "d");
}

static bool is_differential(const Node *node) { /* dx */
    return node->kind == NODE_PRODUCT && node->count == 2 && !node->applied &&
           is_differential_sign(node->children[0]) && node->children[1]->kind == NODE_SYMBOL;
}

static Node *derivative_name(Parser *parser, const Node *above, const Node *below) {
    const Text y = above->children[1]->text, x = below->children[1]->text;
    char *name = arena_take(parser->arena, y.size + x.size + 3);
    if (name == NULL) return NULL;
    name[0] = 'd';
    memcpy(name + 1, y.data, y.size);
    memcpy(name + 1 + y.size, "/d", 2);
    memcpy(name + 3 + y.size, x.data, x.size);
    return symbol(parser, (Text){name, y.size + x.size + 3});
}

Node *parse_command(Parser *parser) {
    const Token *token = peek(parser);
    if (token->mark == 'b') return parse_environment(parser, false);
    if (is_command(token, "sum")) return parse_big_operator(parser, FUNCTION_sum);
    if (is_command(token, "prod")) return parse_big_operator(parser, FUNCTION_prod);
    if (token->mark != 0) return NULL;
    parser->at++;
    if (is_command(token, "sqrt")) {
        Node *degree = NULL;
        if (take(parser, '[')) {
            degree = parse_inside(parser);
            if (degree == NULL || !take(parser, ']')) return NULL;
        }
        Node *radicand = parse_argument(parser);
        return degree == NULL     ? call(parser, FUNCTION_sqrt, radicand, NULL)
               : radicand == NULL ? NULL
                                  : call(parser, FUNCTION_root, radicand, degree);
    }
    Node *first = parse_argument(parser), *second = first == NULL ? NULL : parse_argument(parser);
    if (second == NULL) return NULL;
    if (is_differential(second)) { /* dy/dx is a name; d/dx asks for a derivative */
        if (is_differential(first)) return derivative_name(parser, first, second);
        if (is_differential_sign(first)) parser->calculus = true;
    }
    return is_command(token, "binom") ? call(parser, FUNCTION_binom, first, second)
                                      : node_of(parser, NODE_QUOTIENT, first, second);
}

static bool is_one(const Token *token) {
    return token->kind == TOKEN_NUMBER && rational_is_integer(token->value) &&
           integer_is_one(token->value.numerator);
}

static bool at_inverse(const Parser *parser) { /* ^{-1}( */
    return is_mark(peek_at(parser, 0), '^') && is_mark(peek_at(parser, 1), '{') &&
           is_mark(peek_at(parser, 2), '-') && is_one(peek_at(parser, 3)) &&
           is_mark(peek_at(parser, 4), '}') && is_mark(peek_at(parser, 5), '(');
}

/* The number of ways to choose k of n, in order for A and P. */
static Node *choices(Parser *parser, char letter, Node *n, Node *k) {
    if (n == NULL || k == NULL) return NULL;
    Node *ways = call(parser, FUNCTION_binom, n, k);
    if (ways == NULL || letter == 'C') return ways;
    return node_of(parser, NODE_PRODUCT, ways, call(parser, FUNCTION_factorial, k, NULL));
}

/* The number that a subscript is: 10 in C_10; NULL if it is none. */
static Node *subscript_number(Parser *parser, Text name) {
    int64_t value = 0;
    if (name.size < 3 || name.size > 8 || name.data[1] != '_') return NULL;
    for (size_t i = 2; i < name.size; i++) {
        if (name.data[i] < '0' || name.data[i] > '9') return NULL;
        value = 10 * value + (name.data[i] - '0');
    }
    return node_number(parser->arena, value);
}

/* C_{10}^3 and A_5^2, where both are numbers that fit: C_1^2 and C_2^2 are squares of constants.
 * An upright C takes letters as well. NULL, and nothing read, if it is something else. */
static Node *parse_choices(Parser *parser) {
    const size_t start = parser->at;
    const Text name = peek(parser)->text;
    const bool upright = peek(parser)->prose && name.size == 1;
    if (name.size == 0 || (name.data[0] != 'C' && name.data[0] != 'A')) return NULL;
    parser->at++;
    Node *n =
        upright && take(parser, '_') ? parse_argument(parser) : subscript_number(parser, name);
    Node *k = n != NULL && take(parser, '^') ? parse_argument(parser) : NULL;
    Rational below, above;
    bool fits = n != NULL && k != NULL && is_scalar(n) && is_scalar(k);
    if (fits && (!upright || name.data[0] == 'A')) {
        fits = evaluate_exactly(parser->arena, n, &below) &&
               evaluate_exactly(parser->arena, k, &above) && rational_is_integer(above) &&
               above.numerator.count > 0 && !above.numerator.negative &&
               rational_compare(above, below) <= 0 && integer_bits(below.numerator) >= 2 &&
               !(integer_bits(below.numerator) == 2 && !integer_is_odd(below.numerator));
    }
    if (fits) return choices(parser, name.data[0], n, k);
    parser->at = start;
    return NULL;
}

/* {}_{10}C_3 and {}^{10}C_3; NULL if it is something else. */
static Node *parse_prescript(Parser *parser) {
    if (!is_mark(peek_at(parser, 1), '}') ||
        (!is_mark(peek_at(parser, 2), '_') && !is_mark(peek_at(parser, 2), '^')))
        return NULL;
    const size_t start = parser->at;
    parser->at += 3;
    Node *n = parse_argument(parser);
    const Text name = peek(parser)->text;
    const bool letter = peek(parser)->kind == TOKEN_SYMBOL && name.size > 0 &&
                        (name.data[0] == 'C' || name.data[0] == 'P');
    Node *k = n != NULL && letter ? subscript_number(parser, name) : NULL;
    parser->at++;
    if (k != NULL) return choices(parser, name.data[0], n, k);
    parser->at = start;
    return NULL;
}

/* P(B | A) */
static bool at_condition(const Parser *parser) {
    const Token *bar = peek_at(parser, 3);
    return peek_at(parser, 2)->kind == TOKEN_SYMBOL &&
           (is_mark(bar, MARK_BAR) || is_mark(bar, MARK_SUCH_THAT)) &&
           peek_at(parser, 4)->kind == TOKEN_SYMBOL && is_mark(peek_at(parser, 5), ')');
}

/* P(X = 2), P(B | A) */
static bool at_event(Parser *parser) {
    if (!text_is(peek(parser)->text, "P") || !is_mark(peek_at(parser, 1), '(')) return false;
    parser->at++;
    const bool relation = bracket_holds_relation(parser);
    parser->at--;
    return relation || at_condition(parser);
}

/* The probability of an event, as one name. */
static Node *parse_event(Parser *parser) {
    const bool condition = at_condition(parser);
    const Text event = peek_at(parser, 2)->text, given = peek_at(parser, 4)->text;
    parser->at += condition ? 6 : 1;
    const Node *relation = condition ? NULL : parse_group(parser);
    if (!condition && (relation == NULL || relation->kind != NODE_RELATION)) return NULL;
    const char *text = condition ? "" : node_canonical(parser->arena, relation);
    const size_t room = strlen(text) + (condition ? event.size + given.size : 0) + 5;
    char *name = arena_take(parser->arena, room);
    if (name == NULL) return NULL;
    const int size = condition ? snprintf(name, room, "P(%.*s|%.*s)", (int)event.size, event.data,
                                          (int)given.size, given.data)
                               : snprintf(name, room, "P(%s)", text);
    return symbol(parser, (Text){name, (size_t)size});
}

/* f(x): certainly a function for the usual letters; otherwise a product that may be one. */
static Node *parse_symbol(Parser *parser) {
    static const char *const FUNCTION_LETTERS[] = {"f", "g",   "h",   "F", "G",
                                                   "H", "phi", "psi", NULL};
    const Token *token = peek(parser);
    Node *ways = parse_choices(parser);
    if (ways != NULL) return ways;
    if (at_event(parser)) return parse_event(parser);
    Node *name = leaf(parser, NODE_SYMBOL);
    size_t letter = 0;
    while (letter < token->text.size && token->text.data[letter] != '_' &&
           token->text.data[letter] != '\'')
        letter++;
    bool function = false;
    for (size_t i = 0; FUNCTION_LETTERS[i] != NULL; i++)
        function |= text_is((Text){token->text.data, letter}, FUNCTION_LETTERS[i]);
    Text applied = token->text;
    if (function && at_inverse(parser)) { /* g^{-1}(x) */
        char *inverse = arena_take(parser->arena, token->text.size + 3);
        if (inverse == NULL) return NULL;
        memcpy(inverse, token->text.data, token->text.size);
        memcpy(inverse + token->text.size, "^-1", 3);
        applied = (Text){inverse, token->text.size + 3};
        parser->at += 5;
    }
    const Token *next = peek(parser);
    if (name == NULL || !is_mark(next, '(') || next->spaced) return name;
    const size_t start = parser->at;
    Node *argument = parse_group(parser);
    if (argument == NULL) return NULL;
    const bool several =
        argument->kind == NODE_GROUP && argument->mark == '(' && argument->close == ')';
    const bool start_value = /* I(0), which is no product with zero */
        argument->kind == NODE_NUMBER && rational_is_zero(argument->number);
    if (several || function || start_value) {
        if (argument->kind == NODE_RELATION || argument->kind == NODE_LIST) return NULL;
        Node *apply = several ? argument : node_of(parser, NODE_APPLY, argument, NULL);
        if (apply == NULL) return NULL;
        apply->kind = NODE_APPLY;
        apply->text = applied;
        return apply;
    }
    const bool named = is_mark(peek(parser), '=') && argument->kind == NODE_NUMBER; /* T(10) = 2 */
    if (argument->kind == NODE_SYMBOL || named) {
        Node *product = node_of(parser, NODE_PRODUCT, name, argument);
        if (product != NULL) product->applied = true;
        return product;
    }
    parser->at = start; /* an ordinary product */
    return name;
}

static Node *parse_words(Parser *parser) {
    const Token *first = peek(parser);
    Text text = first->text;
    Node *node = leaf(parser, NODE_WORDS);
    while (node != NULL && peek(parser)->kind == TOKEN_WORD) {
        const Token *token = peek(parser);
        char *joined = arena_take(parser->arena, text.size + token->text.size + 1);
        if (joined == NULL) return NULL;
        memcpy(joined, text.data, text.size);
        joined[text.size] = ' ';
        memcpy(joined + text.size + 1, token->text.data, token->text.size);
        text = (Text){joined, text.size + 1 + token->text.size};
        parser->at++;
        if (text.size > 400) return NULL;
    }
    if (node != NULL) node->text = text;
    return node;
}

/* \angle ABC, \triangle ABC: one name, in which the order of the points counts. An angle is the
 * same from either end. */
static Node *parse_angle(Parser *parser) {
    enum { MOST_POINTS = 3 };
    const Token *points[MOST_POINTS];
    const bool triangle = is_mark(peek(parser), MARK_TRIANGLE);
    Text name = triangle ? TEXT("triangle") : TEXT("angle");
    size_t count = 0, size = name.size;
    parser->at++;
    while (count < MOST_POINTS && peek(parser)->kind == TOKEN_SYMBOL &&
           peek(parser)->text.size > 0 && peek(parser)->text.data[0] >= 'A' &&
           peek(parser)->text.data[0] <= 'Z') {
        points[count] = peek(parser);
        size += 1 + points[count++]->text.size;
        parser->at++;
    }
    if (count == 0) return symbol(parser, name);
    char *joined = arena_take(parser->arena, size);
    if (joined == NULL) return NULL;
    memcpy(joined, name.data, name.size);
    size = name.size;
    const Text first = points[0]->text, last = points[count - 1]->text;
    const size_t shorter = first.size < last.size ? first.size : last.size;
    const int order = memcmp(first.data, last.data, shorter);
    const bool turned = !triangle && (order > 0 || (order == 0 && first.size > last.size));
    for (size_t i = 0; i < count; i++) {
        const Text point = points[turned ? count - 1 - i : i]->text;
        joined[size++] = ' ';
        memcpy(joined + size, point.data, point.size);
        size += point.size;
    }
    return symbol(parser, (Text){joined, size});
}

Node *parse_base(Parser *parser) {
    const Token *token = peek(parser);
    switch (token->kind) {
    case TOKEN_NUMBER: return leaf(parser, NODE_NUMBER);
    case TOKEN_SYMBOL: return parse_symbol(parser);
    case TOKEN_CONSTANT: return leaf(parser, NODE_CONSTANT);
    case TOKEN_FUNCTION: return parse_function(parser);
    case TOKEN_COMMAND: return parse_command(parser);
    case TOKEN_WORD: return parse_words(parser);
    case TOKEN_UNIT: { /* $5 */
        parser->at++;
        Node *node = node_of(parser, NODE_QUANTITY, parse_factor(parser), NULL);
        if (node != NULL) node->text = token->text;
        return node;
    }
    case TOKEN_MARK: break;
    case TOKEN_END: parser->malformed = true; return NULL;
    }
    switch (token->mark) {
    case '(':
    case '[':
    case ']': return parse_group(parser);
    case '{': {
        Node *ways = parse_prescript(parser);
        if (ways != NULL) return ways;
        return opens_builder(parser) ? parse_set(parser) : parse_braces(parser);
    }
    case MARK_SET_OPEN: return parse_set(parser);
    case MARK_FLOOR_OPEN: return parse_between(parser, MARK_FLOOR_CLOSE, FUNCTION_floor);
    case MARK_CEIL_OPEN: return parse_between(parser, MARK_CEIL_CLOSE, FUNCTION_ceil);
    case MARK_BAR:
    case MARK_NORM: return parse_bars(parser, token->mark);
    case MARK_EMPTY_SET: return leaf(parser, NODE_EMPTY_SET);
    case MARK_NUMBERS: return leaf(parser, NODE_NUMBERS);
    case MARK_DOTS: parser->at++; return symbol(parser, TEXT("..."));
    case MARK_ANGLE:
    case MARK_TRIANGLE: return parse_angle(parser);
    case '*':
    case '/':
    case '^':
    case '_':
    case '+':
    case '-':
    case '=':
    case '<':
    case '>':
    case MARK_LE:
    case MARK_GE:
    case MARK_NE:
    case MARK_APPROX:
    case MARK_EQUIV:
    case MARK_IN:
    case MARK_UNION:
    case MARK_INTERSECT:
    case ')':
    case '}':
    case MARK_SET_CLOSE:
    case ',':
    case ';':
        parser->malformed = true; /* an operand is missing */
        return NULL;
    default: return NULL;
    }
}
