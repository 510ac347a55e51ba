/* Options of a multiple-choice question: B, (B), ABD, "A, B and D", ①③, Option B, \textbf{(B)}\ 12.
 * They are read from the text itself: to the lexer ABD is a product, and "B. 12" no formula. */
#include <string.h>

#include "comparison.h"

typedef struct {
    Text text;
    size_t at;
    int braces;
} Cursor;

static bool is_latin(uint32_t c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

static bool is_ascii_digit(uint32_t c) { return c >= '0' && c <= '9'; }

static bool skip_text(Cursor *cursor, Text word) {
    const Text rest = {cursor->text.data + cursor->at, cursor->text.size - cursor->at};
    if (!text_starts(rest, word)) return false;
    cursor->at += word.size;
    return true;
}

/* The character at the cursor, full-width forms as ASCII; 0 at the end. */
static uint32_t look(const Cursor *cursor, size_t *length) {
    *length = 0;
    if (cursor->at >= cursor->text.size) return 0;
    const uint32_t c = text_decode(cursor->text, cursor->at, length);
    return c >= 0xFF01 && c <= 0xFF5E ? c - 0xFEE0 : c;
}

/* White space, delimiters of formulas, braces and the commands that set a font; whether
 * there was any. */
static bool skip_style(Cursor *cursor) {
    static const Text STYLES[] = {{"\\textbf", 7}, {"\\textrm", 7}, {"\\text", 5}, {"\\mathbf", 7},
                                  {"\\mathrm", 7}, {"\\bf", 3},     {"\\rm", 3},   {"\\qquad", 6},
                                  {"\\quad", 5},   {"\\ ", 2},      {"\\,", 2},    {"\\;", 2},
                                  {"\\:", 2},      {"\\!", 2},      {"\\(", 2},    {"\\)", 2},
                                  {"$", 1},        {"~", 1},        {" ", 1},      {"\n", 1},
                                  {"\t", 1}};
    const size_t start = cursor->at;
    for (size_t before = SIZE_MAX; before != cursor->at;) {
        before = cursor->at;
        for (size_t i = 0; i < sizeof STYLES / sizeof *STYLES; i++) skip_text(cursor, STYLES[i]);
        if (skip_text(cursor, TEXT("{"))) cursor->braces++;
        if (cursor->braces > 0 && skip_text(cursor, TEXT("}"))) cursor->braces--;
    }
    return cursor->at > start;
}

/* "Option B", 选B */
static bool skip_opener(Cursor *cursor) {
    static const Text OPENERS[] = {{"Options", 7}, {"options", 7}, {"Option", 6}, {"option", 6},
                                   {"Choices", 7}, {"choices", 7}, {"Choice", 6}, {"choice", 6},
                                   {"故选", 6},    {"应选", 6},    {"选项", 6},   {"选择", 6},
                                   {"选", 3}};
    for (size_t i = 0; i < sizeof OPENERS / sizeof *OPENERS; i++)
        if (skip_text(cursor, OPENERS[i])) return true;
    return false;
}

/* What joins the options of one answer; never "or", which leaves the answer open. */
static bool skip_separator(Cursor *cursor) {
    static const Text SEPARATORS[] = {{",", 1},   {";", 1}, {"，", 3}, {"；", 3}, {"、", 3},
                                      {"and", 3}, {"&", 1}, {"和", 3}, {"与", 3}, {"及", 3}};
    bool any = false;
    for (size_t i = 0; i < sizeof SEPARATORS / sizeof *SEPARATORS; i++) {
        any |= skip_text(cursor, SEPARATORS[i]);
        skip_style(cursor);
    }
    return any;
}

/* The option at the cursor, or OPTIONS if there is none. Digits count where brackets or separators
 * set them apart. */
static int read_option(Cursor *cursor, bool *bracketed) {
    size_t length;
    uint32_t c = look(cursor, &length);
    *bracketed = c == '(' || c == '[' || c == 0x3010;
    if (*bracketed) {
        cursor->at += length;
        skip_style(cursor);
        c = look(cursor, &length);
    }
    const int option = c >= 'A' && c <= 'H'         ? (int)(c - 'A')
                       : c >= 0x2460 && c <= 0x2469 ? FIRST_CIRCLED + (int)(c - 0x2460)
                       : c >= '1' && c <= '9'       ? FIRST_CIRCLED + (int)(c - '1')
                                                    : OPTIONS;
    cursor->at += length;
    if (!*bracketed) return option;
    skip_style(cursor);
    c = look(cursor, &length);
    cursor->at += length;
    return c == ')' || c == ']' || c == 0x3011 ? option : OPTIONS;
}

/* Whether what follows an option's letter can be its text, and only that: a formula or a number
 * with its unit, which names no other option. Words might say anything: "B) is wrong". */
static bool is_option_text(Text text) {
    bool formula = false;
    for (size_t i = 0, length; i < text.size; i += length) {
        const uint32_t c = text_decode(text, i, &length);
        const bool command = i > 0 && text.data[i - 1] == '\\';
        formula |= command || is_ascii_digit(c);
        if (c == '?' || (c >= 0x2E80 && c < 0x10000)) return false; /* also of other scripts */
        if (!is_latin(c)) continue;
        while (i + length < text.size && is_latin((unsigned char)text.data[i + length])) length++;
        const Text word = {text.data + i, length};
        if (command && (text_equal(word, TEXT("lor")) || text_equal(word, TEXT("vee"))))
            return false;
        if (!command && (length > 1 ? !unit_known(word) : c >= 'A' && c <= 'H')) return false;
    }
    return formula;
}

/* The rest of the text, without the braces and delimiters at its end that were opened before it. */
static Text rest_of(Cursor *cursor) {
    Text text = text_trim((Text){cursor->text.data + cursor->at, cursor->text.size - cursor->at});
    while (text.size > 0 && text.data[text.size - 1] == '$') text.size--;
    for (; cursor->braces > 0 && text.size > 0 && text.data[text.size - 1] == '}'; cursor->braces--)
        text.size--;
    return text_trim(text);
}

static bool at_operator(const Cursor *cursor) {
    size_t length;
    const uint32_t c = look(cursor, &length);
    const size_t next = cursor->at + 1;
    if (c == '-') /* a sign where what it belongs to follows at once */
        return next >= cursor->text.size || cursor->text.data[next] == ' ';
    return c < 0x80 && strchr("+*/=<>^_'!|&,;:.)]", (int)c) != NULL;
}

/* "(B) 12" and "B. 12": the option's text, behind its letter. */
static bool read_option_text(Cursor cursor, bool bracketed, Choice *choice) {
    size_t length;
    bool apart = skip_style(&cursor);
    const uint32_t next = look(&cursor, &length);
    if (!bracketed) {
        if (next != '.' && next != ')' && next != ':') return false;
        cursor.at += length;
        skip_style(&cursor);
        apart = true;
        choice->colon = next == ':';
    }
    if (!apart || at_operator(&cursor)) return false;
    choice->text = rest_of(&cursor);
    const bool named = choice->colon && choice->text.size > 0 &&
                       memchr(choice->text.data, '=', choice->text.size) != NULL; /* C: x^2 = y */
    return cursor.braces == 0 && !named && is_option_text(choice->text);
}

static Text without_stars(Text text) { /* **B** */
    text = text_trim(text);
    while (text.size > 2 && text.data[0] == '*' && text.data[text.size - 1] == '*')
        text = (Text){text.data + 1, text.size - 2};
    return text;
}

bool read_choice(Text text, Choice *choice) {
    Cursor cursor = {.text = without_stars(text)};
    const uint32_t letters = OPTION_ONE - 1;
    *choice = (Choice){.sorted = true};
    skip_style(&cursor);
    choice->marked = skip_opener(&cursor);
    size_t length;
    int last = -1;
    for (bool apart = true;; apart = skip_separator(&cursor)) {
        bool bracketed;
        skip_style(&cursor);
        const bool digit = is_ascii_digit(look(&cursor, &length));
        const int option = read_option(&cursor, &bracketed);
        if (option == OPTIONS || (choice->options >> option & 1) != 0 || (digit && !apart))
            return false;
        choice->options |= (uint32_t)1 << option;
        choice->sorted &= option > last;
        choice->circled |= option >= FIRST_CIRCLED && !digit && !bracketed;
        last = option;
        if (++choice->count == 1 && option < FIRST_CIRCLED &&
            read_option_text(cursor, bracketed, choice))
            return choice->marked = true;
        skip_style(&cursor);
        if (cursor.at == cursor.text.size || skip_text(&cursor, TEXT(".")) ||
            skip_text(&cursor, TEXT("。"))) {
            skip_style(&cursor);
            choice->text = TEXT("");
            choice->marked |= choice->count > 1;
            const bool mixed =
                (choice->options & letters) != 0 && (choice->options & ~letters) != 0;
            return cursor.at == cursor.text.size && cursor.braces == 0 && !mixed;
        }
    }
}
