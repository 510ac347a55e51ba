/* Leaves, brackets, sets, and the environments of LaTeX. */
#include <string.h>

#include "parsing.h"

Node *leaf(Parser *parser, NodeKind kind) {
    const Token *token = peek(parser);
    Node *node = node_new(parser->arena, kind, 0);
    if (node == NULL) return NULL;
    node->mark = token->mark;
    node->text = token->text;
    node->number = token->value;
    node->places = token->kind == TOKEN_NUMBER ? token->places : -1;
    parser->at++;
    return node;
}

Node *symbol(Parser *parser, Text name) {
    Node *node = node_new(parser->arena, NODE_SYMBOL, 0);
    if (node != NULL) node->text = name;
    return node;
}

/* What stands between brackets: bars and builders outside do not reach in. */
Node *parse_inside(Parser *parser) {
    const int bars = parser->bars;
    const bool builder = parser->in_builder;
    parser->bars = 0;
    parser->in_builder = false;
    Node *node = parse_list(parser);
    parser->bars = bars;
    parser->in_builder = builder;
    return node;
}

static Node *braced(Node *node) {
    if (node != NULL) node->braced = true;
    return node;
}

static bool closed_later(const Parser *parser) {
    for (size_t i = parser->at; i < parser->count; i++)
        if (is_mark(&parser->items[i], ']')) return true;
    return false;
}

/* [[1, 0], [0, 1]]: lists of one length in a list are the rows of a matrix. */
static bool holds_rows(const Node *group) {
    for (uint32_t i = 0; i < group->count; i++) {
        const Node *row = group->children[i];
        if (row->kind != NODE_GROUP || row->mark != '[' || row->close != ']' ||
            row->count != group->children[0]->count)
            return false;
    }
    return true;
}

/* Rows of one entry are the entries themselves. */
Node *matrix_of(Parser *parser, const Node *group, uint32_t columns) {
    Node *matrix = node_new(parser->arena, NODE_MATRIX, group->count * columns);
    if (matrix == NULL) return NULL;
    matrix->rows = group->count;
    matrix->columns = columns;
    for (uint32_t i = 0; i < matrix->count; i++) {
        Node *row = group->children[i / columns];
        matrix->children[i] = columns == 1 ? row : row->children[i % columns];
    }
    return finished(parser, matrix);
}

/* '(' ... ')' and its relatives: one thing is itself, several are a tuple or an interval. */
Node *parse_group(Parser *parser) {
    const int open = peek(parser)->mark;
    const bool french = parser->french;
    parser->at++;
    parser->french = open == ']' || (open == '[' && !closed_later(parser));
    Node *inside = parse_inside(parser);
    parser->french = french;
    if (inside == NULL) return NULL;
    const Token *closer = peek(parser);
    const bool closes = is_mark(closer, ')') || is_mark(closer, ']') ||
                        (open == ']' && is_mark(closer, '[')) ||
                        (open == '[' && is_mark(closer, '['));
    if (!closes) return NULL;
    parser->at++;
    if (inside->kind != NODE_LIST || inside->braced) {
        const bool plain = open == '(' && closer->mark == ')';
        if (plain || (open == '[' && closer->mark == ']')) return braced(inside);
        return NULL;
    }
    Node *group = node_new(parser->arena, NODE_GROUP, 0);
    if (group == NULL) return NULL;
    group->count = inside->count;
    group->children = inside->children;
    group->mark = open == ']' ? '(' : open; /* ]a, b[ is (a, b) */
    group->close = closer->mark == '[' ? ')' : closer->mark;
    if (finished(parser, group) == NULL) return NULL;
    if (open == '[' && closer->mark == ']' && holds_rows(group))
        return matrix_of(parser, group, group->children[0]->count);
    for (uint32_t i = 0; i + 1 < inside->count; i++)
        if (inside->ops[i] != ',' && inside->ops[i] != ';') return braced(inside); /* (1 and 2) */
    return group;
}

/* {x | x > 1}, where the backslashes of the braces are missing; not 2^{x|y|}. */
bool opens_builder(const Parser *parser) {
    const Token *bar = peek_at(parser, 2);
    const Token *before = parser->at > 0 ? &parser->items[parser->at - 1] : NULL;
    if (before != NULL && (is_mark(before, '^') || is_mark(before, '_'))) return false;
    return peek_at(parser, 1)->kind == TOKEN_SYMBOL &&
           (is_mark(bar, MARK_BAR) || is_mark(bar, MARK_SUCH_THAT) || is_mark(bar, ':'));
}

