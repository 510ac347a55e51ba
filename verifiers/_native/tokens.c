/* What every part of the lexer works with: new tokens, arguments to come, subscripts. */
#include "lexing.h"

bool in_prose(const Lexer *lexer) { return lexer->options.prose || lexer->prose_braces > 0; }

Token *new_token(Lexer *lexer, TokenKind kind) {
    Tokens *tokens = &lexer->tokens;
    if (tokens->count + 1 >= MAX_TOKENS) {
        tokens->too_large = true;
        return &tokens->items[tokens->count]; /* overwritten; the result is not used */
    }
    Token *token = &tokens->items[tokens->count++];
    *token = (Token){.kind = kind,
                     .spaced = lexer->spaced,
                     .apart = lexer->apart,
                     .prose = in_prose(lexer),
                     .places = -1,
                     .start = lexer->at};
    lexer->spaced = lexer->apart = false;
    return token;
}

void push_mark(Lexer *lexer, int mark) { new_token(lexer, TOKEN_MARK)->mark = mark; }

Frame *argument_frame(Lexer *lexer) {
    if (lexer->frame_count == 0) return NULL;
    Frame *frame = &lexer->frames[lexer->frame_count - 1];
    return frame->braces == lexer->braces && !frame->option ? frame : NULL;
}

/* One argument of the innermost waiting command is complete. */
void argument_done(Lexer *lexer) {
    for (Frame *frame; (frame = argument_frame(lexer)) != NULL;) {
        if (--frame->expected > 0) return;
        lexer->frame_count--; /* the command is complete, and may itself be an argument */
    }
}

void expect_arguments(Lexer *lexer, int count) {
    if (lexer->frame_count == MAX_FRAMES) {
        lexer->tokens.too_large = true;
        return;
    }
    lexer->frames[lexer->frame_count++] = (Frame){.braces = lexer->braces, .expected = count};
}

/* The content of the group that starts at `at` (or the single character there), and its end. */
Text raw_group(const Lexer *lexer, size_t at, size_t *end) {
    while (byte_at(lexer, at) == ' ') at++;
    size_t length = 1;
    if (byte_at(lexer, at) != '{') {
        if (byte_at(lexer, at) == '\\')
            while (is_letter(byte_at(lexer, at + length))) length++;
        else if (at < lexer->text.size)
            text_decode(lexer->text, at, &length);
        else
            length = 0;
        *end = at + length;
        return slice(lexer, at, *end);
    }
    int depth = 0;
    for (size_t i = at; i < lexer->text.size; i++) {
        const int c = byte_at(lexer, i);
        if (c == '\\')
            i++;
        else if (c == '{')
            depth++;
        else if (c == '}' && --depth == 0) {
            *end = i + 1;
            return slice(lexer, at + 1, i);
        }
    }
    *end = lexer->text.size;
    return slice(lexer, at, lexer->text.size);
}

/* The normal spelling of a subscript or of a decorated letter: no spaces, braces or styles. */
Text plain_name(Lexer *lexer, const char *prefix, Text first, const char *join, Text raw) {
    char *name = arena_take(lexer->arena, strlen(prefix) + first.size + raw.size + 4);
    if (name == NULL) return first;
    size_t size = strlen(prefix);
    memcpy(name, prefix, size);
    memcpy(name + size, first.data, first.size);
    size += first.size;
    for (; *join != 0; join++) name[size++] = *join;
    for (size_t i = 0; i < raw.size; i++) {
        const char c = raw.data[i];
        if (c == '\\') {
            size_t end = i + 1;
            while (end < raw.size && is_letter((unsigned char)raw.data[end])) end++;
            const Text word = {raw.data + i + 1, end - i - 1};
            const Command *command = word.size > 0 ? find_command(word) : NULL;
            const bool style = word.size == 0 ||
                               (command != NULL &&
                                (command->kind == COMMAND_PROSE || command->kind == COMMAND_SKIP ||
                                 command->kind == COMMAND_DELIMITER));
            if (style) {
                i = word.size == 0 ? i + 1 : end - 1;
                continue;
            }
            continue; /* drop the backslash, keep the name */
        }
        if (c == ' ' || c == '{' || c == '}' || c == '~' || c == '$') continue;
        name[size++] = c;
    }
    return (Text){name, size};
}

/* R, Z, Q or N; Z^*, N_+ and their like are the positive ones. */
static Text number_set(Lexer *lexer, Text name, size_t *end) {
    static const struct {
        const char *mark, *text;
    } POSITIVE[] = {{"^*", "*"},   {"^{*}", "*"},     {"^+", "+"},     {"^{+}", "+"}, {"_+", "+"},
                    {"_{+}", "+"}, {"^{\\ast}", "*"}, {"^\\ast", "*"}, {"⁺", "+"},    {"₊", "+"}};
    for (size_t i = 0; i < sizeof POSITIVE / sizeof *POSITIVE; i++) {
        const Text mark = name_text(POSITIVE[i].mark);
        if (!text_starts(slice(lexer, *end, lexer->text.size), mark)) continue;
        *end += mark.size;
        if (text_equal(name, TEXT("N"))) return TEXT("Z+"); /* but Z^* is what is not 0 */
        return plain_name(lexer, "", name, POSITIVE[i].text, TEXT(""));
    }
    return name;
}

bool names_numbers(Text name) { return name.size == 1 && memchr("RZQN", name.data[0], 4) != NULL; }

/* Whether a plain letter here can only be a set of numbers: after \in, or as the whole answer. */
bool numbers_expected(const Lexer *lexer, size_t end, bool alone) {
    const size_t count = lexer->tokens.count;
    if (count > 0) {
        const Token *last = &lexer->tokens.items[count - 1];
        return last->kind == TOKEN_MARK && last->mark == MARK_IN;
    }
    while (byte_at(lexer, end) == ' ' || byte_at(lexer, end) == '$' || byte_at(lexer, end) == '.')
        end++;
    return alone && end == lexer->text.size;
}

void push_numbers(Lexer *lexer, Text name, size_t end) {
    Token *token = new_token(lexer, TOKEN_MARK);
    token->mark = MARK_NUMBERS;
    token->text = number_set(lexer, name, &end);
    lexer->at = end;
}

void lex_subscript(Lexer *lexer, Token *symbol) {
    for (;;) {
        size_t at = lexer->at;
        while (byte_at(lexer, at) == ' ') at++;
        const Text rest = slice(lexer, at, lexer->text.size);
        if (byte_at(lexer, at) == '_') {
            size_t end;
            const Text raw = raw_group(lexer, at + 1, &end);
            if (byte_at(lexer, at + 1) != '{') /* x_12 in plain text is x_{12} */
                while (is_digit(byte_at(lexer, end)) && is_digit(byte_at(lexer, end - 1))) end++;
            const bool braced =
                raw.data == lexer->text.data + at + 2 || byte_at(lexer, at + 1) == '{';
            const Text whole = braced ? raw : slice(lexer, at + 1, end);
            symbol->text = plain_name(lexer, "", symbol->text, "_", whole);
            lexer->at = end;
            lexer->math = true;
        } else if (byte_at(lexer, at) == '\'' && at == lexer->at) {
            symbol->text = plain_name(lexer, "", symbol->text, "'", TEXT(""));
            lexer->at = at + 1;
        } else if (text_starts(rest, TEXT("^\\prime")) || text_starts(rest, TEXT("^{\\prime}"))) {
            symbol->text = plain_name(lexer, "", symbol->text, "'", TEXT(""));
            lexer->at = at + (byte_at(lexer, at + 1) == '{' ? 9 : 7);
        } else {
            return;
        }
    }
}
