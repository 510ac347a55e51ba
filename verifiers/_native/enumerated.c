/* "(a) 5 (b) 7" and "(1) 3; (2) 5": answers to the parts of a question, in the order of their
 * labels. As formulas the labels would be factors. */
#include <string.h>

#include "parsing.h"

enum { MOST_PARTS = 26, MOST_LABEL = 8 };

typedef struct {
    size_t label, start, end; /* tokens: the bracket that opens the label, and what it names */
    char name[MOST_LABEL + 1];
} Enumerated;

static int letter_index(const char *name, char first) {
    return name[0] >= first && name[0] < first + MOST_PARTS && name[1] == 0 ? name[0] - first : -1;
}

/* Counted from 0 in one of the four usual styles; -1 if the name is none of them. */
static int label_index(const char *name, int style) {
    static const char *const ROMAN[] = {"i",  "ii",  "iii",  "iv", "v",
                                        "vi", "vii", "viii", "ix", "x"};
    if (style == 0) return letter_index(name, 'a');
    if (style == 1) return letter_index(name, 'A');
    for (int i = 0; style == 2 && i < 10; i++)
        if (strcmp(name, ROMAN[i]) == 0) return i;
    const bool one = name[0] >= '1' && name[0] <= '9' && name[1] == 0;
    return style == 3 && one ? name[0] - '1' : -1;
}

/* (ii) at token `at`: reads the name, and tells where it ends; 0 if there is no label. */
static size_t read_label(const Tokens *tokens, size_t at, char name[MOST_LABEL + 1]) {
    size_t size = 0;
    if (!is_mark(&tokens->items[at], '(')) return 0;
    for (at++; at < tokens->count; at++) {
        const Token *token = &tokens->items[at];
        if (is_mark(token, ')') && size > 0) {
            name[size] = 0;
            return at + 1;
        }
        const bool named = token->kind == TOKEN_SYMBOL || token->kind == TOKEN_CONSTANT ||
                           token->kind == TOKEN_WORD || token->kind == TOKEN_NUMBER;
        if (!named || token->text.size == 0 || size + token->text.size > MOST_LABEL) return 0;
        memcpy(name + size, token->text.data, token->text.size);
        size += token->text.size;
    }
    return 0;
}

/* f(1) and 2 + (1) hold no labels. */
static bool may_precede_label(const Token *before, const Token *label) {
    if (before->kind == TOKEN_FUNCTION || (before->kind == TOKEN_SYMBOL && !label->spaced))
        return false;
    return before->kind != TOKEN_MARK || strchr("+-*/^_=<>", before->mark) == NULL;
}

static bool separates(const Token *token) {
    return is_mark(token, ',') || is_mark(token, ';') || is_mark(token, MARK_AND) ||
           is_mark(token, MARK_ROW);
}

static size_t find_labels(const Tokens *tokens, Enumerated parts[MOST_PARTS]) {
    size_t count = 0;
    int depth = 0;
    for (size_t i = 0; i < tokens->count; i++) {
        const Token *token = &tokens->items[i];
        if (i == 0 || (depth == 0 && may_precede_label(token - 1, token))) {
            char name[MOST_LABEL + 1];
            const size_t end = read_label(tokens, i, name);
            if (end > 0) {
                if (count == MOST_PARTS) return 0;
                parts[count] = (Enumerated){.label = i, .start = end};
                memcpy(parts[count++].name, name, sizeof name);
                i = end - 1;
                continue;
            }
        }
        if (count == 0) return 0; /* an answer that is enumerated begins with a label */
        if (token->kind != TOKEN_MARK) continue;
        if (strchr("([{", token->mark) != NULL || token->mark == MARK_SET_OPEN) depth++;
        if (strchr(")]}", token->mark) != NULL || token->mark == MARK_SET_CLOSE) depth--;
    }
    for (size_t i = 0; i < count; i++) {
        Enumerated *part = &parts[i];
        part->end = i + 1 < count ? parts[i + 1].label : tokens->count;
        if (part->start < part->end && is_mark(&tokens->items[part->start], ':')) part->start++;
        while (part->start < part->end && separates(&tokens->items[part->end - 1])) part->end--;
        if (part->start == part->end) return 0;
    }
    return count;
}

/* Where the labels are the first ones of a style, each of them once: their parts in that order. */
static bool in_order(const Enumerated *parts, size_t count, int style,
                     const Enumerated *ordered[MOST_PARTS]) {
    memset(ordered, 0, MOST_PARTS * sizeof *ordered);
    for (size_t i = 0; i < count; i++) {
        const int index = label_index(parts[i].name, style);
        if (index < 0 || (size_t)index >= count || ordered[index] != NULL) return false;
        ordered[index] = &parts[i];
    }
    return true;
}

Node *parse_enumerated(Arena *arena, const Tokens *tokens) {
    Enumerated parts[MOST_PARTS];
    const Enumerated *ordered[MOST_PARTS];
    const size_t count = find_labels(tokens, parts);
    if (count < 2) return NULL;
    int style = 0;
    while (style < 4 && !in_order(parts, count, style, ordered)) style++;
    Node *node = style == 4 ? NULL : node_new(arena, NODE_GROUP, (uint32_t)count);
    for (size_t i = 0; node != NULL && i < count; i++) {
        Parser parser = {.arena = arena, .items = tokens->items, .count = ordered[i]->end};
        parser.at = ordered[i]->start;
        node->children[i] = parse_list(&parser);
        if (node->children[i] == NULL || parser.at != parser.count || parser.calculus) return NULL;
        if (finished(&parser, node) == NULL) return NULL;
    }
    return node; /* without brackets it is no interval */
}