/* \left\{ before the rows of an environment, which no \right\} closes. */
static bool opens_system(const Parser *parser) {
    const Token *environment = peek_at(parser, 1);
    if (environment->kind != TOKEN_COMMAND || environment->mark != 'b') return false;
    for (size_t i = parser->at; i < parser->count; i++)
        if (is_mark(&parser->items[i], MARK_SET_CLOSE)) return false;
    return is_mark(peek(parser), MARK_SET_OPEN);
}

Node *parse_set(Parser *parser) {
    const int close = is_mark(peek(parser), '{') ? '}' : MARK_SET_CLOSE;
    const bool system = opens_system(parser);
    parser->at++;
    if (system) return parse_environment(parser, true);
    if (take(parser, close)) return node_new(parser->arena, NODE_EMPTY_SET, 0);
    const bool builder = parser->in_builder;
    const int bars = parser->bars;
    parser->in_builder = true;
    parser->bars = 0;
    Node *left = parse_list(parser);
    const bool such_that = left != NULL && (take(parser, MARK_SUCH_THAT) ||
                                            take(parser, MARK_BAR) || take(parser, ':'));
    Node *right = such_that ? parse_list(parser) : NULL;
    parser->in_builder = builder;
    parser->bars = bars;
    if (left == NULL || (such_that && right == NULL) || !take(parser, close)) return NULL;
    if (such_that) return node_of(parser, NODE_BUILDER, left, right);
    Node *set = node_new(parser->arena, NODE_SET, 0);
    if (set == NULL) return NULL;
    if (left->kind == NODE_LIST && !left->braced) {
        set->count = left->count;
        set->children = left->children;
        return finished(parser, set);
    }
    return node_of(parser, NODE_SET, left, NULL);
}

Node *parse_between(Parser *parser, int close, Function function) {
    parser->at++;
    Node *inside = parse_inside(parser);
    if (inside == NULL || !take(parser, close)) return NULL;
    return call(parser, function, inside, NULL);
}

Node *parse_bars(Parser *parser, int mark) {
    parser->at++;
    const int bars = parser->bars;
    parser->bars = 1;
    Node *inside = parse_additive(parser);
    parser->bars = bars;
    if (inside == NULL || !take(parser, mark)) return NULL;
    return call(parser, FUNCTION_abs, inside, NULL);
}

bool at_infix(const Token *token) {
    return is_command(token, "over") || is_command(token, "choose");
}

/* {...} of TeX, which only groups. */
Node *parse_braces(Parser *parser) {
    parser->at++;
    if (is_mark(peek(parser), '}')) parser->malformed = true;
    Node *inside = parse_inside(parser);
    const Token *between = peek(parser); /* {a \over b}, {n \choose k} */
    if (inside != NULL && at_infix(between)) {
        parser->at++;
        Node *right = parse_inside(parser);
        if (right == NULL) return NULL;
        inside = is_command(between, "over") ? node_of(parser, NODE_QUOTIENT, inside, right)
                                             : call(parser, FUNCTION_binom, inside, right);
    }
    return inside != NULL && take(parser, '}') ? braced(inside) : NULL;
}

/* An argument of \frac and its kind: {...}, (...) or one token. */
Node *parse_argument(Parser *parser) {
    const Token *token = peek(parser);
    if (is_mark(token, '{')) return parse_braces(parser);
    if (is_mark(token, '(')) return parse_group(parser);
    switch (token->kind) {
    case TOKEN_NUMBER: return leaf(parser, NODE_NUMBER);
    case TOKEN_SYMBOL: return leaf(parser, NODE_SYMBOL);
    case TOKEN_CONSTANT: return leaf(parser, NODE_CONSTANT);
    case TOKEN_COMMAND: return parse_factor(parser);
    default: return NULL;
    }
}

/* ---- environments ------------------------------------------------------------------------- */

bool text_is(Text text, const char *word) {
    return text.size == strlen(word) && memcmp(text.data, word, text.size) == 0;
}

static bool at_environment_end(const Parser *parser) {
    const Token *token = peek(parser);
    return token->kind == TOKEN_COMMAND && token->mark == 'e';
}

/* Rows of equations are a system, whatever environment sets them below each other. */
static bool holds_equations(const Node *matrix) {
    for (uint32_t i = 0; i < matrix->count; i++)
        if (matrix->children[i]->kind != NODE_RELATION) return false;
    return matrix->columns == 1;
}

