/* Letters and words: symbols, functions, units, and the words of other scripts. */
#include "lexing.h"

enum { MOST_FACTORS = 6 };

static void push_letter(Lexer *lexer, size_t at) {
    Token *token;
    if (names_numbers(slice(lexer, at, at + 1)) && numbers_expected(lexer, at + 1, false)) {
        push_numbers(lexer, slice(lexer, at, at + 1), at + 1); /* k \in Z */
        return;
    }
    const char c = lexer->text.data[at];
    const bool power_follows = byte_at(lexer, at + 1) == '_' || byte_at(lexer, at + 1) == '\'';
    if ((c == 'e' || c == 'i') && !power_follows) {
        token = new_token(lexer, TOKEN_CONSTANT);
        token->mark = c;
    } else {
        token = new_token(lexer, TOKEN_SYMBOL);
    }
    token->text = slice(lexer, at, at + 1);
    lexer->at = at + 1;
    if (token->kind == TOKEN_SYMBOL) lex_subscript(lexer, token);
}

static bool same_word(Text word, const char *other) {
    return text_equal_fold(word, name_text(other));
}

/* "minus 3", "negative three" */
static bool negates(const Lexer *lexer, Text word) {
    if (!same_word(word, "minus") && !same_word(word, "negative")) return false;
    size_t at = lexer->at, size;
    int64_t value;
    while (byte_at(lexer, at) == ' ') at++;
    return is_digit(byte_at(lexer, at)) ||
           english_numeral(slice(lexer, at, lexer->text.size), &size, &value);
}

/* log2(3), log10 5: digits that an argument follows are the base. */
static bool base_follows(const Lexer *lexer) {
    size_t at = lexer->at;
    while (is_digit(byte_at(lexer, at))) at++;
    if (at == lexer->at || byte_at(lexer, at) == '(') return at > lexer->at;
    return byte_at(lexer, at) == ' ' &&
           (is_digit(byte_at(lexer, at + 1)) || is_letter(byte_at(lexer, at + 1)));
}

/* "5 squared"; but square centimetres in "5 cm squared" */
static bool raises_number(const Lexer *lexer, Text word) {
    const size_t count = lexer->tokens.count;
    return (same_word(word, "squared") || same_word(word, "cubed")) && count > 0 &&
           lexer->tokens.items[count - 1].kind == TOKEN_NUMBER;
}

static bool push_known_word(Lexer *lexer, Text word) {
    Function function;
    if (negates(lexer, word))
        push_mark(lexer, '-');
    else if (raises_number(lexer, word)) {
        push_mark(lexer, '^');
        push_integer(lexer, word, same_word(word, "squared") ? 2 : 3);
    } else if (same_word(word, "and"))
        push_mark(lexer, MARK_AND);
    else if (same_word(word, "or"))
        push_mark(lexer, MARK_OR);
    else if (same_word(word, "percent") || same_word(word, "pct") || same_word(word, "percentage"))
        push_mark(lexer, '%');
    else if (same_word(word, "degrees") || same_word(word, "degree") || same_word(word, "deg"))
        push_mark(lexer, MARK_DEGREE);
    else if (same_word(word, "pi"))
        new_token(lexer, TOKEN_CONSTANT)->mark = 'p';
    else if (same_word(word, "infinity") || same_word(word, "inf") || same_word(word, "infty"))
        new_token(lexer, TOKEN_CONSTANT)->mark = 'o';
    else if (find_function(word, &function)) {
        Token *token = new_token(lexer, TOKEN_FUNCTION);
        token->function = function;
        token->text = word;
        if (text_equal(word, TEXT("log")) && base_follows(lexer)) push_mark(lexer, '_');
    } else {
        return false;
    }
    return true;
}

static const char *const GREEK_WORDS[] = {"alpha", "beta",   "gamma", "delta", "epsilon",
                                          "theta", "lambda", "sigma", "omega", "phi",
                                          "rho",   "mu",     "tau"};

/* a.m., PM and their like after a time of day; the length of what was read, or 0. */
static size_t day_half(const Lexer *lexer, size_t at) {
    const int half = byte_at(lexer, at) | 0x20;
    size_t end = at + 1;
    if (half != 'a' && half != 'p') return 0;
    if (byte_at(lexer, end) == '.') end++;
    while (byte_at(lexer, end) == ' ') end++;
    if ((byte_at(lexer, end) | 0x20) != 'm') return 0;
    end++;
    if (is_letter(byte_at(lexer, end))) return 0;
    return end - at + (byte_at(lexer, end) == '.');
}

