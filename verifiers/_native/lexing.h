/* The steps of the lexer: what lexer.c and its helpers share, and nobody else sees. */
#ifndef VERIFIERS_LEXING_H
#define VERIFIERS_LEXING_H

#include <string.h>

#include "names.h"

enum { MAX_FRAMES = 64 };

/* Arguments that \frac and its kind still expect: without braces they are one token each. */
typedef struct {
    int braces;   /* how many braces are open where the command stands */
    int expected; /* arguments to come */
    bool option;  /* inside the [n] of \sqrt[n] */
} Frame;

typedef struct {
    Arena *arena;
    Text text;
    size_t at;
    Tokens tokens;
    Frame frames[MAX_FRAMES];
    int frame_count;
    int braces;
    int prose_braces; /* the brace depth at which \text{...} began; 0 outside */
    int environments;
    bool spaced;
    bool apart; /* so far that another formula may begin */
    bool math;  /* a sign of a formula was seen */
    bool roman; /* II is a numeral, and no product */
    LexOptions options;
} Lexer;

static inline bool is_digit(int c) { return c >= '0' && c <= '9'; }
static inline bool is_letter(int c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

static inline int byte_at(const Lexer *lexer, size_t at) {
    return at < lexer->text.size ? (unsigned char)lexer->text.data[at] : 0;
}

static inline Text slice(const Lexer *lexer, size_t start, size_t end) {
    return (Text){lexer->text.data + start, end - start};
}

static inline Text name_text(const char *name) { return (Text){name, strlen(name)}; }

/* ---- respell.c: before lexing ---- */
Text undouble(Arena *arena, Text text);
Text unify(Arena *arena, Text text);

/* ---- tokens.c: new tokens ---- */
bool in_prose(const Lexer *lexer);
Token *new_token(Lexer *lexer, TokenKind kind);
void push_mark(Lexer *lexer, int mark);
Frame *argument_frame(Lexer *lexer);
void argument_done(Lexer *lexer);
void expect_arguments(Lexer *lexer, int count);
Text raw_group(const Lexer *lexer, size_t at, size_t *end);
Text plain_name(Lexer *lexer, const char *prefix, Text first, const char *join, Text raw);
bool numbers_expected(const Lexer *lexer, size_t end, bool alone);
void push_numbers(Lexer *lexer, Text name, size_t end);
void lex_subscript(Lexer *lexer, Token *symbol);

/* ---- digits.c: numbers ---- */
void push_integer(Lexer *lexer, Text text, int64_t value);
void lex_number(Lexer *lexer);

/* ---- letters.c: letters and words ---- */
void lex_letters(Lexer *lexer);
bool numbers_statements(Text text);
void lex_foreign(Lexer *lexer);

/* ---- commands.c: commands ---- */
void lex_command(Lexer *lexer);

#endif