/* The determinant of a matrix of numbers and formulas written out, where it is small. */
static Node *determinant(Parser *parser, Node *matrix) {
    const uint32_t size = matrix->rows;
    if (size != matrix->columns || size < 2 || size > 3) return matrix;
    for (uint32_t i = 0; i < matrix->count; i++)
        if (!is_scalar(matrix->children[i])) return matrix;
    Gathered terms = {.count = 0};
    for (uint32_t first = 0; first < size; first++) {
        for (int sign = 1; sign >= (size == 2 ? 1 : -1); sign -= 2) { /* down and up a diagonal */
            Node *term = NULL;
            for (uint32_t row = 0; row < size; row++) {
                const uint32_t step = sign > 0 ? row : size - row;
                Node *entry = matrix->children[row * size + (first + step) % size];
                term = term == NULL ? entry : node_of(parser, NODE_PRODUCT, term, entry);
            }
            const bool minus = size == 2 ? first == 1 : sign < 0;
            if (minus && term != NULL) term = node_of(parser, NODE_NEGATE, term, NULL);
            if (!gather(parser, &terms, term)) return NULL;
        }
    }
    return gathered_node(parser, NODE_SUM, &terms);
}

/* Two cells of a line of cases, x^2 & x > 0, become one list. */
static bool join_cells(Parser *parser, Gathered *gathered) {
    Gathered line = {.count = 0};
    Node *first = gathered->items[gathered->count - 2];
    for (uint32_t i = 0; first->kind == NODE_LIST && i < first->count; i++)
        if (!gather(parser, &line, first->children[i])) return false;
    if (first->kind != NODE_LIST && !gather(parser, &line, first)) return false;
    if (!gather(parser, &line, gathered->items[gathered->count - 1])) return false;
    for (uint32_t i = 0; i < line.count; i++) line.ops[i] = ',';
    gathered->items[gathered->count - 2] = gathered_node(parser, NODE_LIST, &line);
    return gathered->items[--gathered->count - 1] != NULL;
}

Node *parse_environment(Parser *parser, bool system) {
    const Text name = peek(parser)->text;
    static const char *const MATRICES[] = {"matrix",  "pmatrix", "bmatrix",     "Bmatrix",
                                           "vmatrix", "Vmatrix", "smallmatrix", "array",
                                           "tabular", NULL};
    bool matrix = false;
    for (size_t i = 0; MATRICES[i] != NULL; i++) matrix |= text_is(name, MATRICES[i]);
    matrix &= !system;
    const bool in_rows = parser->in_rows;
    parser->in_rows = true;
    parser->at++;
    Gathered gathered = {.count = 0};
    uint32_t rows = 1, column = 1, columns = 0, cells = 0; /* of this line */
    const int bars = parser->bars;
    parser->bars = 0;
    while (!at_environment_end(parser)) {
        const Token *token = peek(parser);
        if (token->kind == TOKEN_END) return NULL;
        if (is_mark(token, '&')) {
            parser->at++;
            column++;
            if (!matrix) skip_if(parser);
        } else if (is_mark(token, MARK_ROW)) {
            parser->at++;
            if (at_environment_end(parser)) break; /* a closing line break adds no row */
            if (columns != 0 && column != columns && matrix) return NULL;
            columns = column;
            column = 1;
            cells = 0;
            rows++;
        } else {
            const uint32_t before = gathered.count;
            if (!gather(parser, &gathered, matrix ? parse_relation(parser) : parse_list(parser)))
                return NULL;
            if (!matrix && ++cells > 1 && !join_cells(parser, &gathered)) return NULL;
            if (matrix && before != (rows - 1) * (columns == 0 ? 0 : columns) + column - 1)
                return NULL;
        }
    }
    parser->bars = bars;
    parser->in_rows = in_rows;
    const Token *end = peek(parser);
    if (!text_equal(end->text, name)) return NULL;
    parser->at++;
    Node *node = gathered_node(parser, matrix ? NODE_MATRIX : NODE_SYSTEM, &gathered);
    if (node == NULL || gathered.count == 0) return NULL;
    node->rows = rows;
    node->columns = columns == 0 ? column : columns;
    node->mark = name.data[0];
    if (matrix && (node->rows * node->columns != node->count || column != node->columns))
        return NULL;
    if (matrix && holds_equations(node)) node->kind = NODE_SYSTEM;
    return text_is(name, "vmatrix") ? determinant(parser, node) : node;
}
