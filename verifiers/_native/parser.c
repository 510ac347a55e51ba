/* Tokens -> expression, by recursive descent with a bound on depth: lists, relations, ratios and
 * sets, down to the terms of terms.c. Reads all of it or nothing. */
#include "parsing.h"

static Node *parse_union(Parser *parser) {
    Node *left = parse_additive(parser);
    while (left != NULL) {
        const Token *next = peek(parser);
        const bool letter = at_union_letter(parser, left);
        const NodeKind kind = is_mark(next, MARK_UNION) || letter ? NODE_UNION
                              : is_mark(next, MARK_INTERSECT)     ? NODE_INTERSECTION
                                                                  : NODE_DIFFERENCE;
        if (kind == NODE_DIFFERENCE && !is_mark(next, MARK_SETMINUS)) break;
        parser->at++;
        Node *right = parse_additive(parser);
        left = right == NULL ? NULL : node_of(parser, kind, left, right);
    }
    return left;
}

static Node *parse_ratio(Parser *parser) {
    Node *first = parse_union(parser);
    if (first == NULL || parser->in_builder || !is_mark(peek(parser), ':') ||
        first->kind == NODE_WORDS)
        return first;
    Gathered gathered = {.count = 0};
    gather(parser, &gathered, first);
    while (take(parser, ':'))
        if (!gather(parser, &gathered, parse_union(parser))) return NULL;
    Node *last = gathered.items[gathered.count - 1];
    const bool day_half =
        last->kind == NODE_QUANTITY && (text_is(last->text, "am") || text_is(last->text, "pm"));
    if (day_half)
        gathered.items[gathered.count - 1] = last->children[0]; /* the whole time is a.m. */
    Node *ratio = gathered_node(parser, NODE_RATIO, &gathered);
    return day_half && ratio != NULL ? quantity(parser, ratio, last->text) : ratio;
}

static int relation_mark(const Parser *parser) {
    const Token *token = peek(parser);
    if (token->kind != TOKEN_MARK) return 0;
    switch (token->mark) {
    case '=':
    case '<':
    case '>':
    case MARK_LE:
    case MARK_GE:
    case MARK_NE:
    case MARK_APPROX:
    case MARK_EQUIV:
    case MARK_IN:
    case MARK_SUBSET: return token->mark;
    case ':': return parser->in_builder ? 0 : '='; /* after words: "Minimum: 1" */
    default: return 0;
    }
}

Node *parse_relation(Parser *parser) {
    if (!enter(parser)) return NULL;
    Node *first = parse_ratio(parser);
    parser->depth--;
    if (first == NULL || relation_mark(parser) == 0) return first;
    Gathered gathered = {.count = 0};
    gather(parser, &gathered, first);
    for (int mark; (mark = relation_mark(parser)) != 0;) {
        parser->at++;
        gathered.ops[gathered.count - 1] = mark;
        if (!gather(parser, &gathered, parse_ratio(parser))) return NULL;
    }
    return gathered_node(parser, NODE_RELATION, &gathered);
}

/* "for all x", "for some integer t", "where k \in \mathbb Z": says over what the answer ranges and
 * is left out, up to the next separator. Any other condition makes the answer unreadable. */
static bool skip_clause(Parser *parser, Node **integer) {
    static const char *const OPENERS[] = {"for", "where", "with", "as", NULL};
    static const char *const RANGES[] = {"all",     "any",      "every",     "each",
                                         "some",    "integer",  "integers",  "real",
                                         "natural", "positive", "arbitrary", NULL};
    const Token *token = peek(parser);
    if (!is_any_word(token, OPENERS) && !is_mark(token, MARK_FOR_ALL)) return true;
    bool range = is_mark(token, MARK_FOR_ALL);
    const Token *variable = NULL;
    bool integers = false;
    int depth = 0;
    for (; peek(parser)->kind != TOKEN_END; parser->at++) {
        token = peek(parser);
        if (is_mark(token, '(') || is_mark(token, '{')) depth++;
        if ((is_mark(token, ')') || is_mark(token, '}') || is_mark(token, MARK_SET_CLOSE)) &&
            depth-- == 0)
            break;
        const bool separates = is_mark(token, ',') || is_mark(token, ';') ||
                               is_mark(token, MARK_AND) || is_mark(token, MARK_OR);
        if (separates && depth == 0) break;
        range |= is_any_word(token, RANGES) || is_mark(token, MARK_IN);
        integers |= is_word(token, "integer") || is_word(token, "integers") ||
                    (is_mark(token, MARK_NUMBERS) && text_is(token->text, "Z"));
        if (token->kind == TOKEN_SYMBOL && variable == NULL) variable = token;
        if (is_mark(token, '<') || is_mark(token, '>') || is_mark(token, MARK_NE) ||
            is_mark(token, '='))
            return false;
    }
    if (range && integers && variable != NULL) { /* t \in \mathbb Z, as a part of its own */
        Node *name = symbol(parser, variable->text),
             *numbers = node_new(parser->arena, NODE_NUMBERS, 0);
        int *op = arena_take(parser->arena, sizeof *op);
        if (name == NULL || numbers == NULL || op == NULL) return false;
        numbers->text = TEXT("Z");
        *integer = node_of(parser, NODE_RELATION, name, numbers);
        if (*integer == NULL) return false;
        *op = MARK_IN;
        (*integer)->ops = op;
    }
    return range;
}