/* After 8:34, or after a number where there are points in it: 8 p.m., but 8pm is a product. */
static bool after_hours(const Lexer *lexer) {
    const size_t count = lexer->tokens.count;
    const Token *items = lexer->tokens.items;
    if (count == 0 || items[count - 1].kind != TOKEN_NUMBER) return false;
    return byte_at(lexer, lexer->at + 1) == '.' ||
           (count >= 3 && items[count - 3].kind == TOKEN_NUMBER &&
            items[count - 2].kind == TOKEN_MARK && items[count - 2].mark == ':');
}

/* "a parallelogram", but not "a and b" or "a b". */
static bool is_article(const Lexer *lexer, size_t at) {
    size_t next = at + 2, end;
    if (byte_at(lexer, at) != 'a' || byte_at(lexer, at + 1) != ' ' || !(in_prose(lexer) || at == 0))
        return false;
    for (end = next; is_letter(byte_at(lexer, end)); end++) {
    }
    const Text word = slice(lexer, next, end);
    Function function;
    return word.size > 3 && !find_function(word, &function);
}

static bool is_roman(Text word) {
    for (size_t i = 0; i < word.size; i++)
        if (memchr("IVX", word.data[i], 3) == NULL) return false;
    return true;
}

/* "I, II and IV" name statements or quadrants: IV is no product there, which would be VI too. */
bool numbers_statements(Text text) {
    for (size_t at = 0; at < text.size;) {
        const bool command = text.data[at] == '\\';
        const size_t start = at += command;
        while (at < text.size && is_letter(text.data[at])) at++;
        const Text word = {text.data + start, at - start};
        if (!command && !is_roman(word) && !same_word(word, "and") && !same_word(word, "or") &&
            !same_word(word, "only"))
            return false;
        if (word.size > 0 || at == text.size) continue;
        if (is_digit(text.data[at]) || strchr("+-*/^_=<>|", text.data[at]) != NULL) return false;
        at++;
    }
    return true;
}

static void push_letters(Lexer *lexer, size_t start, size_t end) {
    for (size_t i = start; i < end; i++) {
        lexer->at = i;
        push_letter(lexer, i);
        if (lexer->at > i + 1) break; /* the last letter took a subscript */
    }
}

/* A run of ASCII letters that no backslash introduces. */
void lex_letters(Lexer *lexer) {
    const size_t start = lexer->at;
    size_t end = start;
    if (after_hours(lexer) && (end = day_half(lexer, start)) > 0) {
        new_token(lexer, TOKEN_WORD)->text =
            (byte_at(lexer, start) | 0x20) == 'a' ? TEXT("am") : TEXT("pm");
        lexer->at = start + end;
        return;
    }
    end = start;
    while (is_letter(byte_at(lexer, end))) end++;
    const bool prose = in_prose(lexer);
    if (argument_frame(lexer) != NULL && !prose) end = start + 1; /* \frac ab */
    const Text word = slice(lexer, start, end);
    const size_t size = end - start;
    lexer->at = end;
    const bool module = text_equal(word, TEXT("math")) || text_equal(word, TEXT("np"));
    if (module && byte_at(lexer, end) == '.' && is_letter(byte_at(lexer, end + 1))) {
        lexer->at++; /* math.sqrt(2) */
        return;
    }
    const bool after_number = lexer->tokens.count > 0 && !lexer->spaced &&
                              lexer->tokens.items[lexer->tokens.count - 1].kind == TOKEN_NUMBER;
    if (after_number && !lexer->options.letters_multiply &&
        (same_word(word, "st") || same_word(word, "nd") || same_word(word, "rd") ||
         same_word(word, "th"))) {
        lexer->tokens.ordinal = true; /* 15th */
        return;
    }
    int64_t value;
    size_t numeral;
    if (english_numeral(slice(lexer, start, lexer->text.size), &numeral, &value)) {
        lexer->at = start + numeral;
        push_integer(lexer, slice(lexer, start, lexer->at), value);
        if (value < 20 && fraction_name(slice(lexer, lexer->at, lexer->text.size)))
            lexer->at++; /* three-fourths; but twenty-fifth is one after twenty-fourth */
    } else if (size == 1 && is_article(lexer, start)) {
        new_token(lexer, TOKEN_WORD)->text = word;
    } else if (size == 1) {
        push_letter(lexer, start);
    } else if (lexer->roman && is_roman(word)) {
        new_token(lexer, TOKEN_SYMBOL)->text = word;
    } else if (same_word(word, "min") && lexer->tokens.count > 0 && byte_at(lexer, end) != '(' &&
               lexer->tokens.items[lexer->tokens.count - 1].kind == TOKEN_NUMBER) {
        new_token(lexer, TOKEN_WORD)->text = word; /* 120 min: minutes, no minimum */
    } else if (push_known_word(lexer, word)) {
        lexer->math |= lexer->tokens.items[lexer->tokens.count - 1].kind == TOKEN_FUNCTION;
    } else {
        Function function;
        const Token *before =
            lexer->tokens.count > 0 ? &lexer->tokens.items[lexer->tokens.count - 1] : NULL;
        const bool alone = start == 0 && end == lexer->text.size;
        const bool after_value =
            before != NULL &&
            (before->kind == TOKEN_NUMBER ||
             (before->kind == TOKEN_WORD && size > 1 && unit_known(before->text)) ||
             (before->kind == TOKEN_MARK &&
              (before->mark == ')' || before->mark == '}' || before->mark == '/')));
        bool upper = true;
        for (size_t i = start; i < end; i++) upper &= byte_at(lexer, i) <= 'Z';
        const bool unit = after_value && unit_known(word);
        bool greek = false;
        for (size_t i = 0; i < sizeof GREEK_WORDS / sizeof *GREEK_WORDS; i++)
            greek |= text_equal(word, name_text(GREEK_WORDS[i]));
        if (greek && !prose) {
            Token *token = new_token(lexer, TOKEN_SYMBOL);
            token->text = word;
            lex_subscript(lexer, token);
        } else if (!prose && !unit && size == 4 &&
                   find_function(slice(lexer, start, start + 3), &function)) {
            Token *token = new_token(lexer, TOKEN_FUNCTION); /* sinx */
            token->function = function;
            token->text = slice(lexer, start, start + 3);
            push_letter(lexer, start + 3);
        } else if (size <= MOST_FACTORS && !prose && lexer->options.letters_multiply) {
            push_letters(lexer, start, end);
        } else if (prose || unit || is_short_word(word) || (alone && size > 2) ||
                   (size > 3 && !upper)) {
            new_token(lexer, TOKEN_WORD)->text = word;
        } else if (size > 3) { /* the points of a figure: one name */
            Token *token = new_token(lexer, TOKEN_SYMBOL);
            token->text = word;
            lex_subscript(lexer, token);
        } else {
            push_letters(lexer, start, end);
        }
    }
    argument_done(lexer);
}

