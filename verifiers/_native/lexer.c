/* Answer text -> tokens: LaTeX, plain mathematics and Unicode signs to one vocabulary. */
#include "lexing.h"

static void lex_brace(Lexer *lexer, int c) {
    lexer->at++;
    if (c == '{') {
        push_mark(lexer, '{');
        lexer->braces++;
        return;
    }
    if (lexer->braces == 0) {
        lexer->tokens.unbalanced = true;
        return;
    }
    while (lexer->frame_count > 0 &&
           lexer->frames[lexer->frame_count - 1].braces >= lexer->braces) {
        lexer->tokens.unbalanced = true; /* a command inside still waits for an argument */
        lexer->frame_count--;
    }
    const bool prose_ends = lexer->prose_braces == lexer->braces;
    lexer->braces--;
    if (prose_ends) {
        lexer->prose_braces = 0;
        lexer->spaced = true;
    } else {
        push_mark(lexer, '}');
    }
    argument_done(lexer);
}

/* A bracket directly after \sqrt opens the root's degree. */
static void lex_bracket(Lexer *lexer, int c) {
    Frame *frame = lexer->frame_count > 0 ? &lexer->frames[lexer->frame_count - 1] : NULL;
    const Token *last =
        lexer->tokens.count > 0 ? &lexer->tokens.items[lexer->tokens.count - 1] : NULL;
    const bool sqrt_before =
        last != NULL && last->kind == TOKEN_COMMAND && text_equal(last->text, TEXT("sqrt"));
    if (c == '[' && frame != NULL && sqrt_before && argument_frame(lexer) != NULL)
        frame->option = true;
    if (c == ']' && frame != NULL && frame->option && frame->braces == lexer->braces)
        frame->option = false;
    lexer->at++;
    push_mark(lexer, c);
}

static bool is_only(const Lexer *lexer, char c) {
    const Text text = lexer->text;
    const char *first = memchr(text.data, c, text.size);
    const size_t after = (size_t)(first - text.data) + 1;
    return memchr(text.data + after, c, text.size - after) == NULL;
}

static bool at_relation(const Lexer *lexer) {
    size_t at = lexer->at;
    while (byte_at(lexer, at) == ' ') at++;
    const int c = byte_at(lexer, at);
    return c == '=' || c == '<' || c == '>';
}

static bool after_relation(const Lexer *lexer) {
    if (lexer->tokens.count == 0) return false;
    const Token *last = &lexer->tokens.items[lexer->tokens.count - 1];
    return last->kind == TOKEN_MARK &&
           (last->mark == '=' || last->mark == '<' || last->mark == '>');
}

static bool after_number(const Lexer *lexer) {
    return lexer->tokens.count > 0 && !lexer->spaced &&
           lexer->tokens.items[lexer->tokens.count - 1].kind == TOKEN_NUMBER;
}

/* 60" at the end of a text where no quotation opened. */
static bool is_last_quote(const Lexer *lexer) {
    return after_number(lexer) && memchr(lexer->text.data, '"', lexer->at - 1) == NULL;
}

/* After a number: minutes and seconds of an angle, or feet and inches. */
static void push_prime(Lexer *lexer, int count) {
    new_token(lexer, TOKEN_UNIT)->text = count == 1 ? TEXT("'") : TEXT("''");
}

/* 30^{\prime} */
static bool raised_primes(Lexer *lexer) {
    static const char *const SPELLINGS[] = {"{\\prime}", "\\prime", "{\\prime\\prime}",
                                            "{\\prime \\prime}"};
    const Text rest = slice(lexer, lexer->at, lexer->text.size);
    for (int i = 0; after_number(lexer) && i < 4; i++) {
        if (!text_starts(rest, name_text(SPELLINGS[i]))) continue;
        lexer->at += name_text(SPELLINGS[i]).size;
        push_prime(lexer, i < 2 ? 1 : 2);
        return true;
    }
    return false;
}

