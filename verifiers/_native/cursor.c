/* What every part of the parser works with: the tokens ahead, and nodes of bounded height. */
#include <string.h>

#include "parsing.h"

/* Every later walk over the tree recurses, so its height is bounded here. */
Node *finished(Parser *parser, Node *node) {
    for (uint32_t i = 0; i < node->count; i++) {
        const Node *child = node->children[i];
        if (child != NULL && child->height >= node->height) node->height = child->height + 1;
    }
    if (node->height <= MAX_HEIGHT) return node;
    parser->too_large = true;
    return NULL;
}

Node *node_of(Parser *parser, NodeKind kind, Node *first, Node *second) {
    if (first == NULL) return NULL;
    Node *node = node_new(parser->arena, kind, second == NULL ? 1 : 2);
    if (node == NULL) return NULL;
    node->children[0] = first;
    if (second != NULL) node->children[1] = second;
    return finished(parser, node);
}

Node *call(Parser *parser, Function function, Node *first, Node *second) {
    Node *node = node_of(parser, NODE_CALL, first, second);
    if (node != NULL) node->function = function;
    return node;
}

bool gather(Parser *parser, Gathered *gathered, Node *node) {
    if (node == NULL) return false;
    if (gathered->count == MAX_LIST) {
        parser->too_large = true;
        return false;
    }
    gathered->items[gathered->count++] = node;
    return true;
}

Node *gathered_node(Parser *parser, NodeKind kind, const Gathered *gathered) {
    Node *node = node_new(parser->arena, kind, gathered->count);
    int *ops = arena_take(parser->arena, (gathered->count + 1) * sizeof *ops);
    if (node == NULL || ops == NULL) return NULL;
    for (uint32_t i = 0; i < gathered->count; i++) {
        node->children[i] = gathered->items[i];
        ops[i] = gathered->ops[i];
    }
    node->ops = ops;
    return finished(parser, node);
}

/* ---- looking at tokens -------------------------------------------------------------------- */

static const Token END = {.kind = TOKEN_END};

const Token *peek_at(const Parser *parser, size_t ahead) {
    return parser->at + ahead < parser->count ? &parser->items[parser->at + ahead] : &END;
}

const Token *peek(const Parser *parser) { return peek_at(parser, 0); }

bool is_mark(const Token *token, int mark) {
    return token->kind == TOKEN_MARK && token->mark == mark;
}

bool take(Parser *parser, int mark) {
    if (!is_mark(peek(parser), mark)) return false;
    parser->at++;
    return true;
}

bool is_command(const Token *token, const char *name) {
    return token->kind == TOKEN_COMMAND && token->mark != 'b' && token->mark != 'e' &&
           token->text.size == strlen(name) &&
           memcmp(token->text.data, name, token->text.size) == 0;
}

bool is_word(const Token *token, const char *word) {
    return token->kind == TOKEN_WORD && text_equal_fold(token->text, (Text){word, strlen(word)});
}

/* Whether a token is one of `words`, a NULL-terminated list. */
bool is_any_word(const Token *token, const char *const *words) {
    for (; *words != NULL; words++)
        if (is_word(token, *words)) return true;
    return false;
}

/* a = 1 \quad b = 2, and the same on two lines: an equation begins after one that is complete. */
bool at_next_formula(const Parser *parser) {
    if (!peek(parser)->apart || peek(parser)->kind != TOKEN_SYMBOL ||
        !is_mark(peek_at(parser, 1), '='))
        return false;
    for (size_t i = parser->at; i > 0 && !is_mark(&parser->items[i - 1], ','); i--)
        if (is_mark(&parser->items[i - 1], '=')) return true;
    return false;
}

bool enter(Parser *parser) {
    if (++parser->depth > MAX_DEPTH) parser->too_large = true;
    return !parser->too_large && !parser->arena->exhausted;
}
