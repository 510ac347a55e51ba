/* Numbers: thousands separators, decimals, exponents, repeating digits, other bases. */
#include "lexing.h"

static size_t digits_end(const Lexer *lexer, size_t at) {
    while (is_digit(byte_at(lexer, at))) at++;
    return at;
}

/* The length of a thousands separator at `at` that three digits follow; 0 if there is none. */
static size_t separator(const Lexer *lexer, size_t at, bool comma_separates) {
    static const struct {
        const char *text;
        bool plain_comma;
    } SEPARATORS[] = {{"{,}", false},   {",\\!", false}, {"\\,", false}, {"\\!", false},
                      {"{\\,}", false}, {",\\ ", false}, {"\\ ", false}, {"~", false},
                      {"\\;", false},   {",", true},     {" ", true},    {"'", false}};
    for (size_t i = 0; i < sizeof SEPARATORS / sizeof *SEPARATORS; i++) {
        const Text mark = name_text(SEPARATORS[i].text);
        if (!text_starts(slice(lexer, at, lexer->text.size), mark)) continue;
        if (SEPARATORS[i].plain_comma && comma_separates) return 0;
        size_t next = at + mark.size;
        if (mark.data[0] == ',' && mark.size > 1)
            while (byte_at(lexer, next) == ' ') next++; /* "11,\! 111" */
        const size_t end = digits_end(lexer, next);
        if (end - next == 3) return next - at;
        return 0;
    }
    return 0;
}

static bool inside_brackets(const Lexer *lexer) {
    int depth = 0;
    for (size_t i = 0; i < lexer->tokens.count; i++) {
        const Token *token = &lexer->tokens.items[i];
        if (token->kind != TOKEN_MARK) continue;
        if (token->mark == '(' || token->mark == '[' || token->mark == MARK_SET_OPEN) depth++;
        if (token->mark == ')' || token->mark == ']' || token->mark == MARK_SET_CLOSE) depth--;
    }
    return depth > 0;
}

void push_integer(Lexer *lexer, Text text, int64_t value) {
    Token *token = new_token(lexer, TOKEN_NUMBER);
    token->text = text;
    if (!rational_from_int64(lexer->arena, value, &token->value)) lexer->tokens.too_large = true;
}

/* 2A_{16}: letters among the digits of a number whose base is written; where they end, or 0. */
static size_t lettered_digits(const Lexer *lexer, size_t at) {
    const size_t start = at;
    while (is_digit(byte_at(lexer, at)) || is_letter(byte_at(lexer, at))) at++;
    const Text rest = slice(lexer, at, lexer->text.size);
    const bool based = text_starts(rest, TEXT("_{1")) || text_starts(rest, TEXT("_{2")) ||
                       text_starts(rest, TEXT("_1"));
    return based && at - start <= 64 && at > digits_end(lexer, start) ? at : 0;
}

/* \dot{3}, \dot3: not \dots */
static bool dotted(Text text) {
    return text_starts(text, TEXT("\\dot")) && text.size > 4 && !is_letter(text.data[4]);
}

enum { MAX_PERIOD = 64 };

/* The digits of \dot{1}42857\dot{...} between the dots and under them; where they end, or 0. */
static size_t dotted_period(const Lexer *lexer, size_t at, char *period, size_t *size) {
    for (int dots = 0;;) {
        const Text rest = slice(lexer, at, lexer->text.size);
        size_t end = at + 1;
        Text digit = slice(lexer, at, end < lexer->text.size ? end : lexer->text.size);
        if (dots < 2 && dotted(rest)) {
            digit = text_trim(raw_group(lexer, at + 4, &end));
            dots++;
        } else if (dots == 2 || digit.size == 0 || !is_digit((unsigned char)digit.data[0])) {
            return dots == 2 || *size == 1 ? at : 0;
        }
        if (digit.size != 1 || !is_digit((unsigned char)digit.data[0]) || *size == MAX_PERIOD)
            return 0;
        period[(*size)++] = digit.data[0];
        at = end;
    }
}

/* What 0.2727... repeats: the shortest group of digits that stands at the end of them at least
 * twice, or a single one three times. */