/* What changes how its neighbours read (direction, strokes and accents laid over them), digits of
 * other scripts, which are no unit, and what is no character at all. */
static bool never_in_words(uint32_t c) {
    static const uint32_t RANGES[][2] = {{0x80, 0x9F},     {0x300, 0x36F},   {0x660, 0x669},
                                         {0x6F0, 0x6F9},   {0x966, 0x96F},   {0x9E6, 0x9EF},
                                         {0xE50, 0xE59},   {0x202A, 0x202E}, {0x2066, 0x2069},
                                         {0x20D0, 0x20FF}, {0x2030, 0x2031}, {0xD800, 0xDFFF},
                                         {0xFE00, 0xFE0F}, {0xFFF0, 0xFFFF}, {0xE0000, 0x10FFFF}};
    for (size_t i = 0; i < sizeof RANGES / sizeof *RANGES; i++)
        if (c >= RANGES[i][0] && c <= RANGES[i][1]) return true;
    return false;
}

/* A run of letters of another script is a word; a few Chinese words are marks. */
void lex_foreign(Lexer *lexer) {
    static const struct {
        const char *text;
        int mark;
    } WORDS[] = {{"或者", MARK_OR}, {"或", MARK_OR},  {"和", MARK_AND},
                 {"且", MARK_AND},  {"与", MARK_AND}, {"及", MARK_AND},
                 {"、", ','},       {"。", '.'},      {"度", MARK_DEGREE}};
    for (size_t i = 0; i < sizeof WORDS / sizeof *WORDS; i++) {
        const Text word = name_text(WORDS[i].text);
        if (!text_starts(slice(lexer, lexer->at, lexer->text.size), word)) continue;
        lexer->at += word.size;
        if (WORDS[i].mark != '.') push_mark(lexer, WORDS[i].mark);
        return;
    }
    const size_t start = lexer->at;
    size_t length;
    while (lexer->at < lexer->text.size) {
        const uint32_t c = text_decode(lexer->text, lexer->at, &length);
        const bool stops = c < 0x80 || find_sign(c) != NULL;
        bool mark = false;
        for (size_t i = 0; i < sizeof WORDS / sizeof *WORDS && lexer->at > start; i++) {
            mark |=
                text_starts(slice(lexer, lexer->at, lexer->text.size), name_text(WORDS[i].text));
        }
        if (stops || mark) break;
        if (never_in_words(c)) lexer->tokens.broken = true;
        lexer->at += length;
    }
    const Text word = slice(lexer, start, lexer->at);
    int64_t value;
    if (chinese_numeral(word, &value))
        push_integer(lexer, word, value);
    else
        new_token(lexer, TOKEN_WORD)->text = word;
    argument_done(lexer);
}
