/* Answers in words: the same words in the same order. */
#include <string.h>

#include "comparison.h"

static bool counts_as_word(const Token *token) {
    static const char *const ARTICLES[] = {"a", "an", "the", NULL};
    if (token->kind == TOKEN_MARK) {
        return token->mark != ',' && token->mark != ';' && token->mark != '{' &&
               token->mark != '}' && token->mark != '!';
    }
    for (size_t i = 0; ARTICLES[i] != NULL; i++) {
        const Text article = {ARTICLES[i], strlen(ARTICLES[i])};
        if (token->kind == TOKEN_WORD && text_equal(token->text, article)) return false;
    }
    return true;
}

static bool same_word(const Token *a, const Token *b) {
    if (a->kind == TOKEN_NUMBER || b->kind == TOKEN_NUMBER)
        return a->kind == b->kind && rational_equal(a->value, b->value);
    if (a->kind == TOKEN_MARK || b->kind == TOKEN_MARK)
        return a->kind == b->kind && a->mark == b->mark;
    if (a->kind == TOKEN_CONSTANT && b->kind == TOKEN_CONSTANT) return a->mark == b->mark;
    if (a->text.size <= 1) /* the case of a single letter counts */
        return a->text.size == 1 && text_equal(a->text, b->text);
    return text_equal_fold(a->text, b->text);
}

bool has_words(const Tokens *tokens) {
    for (size_t i = 0; i < tokens->count; i++)
        if (tokens->items[i].kind == TOKEN_WORD) return true;
    return false;
}

/* The same words in the same order, with case, articles and punctuation aside. */
bool same_words(const Tokens *a, const Tokens *b) {
    size_t i = 0, j = 0, words = 0;
    for (;;) {
        while (i < a->count && !counts_as_word(&a->items[i])) i++;
        while (j < b->count && !counts_as_word(&b->items[j])) j++;
        if (i == a->count || j == b->count) return i == a->count && j == b->count && words > 0;
        if (!same_word(&a->items[i++], &b->items[j++])) return false;
        words++;
    }
}

/* White space and the formula delimiters around a text say nothing. */
static Text without_dollars(Text text) {
    for (;;) {
        const size_t size = text.size;
        text = text_trim(text);
        if (text.size > 0 && text.data[0] == '$') text.data++, text.size--;
        const bool escaped = text.size > 1 && text.data[text.size - 2] == '\\';
        if (text.size > 0 && text.data[text.size - 1] == '$' && !escaped) text.size--;
        if (text.size == size) return text;
    }
}

bool same_bytes(Text a, Text b) {
    a = without_dollars(a);
    return a.size > 0 && text_equal(a, without_dollars(b));
}