static Text written_out_period(Text digits) {
    size_t most = 0; /* digits after the point, where nothing else stands behind it */
    while (most < digits.size && is_digit((unsigned char)digits.data[digits.size - 1 - most]))
        most++;
    if (most == digits.size || digits.data[digits.size - 1 - most] != '.') return TEXT("");
    for (size_t length = 1; length <= most / 2 && length < MAX_PERIOD; length++) {
        const size_t copies = length == 1 ? 3 : 2;
        const char *last = digits.data + digits.size - length;
        bool same = copies * length <= most;
        for (size_t i = 1; same && i < copies; i++)
            same = memcmp(last - i * length, last, length) == 0;
        if (same) return (Text){last, length};
    }
    return TEXT("");
}

/* The length of "..." and its other spellings at `at`, or 0. */
static size_t dots_length(const Lexer *lexer, size_t at) {
    static const char *const DOTS[] = {"...",     "\\ldots",      "\\dots",
                                       "\\cdots", "\xE2\x80\xA6", "\xE2\x8B\xAF"};
    for (size_t i = 0; i < sizeof DOTS / sizeof *DOTS; i++) {
        const Text dots = name_text(DOTS[i]);
        const size_t end = at + dots.size;
        if (text_starts(slice(lexer, at, lexer->text.size), dots) &&
            !(dots.data[0] == '\\' && is_letter(byte_at(lexer, end))))
            return dots.size;
    }
    return 0;
}

/* 0.1\overline{6}, 0.1\dot{6}, 0.1666...: the repeating digits r of length k add
 * r / (10^places * (10^k - 1)) */
static void lex_period(Lexer *lexer, Token *token, size_t start) {
    const Text rest = slice(lexer, lexer->at, lexer->text.size);
    char digits[MAX_PERIOD];
    Text period = {digits, 0};
    size_t end = 0, dots;
    if (text_starts(rest, TEXT("\\overline{"))) {
        period = raw_group(lexer, lexer->at + 9, &end);
    } else if (dotted(rest)) {
        end = dotted_period(lexer, lexer->at, digits, &period.size);
    } else if ((dots = dots_length(lexer, lexer->at)) > 0) {
        period = written_out_period(token->text);
        if (period.size == 0) return;
        end = lexer->at + dots;
    } else {
        return;
    }
    bool all_digits = end > 0 && period.size > 0 && period.size < MAX_PERIOD;
    for (size_t i = 0; i < period.size; i++) all_digits &= is_digit((unsigned char)period.data[i]);
    Rational value, ten, one, nines;
    if (all_digits && rational_from_decimal(lexer->arena, period, &value) &&
        rational_from_int64(lexer->arena, 1, &one) &&
        rational_scale10(lexer->arena, one, (int32_t)period.size, &ten) &&
        rational_subtract(lexer->arena, ten, one, &nines) &&
        rational_divide(lexer->arena, value, nines, &value) &&
        rational_scale10(lexer->arena, value, -token->places, &value) &&
        rational_add(lexer->arena, token->value, value, &token->value)) {
        token->places = -1;
        lexer->at = end;
        token->text = slice(lexer, start, end);
    } else {
        lexer->tokens.broken = true;
    }
}

/* 0x1F, 0b101: the digits and their base stand in one word. */
static bool lex_prefixed(Lexer *lexer) {
    const int mark = byte_at(lexer, lexer->at + 1) | 0x20;
    const size_t start = lexer->at + 2;
    if (byte_at(lexer, lexer->at) != '0' || (mark != 'x' && mark != 'b' && mark != 'o'))
        return false;
    size_t end = start;
    while (is_digit(byte_at(lexer, end)) || is_letter(byte_at(lexer, end))) end++;
    const unsigned base = mark == 'x' ? 16 : mark == 'o' ? 8 : 2;
    bool digits = end > start && end - start <= 64;
    for (size_t i = start; i < end; i++) {
        const int c = byte_at(lexer, i);
        digits &= (is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10) < (int)base;
    }
    if (!digits && !is_digit(byte_at(lexer, start))) return false; /* 0x is a product */
    Token *token = new_token(lexer, TOKEN_NUMBER);
    Integer value, one;
    token->text = slice(lexer, lexer->at, end);
    lexer->at = end;
    if (!digits)
        lexer->tokens.broken = true; /* 0b102 */
    else if (!integer_from_digits(lexer->arena, slice(lexer, start, end), base, &value) ||
             !integer_from_int64(lexer->arena, 1, &one) ||
             !rational_make(lexer->arena, value, one, &token->value))
        lexer->tokens.too_large = true;
    return true;
}