static void lex_ascii(Lexer *lexer, int c) {
    const int next = byte_at(lexer, lexer->at + 1);
    const bool prose = in_prose(lexer);
    lexer->at++;
    switch (c) {
    case '\n':
    case '\r': lexer->apart = true; /* fall through */
    case ' ':
    case '\t': lexer->spaced = true; return;
    case '$':
        if (is_digit(next) && is_only(lexer, '$')) /* $5, and no formula */
            new_token(lexer, TOKEN_UNIT)->text = TEXT("dollar");
        lexer->spaced = true;
        return;
    case '"':
        if (!prose && is_last_quote(lexer)) {
            push_prime(lexer, 2);
            return;
        }
        lexer->spaced = true;
        return;
    case '`': lexer->spaced = true; return; /* delimiters of a formula, quotes */
    case '~': lexer->spaced = true; return;
    case '<':
        lexer->math = true;
        if (next == '=') {
            lexer->at++;
            push_mark(lexer, MARK_LE);
        } else
            push_mark(lexer, '<');
        return;
    case '>':
        lexer->math = true;
        if (next == '=') {
            lexer->at++;
            push_mark(lexer, MARK_GE);
        } else
            push_mark(lexer, '>');
        return;
    case '=':
        lexer->math = true;
        if (next == '=') lexer->at++;
        push_mark(lexer, '=');
        return;
    case '!':
        if (next == '=') {
            lexer->at++;
            push_mark(lexer, MARK_NE);
        } else
            push_mark(lexer, '!');
        return;
    case '*':
        lexer->math = true;
        if (next == '*') {
            lexer->at++;
            push_mark(lexer, '^');
        } else
            push_mark(lexer, '*');
        return;
    case '-':
        if (next == '>') {
            lexer->at++;
            push_mark(lexer, MARK_ARROW);
        } else
            push_mark(lexer, '-');
        return;
    case '|': push_mark(lexer, MARK_BAR); return;
    case '^':
        if (raised_primes(lexer)) return;
        lexer->math = true;
        push_mark(lexer, c);
        return;
    case '_':
    case '+':
    case '/':
        lexer->math = true;
        push_mark(lexer, c);
        return;
    case '(':
        if (argument_frame(lexer) != NULL) lexer->frame_count--; /* sqrt(2) in TeX's clothes */
        push_mark(lexer, c);
        return;
    case ')':
    case ',':
    case ';':
    case ':':
    case '%': push_mark(lexer, c); return;
    case '&': /* a &= b and a =& b only say what stands below what */
        if (!at_relation(lexer) && !after_relation(lexer)) push_mark(lexer, c);
        return;
    case '\'':
        if (!prose && after_number(lexer)) {
            if (next == '\'') lexer->at++;
            push_prime(lexer, next == '\'' ? 2 : 1);
            return;
        } /* in "can't"; else a prime that follows no letter */
        lexer->tokens.broken |=
            !prose && (lexer->tokens.count == 0 ||
                       lexer->tokens.items[lexer->tokens.count - 1].kind != TOKEN_WORD);
        return;
    case '.':
        if (next == '.' && byte_at(lexer, lexer->at + 1) == '.') {
            lexer->at += 2;
            push_mark(lexer, MARK_DOTS);
            return;
        }
        lexer->spaced = true; /* a full stop is fine between words and at the end */
        if (!prose && text_trim(slice(lexer, lexer->at, lexer->text.size)).size > 0 &&
            (lexer->tokens.count == 0 ||
             lexer->tokens.items[lexer->tokens.count - 1].kind != TOKEN_WORD)) {
            const Text rest = text_trim(slice(lexer, lexer->at, lexer->text.size));
            bool closers = text_starts(rest, TEXT("\\end{")); /* of the last row */
            if (closers) return;
            closers = true;
            for (size_t i = 0; i < rest.size && closers; i++)
                closers = strchr("$}\\)] .", rest.data[i]) != NULL && rest.data[i] != 0;
            if (!closers) lexer->tokens.broken = true;
        }
        return;
    default: lexer->tokens.broken = true; return;
    }
}