/* In a line of cases: "x, if x > 0". */
void skip_if(Parser *parser) {
    static const char *const WORDS[] = {"if", "when", "若", "当", "如果", NULL};
    if (parser->in_rows && is_any_word(peek(parser), WORDS)) parser->at++;
}

static bool at_list_end(const Parser *parser) {
    const Token *token = peek(parser);
    if (token->kind == TOKEN_END) return true;
    if (token->kind == TOKEN_COMMAND) return token->mark == 'e';
    if (token->kind != TOKEN_MARK) return false;
    switch (token->mark) {
    case ')':
    case ']':
    case '}':
    case MARK_SET_CLOSE:
    case MARK_BAR:
    case MARK_SUCH_THAT:
    case MARK_FLOOR_CLOSE:
    case MARK_CEIL_CLOSE:
    case MARK_ROW:
    case '&': return true;
    case '[': return parser->french;
    case ':': return parser->in_builder;
    default: return false;
    }
}

/* One or more separators in a row; ", and" is "and". */
static int parse_separator(Parser *parser) {
    int mark = 0;
    for (;;) {
        const Token *token = peek(parser);
        const bool row = is_mark(token, MARK_ROW) && !parser->in_rows;
        const bool separates = is_mark(token, ',') || is_mark(token, ';') || row ||
                               is_mark(token, MARK_AND) || is_mark(token, MARK_OR);
        if (!separates && mark == 0 && at_next_formula(parser)) return ',';
        if (!separates) return mark;
        if (row) {
            if (mark == 0) mark = ',';
            parser->at++;
            continue;
        }
        if (mark != 0 && (token->mark == ',' || token->mark == ';')) { /* "1,,2" */
            parser->malformed = true;
            return -1;
        }
        mark = token->mark;
        parser->at++;
    }
}

Node *parse_list(Parser *parser) {
    if (!enter(parser)) return NULL;
    if (is_word(peek(parser), "only") || is_word(peek(parser), "either")) parser->at++;
    Gathered gathered = {.count = 0};
    bool list = false;
    for (;;) {
        Node *integer = NULL;
        if (!gather(parser, &gathered, parse_relation(parser)) || !skip_clause(parser, &integer))
            return NULL;
        if (integer != NULL) {
            gathered.ops[gathered.count - 1] = ',';
            list = true;
            if (!gather(parser, &gathered, integer)) return NULL;
        }
        if (is_mark(peek(parser), '(') && bracket_holds_relation(parser)) {
            gathered.ops[gathered.count - 1] = ','; /* x = 2k (k \in Z) */
            list = true;
            if (!gather(parser, &gathered, parse_group(parser))) return NULL;
        }
        const int separator = parse_separator(parser);
        if (separator < 0) return NULL;
        if (separator == 0) break;
        gathered.ops[gathered.count - 1] = separator;
        skip_if(parser);
        const size_t clause = parser->at; /* x^2, \forall x */
        if (!skip_clause(parser, &integer)) return NULL;
        if (parser->at > clause && integer != NULL && !gather(parser, &gathered, integer))
            return NULL;
        if (parser->at > clause && integer != NULL) list = true;
        const bool dangling = separator == MARK_AND || separator == MARK_OR;
        if (at_list_end(parser) && !(dangling && parser->at == clause))
            break; /* a closing comma separates nothing; "2 or" is cut off */
        if (parser->at > clause) return NULL;
        list = true;
    }
    parser->depth--;
    if (!list) return gathered.items[0];
    return gathered_node(parser, NODE_LIST, &gathered);
}

ParseResult parse_answer(Arena *arena, const Tokens *tokens, Node **root) {
    *root = NULL;
    if (tokens->too_large) return PARSE_TOO_LARGE;
    if (tokens->broken || tokens->unbalanced || tokens->count == 0) return PARSE_MALFORMED;
    for (size_t i = 0; i < tokens->count; i++) {
        const Token *token = &tokens->items[i];
        const bool calculus =
            is_command(token, "int") || is_command(token, "lim") || is_command(token, "partial");
        if (calculus && token->mark == 'o') {
            *root = node_new(arena, NODE_OPAQUE, 0);
            return *root == NULL ? PARSE_TOO_LARGE : PARSED;
        }
    }
    *root = parse_enumerated(arena, tokens);
    if (*root != NULL) return PARSED;
    Parser parser = {.arena = arena, .items = tokens->items, .count = tokens->count};
    parser.at = tokens->count > 1 && is_mark(peek(&parser), '='); /* "= 5", cut out of a line */
    Node *node = parse_list(&parser);
    if (parser.too_large || arena->exhausted) return PARSE_TOO_LARGE;
    if (node == NULL && parser.malformed) return PARSE_MALFORMED;
    if (node == NULL || parser.at != parser.count) return PARSE_UNREADABLE;
    if (parser.calculus) node = node_new(arena, NODE_OPAQUE, 0);
    if (node == NULL) return PARSE_TOO_LARGE;
    *root = node;
    return PARSED;
}
