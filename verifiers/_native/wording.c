/* Answers in words: the same words in the same order. */
#include <string.h>

#include "comparison.h"

static bool counts_as_word(const Token *token) {
    static const char *const ARTICLES[] = {"an", "the", NULL}; /* not A, which may be a name */
    if (token->kind == TOKEN_MARK) {
        return token->mark != ',' && token->mark != ';' && token->mark != '{' &&
               token->mark != '}' && token->mark != '!';
    }
    for (size_t i = 0; ARTICLES[i] != NULL; i++) {
        const Text article = {ARTICLES[i], strlen(ARTICLES[i])};
        if (token->kind == TOKEN_WORD && text_equal_fold(token->text, article)) return false;
    }
    return token->kind != TOKEN_WORD || !text_equal(token->text, TEXT("a"));
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

/* ---- what several wordings say -------------------------------------------------------------- */

/* The words without their article, and one wording for all that say the same. */
Text usual_words(Text words) {
    static const Text SAME[][2] = {
        {{"dne", sizeof "dne" - 1}, {"does not exist", sizeof "does not exist" - 1}},
        {{"limit does not exist", sizeof "limit does not exist" - 1},
         {"does not exist", sizeof "does not exist" - 1}},
        {{"不存在", sizeof "不存在" - 1}, {"does not exist", sizeof "does not exist" - 1}},
        {{"divergent", sizeof "divergent" - 1}, {"diverges", sizeof "diverges" - 1}},
        {{"convergent", sizeof "convergent" - 1}, {"converges", sizeof "converges" - 1}},
        {{"空集", sizeof "空集" - 1}, {"empty set", sizeof "empty set" - 1}},
    };
    static const Text EMPTY[] = {{"the ", 4},      {"it ", 3},       {"series ", 7},
                                 {"integral ", 9}, {"there is ", 9}, {"there are ", 10}};
    for (size_t i = 0; i < COUNT(EMPTY); i++) { /* "The series diverges", "There is no solution" */
        const Text first = {words.data, words.size < EMPTY[i].size ? words.size : EMPTY[i].size};
        if (text_equal_fold(first, EMPTY[i]))
            words = (Text){words.data + first.size, words.size - first.size};
    }
    for (size_t i = 0; i < sizeof SAME / sizeof *SAME; i++)
        if (text_equal_fold(words, SAME[i][0])) return SAME[i][1];
    return words;
}

/* ---- yes and no ------------------------------------------------------------------------------ */

static bool is_one_of(Text word, const char *const *words) {
    for (; *words != NULL; words++)
        if (text_equal_fold(word, (Text){*words, strlen(*words)})) return true;
    return false;
}

/* "Yes", "NO", "No, it does not." What is more than that may say the opposite. */
YesNo read_yes_no(Text text) {
    static const char *const STYLES[] = {"text", "textbf", "textrm", "mathrm", NULL};
    static const char *const FILLERS[] = {"it",   "they", "there", "is",     "are", "do",
                                          "does", "can",  "exist", "exists", NULL};
    YesNo answer = NOT_YES_NO;
    bool denied = false, more = false;
    for (size_t at = 0, end; at < text.size; at = end) {
        for (end = at; end < text.size && ((text.data[end] | 0x20) >= 'a') &&
                       ((text.data[end] | 0x20) <= 'z');
             end++) {
        }
        const Text word = {text.data + at, end - at};
        if (word.size == 0) {
            end = at + 1;
            if (memchr(" .,!{}$\\*\"", text.data[at], 9) == NULL) return NOT_YES_NO;
        } else if (at > 0 && text.data[at - 1] == '\\') {
            if (!is_one_of(word, STYLES)) return NOT_YES_NO;
        } else if (answer == NOT_YES_NO) {
            answer = text_equal_fold(word, TEXT("yes"))  ? YES
                     : text_equal_fold(word, TEXT("no")) ? NO
                                                         : NOT_YES_NO;
            if (answer == NOT_YES_NO) return NOT_YES_NO;
        } else if (text_equal_fold(word, TEXT("not")) || text_equal_fold(word, TEXT("cannot"))) {
            if (denied) return NOT_YES_NO;
            denied = true;
        } else if (!is_one_of(word, FILLERS)) {
            return NOT_YES_NO;
        } else {
            more = true;
        }
    }
    const bool agrees = answer == YES ? !denied : denied || !more;
    return agrees ? answer : NOT_YES_NO;
}