static void lex_one(Lexer *lexer) {
    const int c = byte_at(lexer, lexer->at);
    if (is_digit(c) || (c == '.' && is_digit(byte_at(lexer, lexer->at + 1))))
        lex_number(lexer);
    else if (is_letter(c))
        lex_letters(lexer);
    else if (c == '\\')
        lex_command(lexer);
    else if (c == '{' || c == '}')
        lex_brace(lexer, c);
    else if (c == '[' || c == ']')
        lex_bracket(lexer, c);
    else if (c < 0x80)
        lex_ascii(lexer, c);
    else {
        size_t length;
        const uint32_t character = text_decode(lexer->text, lexer->at, &length);
        const Sign *sign = find_sign(character);
        static const struct {
            uint32_t character;
            const char *unit;
        } CURRENCIES[] = {{0x20AC, "euro"}, {0xA3, "pound"},   {0xA5, "yuan"},
                          {0xFFE5, "yuan"}, {0x20B9, "rupee"}, {0xA2, "cent"}};
        for (size_t i = 0; i < sizeof CURRENCIES / sizeof *CURRENCIES; i++) {
            if (CURRENCIES[i].character != character) continue;
            new_token(lexer, TOKEN_UNIT)->text = name_text(CURRENCIES[i].unit);
            lexer->at += length;
            return;
        }
        if (character == 0x03C0 || character == 0x221E) {
            new_token(lexer, TOKEN_CONSTANT)->mark = character == 0x221E ? 'o' : 'p';
        } else if (character == 0x221A || character == 0x221B) {
            new_token(lexer, TOKEN_COMMAND)->text = TEXT("sqrt");
            expect_arguments(lexer, 1);
            if (is_digit(byte_at(lexer, lexer->at + length)))
                lexer->frame_count--; /* √12 is the root of 12 */
            if (character == 0x221B) lexer->tokens.broken = true;
            lexer->at += length;
            lexer->math = true;
            return;
        } else if (sign != NULL && sign->mark == '\'' && after_number(lexer)) {
            push_prime(lexer, character == 0x2033 ? 2 : 1);
            lexer->at += length;
            return;
        } else if (sign == NULL) {
            lex_foreign(lexer);
            return;
        } else if (sign->mark == '.') { /* a full stop */
            lexer->at += length;
            lexer->spaced = true;
            return;
        } else if (sign->mark != 0) {
            Token *token = new_token(lexer, TOKEN_MARK);
            token->mark = sign->mark;
            if (sign->text != NULL) token->text = name_text(sign->text);
        } else {
            Token *token = new_token(lexer, TOKEN_SYMBOL);
            token->text = name_text(sign->text);
            lexer->at += length;
            lex_subscript(lexer, token);
            argument_done(lexer);
            return;
        }
        lexer->math = true;
        lexer->at += length;
        argument_done(lexer);
    }
}

static bool may_lose_braces(const Token *token) {
    if (token->kind == TOKEN_MARK)
        return strchr(":=<>+-*/", token->mark) != NULL || token->mark >= MARK_LE;
    return token->kind == TOKEN_NUMBER || token->kind == TOKEN_SYMBOL ||
           token->kind == TOKEN_CONSTANT;
}

/* {x} is x: braces around one token say nothing. */
static void drop_single_braces(Tokens *tokens) {
    size_t kept = 0;
    for (size_t i = 0; i < tokens->count; i++) {
        Token *items = tokens->items;
        const bool opens =
            items[i].kind == TOKEN_MARK && items[i].mark == '{' && i + 2 < tokens->count;
        if (opens && items[i + 2].kind == TOKEN_MARK && items[i + 2].mark == '}' &&
            may_lose_braces(&items[i + 1])) {
            const bool spaced = items[i].spaced;
            items[kept] = items[i + 1];
            items[kept++].spaced |= spaced;
            i += 2;
        } else {
            items[kept++] = items[i];
        }
    }
    tokens->count = kept;
}

Tokens lex_answer(Arena *arena, Text answer, LexOptions options) {
    Lexer lexer = {.arena = arena, .options = options};
    answer = text_trim(answer);
    if (answer.size > MAX_ANSWER_BYTES) return (Tokens){.too_large = true};
    lexer.text = unify(arena, undouble(arena, answer));
    lexer.roman = numbers_statements(lexer.text);
    /* A byte makes at most one token, but for a few signs that were written out above. */
    const size_t most = lexer.text.size + 2 < MAX_TOKENS ? lexer.text.size + 2 : MAX_TOKENS;
    lexer.tokens.items = arena_take(arena, most * sizeof(Token));
    if (lexer.tokens.items == NULL) return (Tokens){.too_large = true};
    while (lexer.at < lexer.text.size && !lexer.tokens.too_large) lex_one(&lexer);
    Tokens tokens = lexer.tokens;
    if (lexer.braces != 0 || lexer.environments != 0 || lexer.frame_count != 0)
        tokens.unbalanced = true;
    if (arena->exhausted) tokens.too_large = true;
    drop_single_braces(&tokens);
    tokens.prose_only = !lexer.math;
    return tokens;
}

bool tokens_equal(const Tokens *a, const Tokens *b) {
    if (a->count != b->count || a->broken != b->broken || a->too_large || b->too_large)
        return false;
    if (a->broken) return false; /* what was not understood is compared by its bytes, elsewhere */
    for (size_t i = 0; i < a->count; i++) {
        const Token *x = &a->items[i], *y = &b->items[i];
        if (x->kind != y->kind || x->mark != y->mark || x->places != y->places) return false;
        if (x->kind == TOKEN_NUMBER && !rational_equal(x->value, y->value)) return false;
        if (x->kind == TOKEN_FUNCTION && x->function != y->function) return false;
        const bool named =
            x->kind != TOKEN_NUMBER && x->kind != TOKEN_FUNCTION && x->kind != TOKEN_CONSTANT;
        if (named && !text_equal(x->text, y->text)) return false;
    }
    return true;
}