void lex_number(Lexer *lexer) {
    const size_t start = lexer->at;
    if (argument_frame(lexer) == NULL && lex_prefixed(lexer)) return;
    const size_t lettered = lettered_digits(lexer, start);
    if (lettered > 0 && argument_frame(lexer) == NULL) {
        Token *token = new_token(lexer, TOKEN_NUMBER); /* the parser reads it again, in its base */
        Integer digits, one;
        token->text = slice(lexer, start, lettered);
        lexer->at = lettered;
        if (!integer_from_digits(lexer->arena, token->text, 36, &digits) ||
            !integer_from_int64(lexer->arena, 1, &one) ||
            !rational_make(lexer->arena, digits, one, &token->value)) {
            lexer->tokens.too_large = true;
        }
        return;
    }
    size_t end = digits_end(lexer, start);
    const bool single = argument_frame(lexer) != NULL && end > start; /* \frac12 */
    if (single) end = start + 1;
    char *digits = arena_take(lexer->arena, lexer->text.size - start + 1);
    if (digits == NULL) {
        lexer->tokens.too_large = true;
        lexer->at = end;
        return;
    }
    size_t size = end - start;
    memcpy(digits, lexer->text.data + start, size);
    Token *token = new_token(lexer, TOKEN_NUMBER);
    if (!single && size >= 1 && size <= 3 && digits[0] != '0') {
        const bool comma_separates = lexer->options.comma_separates || inside_brackets(lexer);
        for (size_t width; (width = separator(lexer, end, comma_separates)) > 0;) {
            memcpy(digits + size, lexer->text.data + end + width, 3);
            size += 3;
            end += width + 3;
            token->grouped = true;
        }
    }
    if (!single && byte_at(lexer, end) == '.' && byte_at(lexer, end + 1) != '.') {
        const size_t after = digits_end(lexer, end + 1);
        const Text rest = slice(lexer, end + 1, lexer->text.size);
        const bool repeating = text_starts(rest, TEXT("\\overline{")) || dotted(rest);
        const bool ends = after == end + 1; /* "5." is 5 at the end of a text, else a full stop */
        if (!ends || repeating) {
            digits[size++] = '.';
            memcpy(digits + size, lexer->text.data + end + 1, after - end - 1);
            size += after - end - 1;
            token->places = (int32_t)(after - end - 1);
            end = after;
        } else if (end + 1 == lexer->text.size) {
            end++;
        }
    }
    token->text = (Text){digits, size};
    lexer->at = end;
    if (size > MAX_DIGITS)
        lexer->tokens.too_large = true;
    else if (!rational_from_decimal(lexer->arena, token->text, &token->value))
        lexer->tokens.too_large = true;
    const int mark = byte_at(lexer, end);
    if (!single && (mark == 'e' || mark == 'E') && !lexer->tokens.too_large) { /* 1.5e-3 */
        size_t at = end + 1;
        const bool negative = byte_at(lexer, at) == '-';
        if (negative || byte_at(lexer, at) == '+') at++;
        const size_t exponent_end = digits_end(lexer, at);
        if (exponent_end > at && !is_letter(byte_at(lexer, exponent_end))) {
            int32_t exponent = 0;
            for (size_t i = at; i < exponent_end && exponent < 100000; i++)
                exponent = 10 * exponent + (byte_at(lexer, i) - '0');
            const int32_t shift = negative ? -exponent : exponent;
            lexer->at = exponent_end;
            if (token->places >= 0 || shift < 0)
                token->places = (token->places < 0 ? 0 : token->places) - shift;
            if (token->places < 0) token->places = -1;
            if (!rational_scale10(lexer->arena, token->value, shift, &token->value))
                lexer->tokens.too_large = true;
            token->text = slice(lexer, start, exponent_end);
        }
    }
    if (token->places >= 0) lex_period(lexer, token, start);
    argument_done(lexer);
}
