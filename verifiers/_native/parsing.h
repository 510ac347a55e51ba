/* The steps of the parser: what parser.c and its helpers share, and nobody else sees. */
#ifndef VERIFIERS_PARSING_H
#define VERIFIERS_PARSING_H

#include "expression.h"

typedef struct {
    Arena *arena;
    const Token *items;
    size_t count, at;
    int depth;
    int bars;        /* open |...| at this bracket level */
    bool in_builder; /* a colon here means "such that", not a ratio */
    bool french;     /* a [ here closes an open interval ]a, b[ */
    bool too_large, malformed;
    bool in_rows;  /* of an environment: a line break ends a row, not a part of a list */
    bool calculus; /* a derivative is asked for: left to computer algebra */
} Parser;

/* Children gathered one by one, copied into a node when their number is known. */
typedef struct {
    Node *items[MAX_LIST];
    int ops[MAX_LIST];
    uint32_t count;
} Gathered;

/* ---- cursor.c: tokens ahead, and new nodes ---- */
Node *finished(Parser *parser, Node *node);
Node *node_of(Parser *parser, NodeKind kind, Node *first, Node *second);
Node *call(Parser *parser, Function function, Node *first, Node *second);
bool gather(Parser *parser, Gathered *gathered, Node *node);
Node *gathered_node(Parser *parser, NodeKind kind, const Gathered *gathered);
const Token *peek_at(const Parser *parser, size_t ahead);
const Token *peek(const Parser *parser);
bool is_mark(const Token *token, int mark);
bool take(Parser *parser, int mark);
bool is_command(const Token *token, const char *name);
bool is_word(const Token *token, const char *word);
bool is_any_word(const Token *token, const char *const *words);
bool enter(Parser *parser);
bool at_next_formula(const Parser *parser);

/* ---- brackets.c: leaves, brackets, environments ---- */
Node *leaf(Parser *parser, NodeKind kind);
Node *symbol(Parser *parser, Text name);
Node *parse_inside(Parser *parser);
Node *parse_group(Parser *parser);
Node *matrix_of(Parser *parser, const Node *group, uint32_t columns);
Node *parse_set(Parser *parser);
bool opens_builder(const Parser *parser);
Node *parse_between(Parser *parser, int close, Function function);
Node *parse_bars(Parser *parser, int mark);
bool at_infix(const Token *token);
Node *parse_braces(Parser *parser);
Node *parse_argument(Parser *parser);
bool text_is(Text text, const char *word);
Node *parse_environment(Parser *parser, bool system);

/* ---- functions.c: functions and commands ---- */
Node *parse_exponent(Parser *parser);
Node *parse_command(Parser *parser);
Node *parse_base(Parser *parser);

/* ---- terms.c: factors, products, sums ---- */
Node *quantity(Parser *parser, Node *value, Text unit);
Node *parse_factor(Parser *parser);
bool at_union_letter(const Parser *parser, const Node *left);
bool bracket_holds_relation(const Parser *parser);
Node *parse_additive(Parser *parser);

/* ---- parser.c: lists and relations ---- */
Node *parse_relation(Parser *parser);
Node *parse_list(Parser *parser);
void skip_if(Parser *parser);

/* ---- enumerated.c: parts under the labels (a), (b), ... ---- */
Node *parse_enumerated(Arena *arena, const Tokens *tokens); /* NULL if there are no such labels */

#endif
