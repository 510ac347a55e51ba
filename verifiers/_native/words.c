/* The words of a text, by script.
 *
 * A word is a run of letters of one script with its combining marks, and apostrophes and hyphens
 * between letters. Han characters and kana are words one by one: where words end is a matter of
 * taste in Chinese and Japanese, and a character weighs about as much as a word of other
 * languages. Thai, Lao, Khmer and Burmese are written without spaces too; there four letters
 * count as a word.
 *
 * No words are: numbers, and letters attached to digits; URLs, e-mail addresses, dotted names;
 * identifiers; tags; one Latin or Greek letter, which is a variable (but English "a" and "I"
 * between words); short runs of capitals, which are labels (triangle ABC); the names of functions
 * and units that every language shares. Words in code, formulas and quoted names are counted
 * apart, and left out in the end unless they read like prose.
 *
 * Every rule looks at each byte a bounded number of times. */
#include <string.h>

#include "chain.h"

enum {
    MOST_OF_CODE = 1000,     /* bytes of inline code */
    MOST_OF_FORMULA = 8192,  /* bytes of a formula */
    MOST_OF_ARGUMENTS = 400, /* bytes of \frac{..}{..} in prose */
    MOST_OF_NAME = 64,       /* bytes of a quoted name */
    MOST_OF_TAG = 40,        /* bytes of <tag> */
    LEAST_PROSE = 8,         /* words that are prose, if four of five have a neighbour */
    NAMES_ALLOWED = 4,       /* quoted names: so many words, and one for five others */
    INLINE_ALLOWED = 8,      /* words in inline code, and in formulas: so many, and one for two */
    LETTERS_OF_A_WORD = 4,   /* in Thai, Lao, Khmer and Burmese */
};

typedef struct {
    Text text;
    Place place;
    size_t place_end; /* where it ends, if it is not prose */
    size_t closing;   /* bytes of the mark that closes it there */
    size_t counts[PLACE_COUNT][SCRIPT_COUNT];
    size_t total[PLACE_COUNT];
    size_t joined[PLACE_COUNT];                         /* words that have a neighbour */
    size_t chinese[PLACE_COUNT], japanese[PLACE_COUNT]; /* of all sentences that ended */
    size_t previous_end;                                /* of the last word outside prose */
    bool previous_joined;
    size_t capitals_start, capitals_end; /* the last run of capitals */
    bool capitals_counted;
    bool unclosed_dollars, unclosed_parenthesis, unclosed_bracket; /* no more of them to find */
    ScriptRange cache;                                             /* of script_of */
    /* the list */
    Arena *arena;
    Word *list;
    size_t length, room, sentence;
    size_t first[PLACE_COUNT]; /* the first word of the sentence, or of the place */
    bool failed;
} Scan;

/* ---- characters ----------------------------------------------------------------------------- */

typedef enum {
    OTHER_BYTE,
    LETTER_BYTE,
    DIGIT_BYTE,
    UNDERSCORE_BYTE,
    BACKTICK_BYTE,
    DOLLAR_BYTE,
    BACKSLASH_BYTE,
    LESS_BYTE,
    QUOTE_BYTE,
    AT_BYTE,
    END_BYTE, /* may end a sentence */
    HIGH_BYTE,
} ByteClass;

#define L LETTER_BYTE
#define D DIGIT_BYTE
#define H HIGH_BYTE
#define ROW_OF_HIGH H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H
/* clang-format off */
static const uint8_t CLASS[256] = {
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, END_BYTE, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, END_BYTE, QUOTE_BYTE, 0, DOLLAR_BYTE, 0, 0, QUOTE_BYTE, 0, 0, 0, 0, 0, 0, END_BYTE, 0,
    D, D, D, D, D, D, D, D, D, D, 0, 0, LESS_BYTE, 0, 0, END_BYTE,
    AT_BYTE, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L,
    L, L, L, L, L, L, L, L, L, L, L, 0, BACKSLASH_BYTE, 0, 0, UNDERSCORE_BYTE,
    BACKTICK_BYTE, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L,
    L, L, L, L, L, L, L, L, L, L, L, 0, 0, 0, 0, 0,
    ROW_OF_HIGH, ROW_OF_HIGH, ROW_OF_HIGH, ROW_OF_HIGH,
    ROW_OF_HIGH, ROW_OF_HIGH, ROW_OF_HIGH, ROW_OF_HIGH,
};
/* clang-format on */
#undef L
#undef D
#undef H

static unsigned char byte_at(Text text, size_t at) {
    return at < text.size ? (unsigned char)text.data[at] : 0;
}

static bool is_letter(unsigned char byte) { return CLASS[byte] == LETTER_BYTE; }
static bool is_lower(unsigned char byte) { return byte >= 'a' && byte <= 'z'; }
static bool is_upper(unsigned char byte) { return byte >= 'A' && byte <= 'Z'; }
static bool is_digit(unsigned char byte) { return byte >= '0' && byte <= '9'; }
static bool is_space(unsigned char byte) {
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}
static bool in_identifier(unsigned char byte) {
    return is_letter(byte) || is_digit(byte) || byte == '_';
}
static bool in_address(unsigned char byte) {
    return in_identifier(byte) || (byte != 0 && strchr(".-@/?=&%#:+~", byte) != NULL);
}

static size_t skip(Text text, size_t at, bool (*belongs)(unsigned char)) {
    while (at < text.size && belongs((unsigned char)text.data[at])) at++;
    return at;
}

static bool stands_at(Text text, size_t at, Text what) {
    return at <= text.size && what.size <= text.size - at &&
           memcmp(text.data + at, what.data, what.size) == 0;
}

/* Where `what` begins, at or behind `at` and within `most` bytes; text.size if nowhere. */
static size_t find(Text text, size_t at, size_t most, Text what) {
    const size_t limit = text.size - at > most ? at + most : text.size;
    while (at < limit) {
        const char *found = memchr(text.data + at, what.data[0], limit - at);
        if (found == NULL) break;
        at = (size_t)(found - text.data);
        if (stands_at(text, at, what)) return at;
        at++;
    }
    return text.size;
}

/* text_decode, with the two lengths that nearly all letters have decided here. */
static inline uint32_t decode(Text text, size_t at, size_t *length) {
    const unsigned char *byte = (const unsigned char *)text.data + at;
    if (byte[0] >= 0xC2 && byte[0] < 0xE0 && text.size - at >= 2 && (byte[1] & 0xC0) == 0x80) {
        *length = 2;
        return (byte[0] & 0x1Fu) << 6 | (byte[1] & 0x3Fu);
    }
    if (byte[0] >= 0xE0 && byte[0] < 0xF0 && text.size - at >= 3 && (byte[1] & 0xC0) == 0x80 &&
        (byte[2] & 0xC0) == 0x80 && (byte[0] > 0xE0 || byte[1] >= 0xA0)) {
        *length = 3;
        return (byte[0] & 0xFu) << 12 | (byte[1] & 0x3Fu) << 6 | (byte[2] & 0x3Fu);
    }
    return text_decode(text, at, length);
}

static inline Script script_at(Scan *scan, size_t at, size_t *length) {
    *length = 1;
    if (at >= scan->text.size) return SCRIPT_NONE;
    return script_of(decode(scan->text, at, length), &scan->cache);
}

/* The bytes of an apostrophe or hyphen that stands between two letters of a word, or 0. */
static size_t joiner_at(Scan *scan, size_t at, Script script) {
    size_t length = 1, next;
    const unsigned char byte = byte_at(scan->text, at);
    if (byte >= 0x80) {
        const uint32_t mark = text_decode(scan->text, at, &length);
        if (mark == 0x200C || mark == 0x200D) return length; /* they join or part letters */
        if (mark != 0x2019 && mark != 0x2010 && mark != 0x2011 && mark != 0x02BC &&
            mark != 0x05BE && mark != 0x05F3 && mark != 0x05F4)
            return 0;
    } else if (byte != '\'' && byte != '-') {
        return 0;
    }
    return script_at(scan, at + length, &next) == script ? length : 0;
}

/* ---- counting ------------------------------------------------------------------------------- */

static void list_word(Scan *scan, Word word) {
    if (scan->length == scan->room) {
        const size_t room = scan->room == 0 ? 256 : 2 * scan->room;
        Word *list = arena_take(scan->arena, room * sizeof *list);
        if (list == NULL) {
            scan->failed = true;
            return;
        }
        if (scan->length > 0) memcpy(list, scan->list, scan->length * sizeof *list);
        scan->list = list;
        scan->room = room;
    }
    scan->list[scan->length++] = word;
}

static void add_detail(Scan *scan, Word word) {
    const Place place = scan->place;
    if (place != IN_PROSE) {
        const size_t gap = word.start - scan->previous_end;
        const bool joined = gap == 0 || (gap == 1 && is_space(byte_at(scan->text, word.start - 1)));
        if (joined) scan->joined[place] += word.weight + !scan->previous_joined;
        scan->previous_joined = joined;
        scan->previous_end = word.end;
    }
    if (scan->arena != NULL && !scan->failed) list_word(scan, word);
}

static inline void add_word(Scan *scan, Script script, size_t start, size_t end, size_t weight) {
    const Place place = scan->place;
    scan->counts[place][script] += weight;
    scan->total[place] += weight;
    if (place != IN_PROSE || scan->arena != NULL)
        add_detail(scan, (Word){start, end, script, place, weight, scan->sentence});
}

/* A sentence with enough kana is Japanese, and so are its Han characters; Han alone is Chinese.
 * One kana in eight characters is far below what Japanese has, and more than a name brings. */
static void end_sentence(Scan *scan) {
    const Place place = scan->place;
    size_t *counts = scan->counts[place]; /* of Han and kana: those of this sentence */
    const size_t han = counts[SCRIPT_HAN], kana = counts[SCRIPT_KANA];
    if (han + kana == 0 && scan->arena == NULL) return;
    const bool japanese = 8 * kana >= han + kana;
    scan->japanese[place] += japanese ? han + kana : kana;
    scan->chinese[place] += japanese ? 0 : han;
    counts[SCRIPT_HAN] = counts[SCRIPT_KANA] = 0;
    for (size_t i = scan->first[place]; japanese && i < scan->length; i++) {
        Word *word = &scan->list[i];
        if (word->place == place && word->script == SCRIPT_HAN) word->script = SCRIPT_KANA;
    }
    scan->first[place] = scan->length;
    scan->sentence += place == IN_PROSE; /* a formula does not end the sentence around it */
}

static void enter(Scan *scan, Place place, size_t end, size_t closing) {
    scan->place = place;
    scan->place_end = end;
    scan->closing = closing;
    scan->first[place] = scan->length;
    scan->previous_end = SIZE_MAX / 2;
    scan->previous_joined = true;
}

/* Behind the place and the mark that closes it; `at` may have run past both. */
static size_t leave(Scan *scan, size_t at) {
    const size_t end = scan->place_end + scan->closing;
    end_sentence(scan);
    scan->place = IN_PROSE;
    return at > end ? at : end;
}

/* ---- words of Latin letters ----------------------------------------------------------------- */

/* Functions and units that are written alike in every language, by length. */
/* clang-format off */
#define SYMBOLS_OF_2(X)                                                                            \
    X('l', 'n', 0, 0, 0, 0) X('l', 'g', 0, 0, 0, 0) X('m', 'm', 0, 0, 0, 0)                        \
    X('c', 'm', 0, 0, 0, 0) X('d', 'm', 0, 0, 0, 0) X('k', 'm', 0, 0, 0, 0)                        \
    X('m', 'g', 0, 0, 0, 0) X('k', 'g', 0, 0, 0, 0) X('m', 'l', 0, 0, 0, 0)
#define SYMBOLS_OF_3(X)                                                                            \
    X('s', 'i', 'n', 0, 0, 0) X('c', 'o', 's', 0, 0, 0) X('t', 'a', 'n', 0, 0, 0)                  \
    X('c', 'o', 't', 0, 0, 0) X('s', 'e', 'c', 0, 0, 0) X('c', 's', 'c', 0, 0, 0)                  \
    X('l', 'o', 'g', 0, 0, 0) X('e', 'x', 'p', 0, 0, 0) X('l', 'i', 'm', 0, 0, 0)                  \
    X('m', 'o', 'd', 0, 0, 0) X('g', 'c', 'd', 0, 0, 0) X('l', 'c', 'm', 0, 0, 0)                  \
    X('d', 'e', 't', 0, 0, 0) X('m', 'a', 'x', 0, 0, 0) X('m', 'i', 'n', 0, 0, 0)
#define SYMBOLS_OF_4(X)                                                                            \
    X('s', 'i', 'n', 'h', 0, 0) X('c', 'o', 's', 'h', 0, 0) X('t', 'a', 'n', 'h', 0, 0)
#define SYMBOLS_OF_6(X)                                                                            \
    X('a', 'r', 'c', 's', 'i', 'n') X('a', 'r', 'c', 'c', 'o', 's')                                \
    X('a', 'r', 'c', 't', 'a', 'n')
/* clang-format on */

#define PACKED(a, b, c, d, e, f)                                                                   \
    ((uint64_t)(a) | (uint64_t)(b) << 8 | (uint64_t)(c) << 16 | (uint64_t)(d) << 24 |              \
     (uint64_t)(e) << 32 | (uint64_t)(f) << 40)
#define HASH(packed) ((packed) * 0x9E3779B97F4A7C15u >> 58)
#define HASH_BIT(...) | (uint64_t)1 << HASH(PACKED(__VA_ARGS__))
#define SYMBOL_CASE(...) case PACKED(__VA_ARGS__):

static bool is_symbol(const char *word, size_t size) {
    static const uint64_t MAY_BE[7] = {/* one bit for each hash, so that most words end here */
                                       [2] = 0 SYMBOLS_OF_2(HASH_BIT),
                                       [3] = 0 SYMBOLS_OF_3(HASH_BIT),
                                       [4] = 0 SYMBOLS_OF_4(HASH_BIT),
                                       [6] = 0 SYMBOLS_OF_6(HASH_BIT)};
    if (size > 6 || MAY_BE[size] == 0) return false;
    uint64_t packed = 0;
    for (size_t i = 0; i < size; i++) packed |= (uint64_t)(unsigned char)word[i] << (8 * i);
    if ((MAY_BE[size] >> HASH(packed) & 1) == 0) return false;
    switch (packed) {
        SYMBOLS_OF_2(SYMBOL_CASE)
        SYMBOLS_OF_3(SYMBOL_CASE)
        SYMBOLS_OF_4(SYMBOL_CASE)
        SYMBOLS_OF_6(SYMBOL_CASE)
        return true;
    default: return false;
    }
}

/* English "a" and "I" stand between words; a variable stands beside signs, or before "is". */
static bool is_short_english(Text text, size_t start) {
    const unsigned char letter = (unsigned char)text.data[start];
    if (letter != 'a' && letter != 'A' && letter != 'I') return false;
    const unsigned char before = start == 0 ? ' ' : (unsigned char)text.data[start - 1];
    const bool behind_mark =
        start >= 3 &&
        (stands_at(text, start - 3, TEXT("\u3002")) || stands_at(text, start - 3, TEXT("\uFF0C")) ||
         stands_at(text, start - 3, TEXT("\uFF1A")) || stands_at(text, start - 3, TEXT("\u201C")));
    if (!is_space(before) && before != '"' && before != '(' && !behind_mark) return false;
    if (byte_at(text, start + 1) != ' ' || !is_letter(byte_at(text, start + 2))) return false;
    const size_t end = skip(text, start + 2, is_letter);
    if (end - start < 4 || is_upper(byte_at(text, start + 2))) return false;
    return letter == 'I' ||
           !(stands_at(text, start + 2, TEXT("and ")) || stands_at(text, start + 2, TEXT("or ")) ||
             stands_at(text, start + 2, TEXT("is ")) || stands_at(text, start + 2, TEXT("to ")));
}

/* A short run of capitals is a label, unless it stands in text that is all capitals. */
static bool is_label(Scan *scan, size_t start, size_t end) {
    const size_t size = end - start;
    if (size > 5 || skip(scan->text, start, is_upper) < end) return false;
    const bool beside = scan->capitals_end + 1 == start && scan->text.data[start - 1] == ' ';
    if (beside && !scan->capitals_counted)
        add_word(scan, SCRIPT_LATIN, scan->capitals_start, scan->capitals_end, 1);
    scan->capitals_start = start;
    scan->capitals_end = end;
    scan->capitals_counted = beside;
    return !beside;
}

static bool attaches(unsigned char byte) {
    return byte == '=' || byte == '^' || byte == '+' || byte == '_';
}

static size_t end_of_url(Text text, size_t at) {
    while (at < text.size && byte_at(text, at) > ' ' && byte_at(text, at) < 0x7F &&
           strchr(")>]}\"'`", text.data[at]) == NULL)
        at++;
    return at;
}

/* Behind the ASCII letters at `at`: eight bytes at a time where the first byte is the lowest. */
static inline size_t skip_letters(Text text, size_t at) {
#if defined(__GNUC__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    const uint64_t ones = 0x0101010101010101u;
    while (text.size - at >= 8) {
        uint64_t bytes;
        memcpy(&bytes, text.data + at, 8);
        const uint64_t low = (bytes | 0x20 * ones) & 0x7F * ones; /* sums stay in their byte */
        const uint64_t letters = (low + 0x1F * ones) & ~(low + 0x05 * ones) & ~bytes;
        const uint64_t others = ~letters & 0x80 * ones;
        if (others != 0) return at + (size_t)__builtin_ctzll(others) / 8;
        at += 8;
    }
#endif
    while (at < text.size && is_letter((unsigned char)text.data[at])) at++;
    return at;
}

/* The end of the run of Latin letters at `start`. */
static inline size_t latin_end(Scan *scan, size_t start) {
    const Text text = scan->text;
    size_t at = start, length;
    for (;;) {
        at = skip_letters(text, at);
        const unsigned char byte = byte_at(text, at);
        if (byte >= 0x80) {
            const Script script = script_at(scan, at, &length);
            if (script == SCRIPT_LATIN || script == SCRIPT_MARK) {
                at += length;
                continue;
            }
        } else if (byte != '\'' && byte != '-') {
            return at;
        }
        length = joiner_at(scan, at, SCRIPT_LATIN);
        if (length == 0) return at;
        at += length;
    }
}

/* Counts the word of Latin letters at `start`, if it is one, and returns where to go on. */
static size_t latin_word(Scan *scan, size_t start) {
    const Text text = scan->text;
    const size_t at = latin_end(scan, start), size = at - start;
    const unsigned char next = byte_at(text, at);
    if (next != ' ') {
        const unsigned char after = byte_at(text, at + 1);
        if (is_digit(next) || next == '_') return skip(text, at, in_identifier);
        if (next == '@' || (next == '.' && (is_lower(after) || is_digit(after))))
            return skip(text, at, in_address);
        if (next == ':' && after == '/' && byte_at(text, at + 2) == '/')
            return end_of_url(text, at);
        if (next == '(' || attaches(next)) return at;
    }
    const bool is_word =
        size == 1 ? is_short_english(text, start)
                  : !is_symbol(text.data + start, size) &&
                        !(is_upper((unsigned char)text.data[start]) && is_label(scan, start, at));
    if (is_word && !(start > 0 && attaches((unsigned char)text.data[start - 1])))
        add_word(scan, SCRIPT_LATIN, start, at, 1);
    return at + (next == ' '); /* most words, and one step less */
}

/* ---- words of other scripts ----------------------------------------------------------------- */

static bool has_no_spaces(Script script) {
    return script == SCRIPT_THAI || script == SCRIPT_LAO || script == SCRIPT_KHMER ||
           script == SCRIPT_MYANMAR;
}

static size_t other_word(Scan *scan, size_t start, Script script) {
    const Text text = scan->text;
    ScriptRange cache = scan->cache; /* a copy, which may live in registers */
    size_t at = start, length, letters = 0, marks = 0;
    while (at < text.size) {
        if ((unsigned char)text.data[at] >= 0x80) {
            const Script next = script_of(decode(text, at, &length), &cache);
            if (next == script || next == SCRIPT_MARK) {
                letters += next == script;
                marks += next == SCRIPT_MARK;
                at += length;
                continue;
            }
        }
        length = joiner_at(scan, at, script);
        if (length == 0) break;
        at += length;
    }
    const bool variable = script == SCRIPT_GREEK && letters == 1 && marks == 0;
    if (!variable) {
        const size_t weight = (letters + LETTERS_OF_A_WORD - 1) / LETTERS_OF_A_WORD;
        add_word(scan, script, start, at, has_no_spaces(script) ? weight : 1);
    }
    return at;
}

/* ---- code, formulas, tags ------------------------------------------------------------------- */

static size_t fence_end(Text text, size_t at) {
    while (at < text.size) { /* the next line that begins with a fence */
        at = find(text, at, SIZE_MAX, TEXT("```"));
        size_t line = at;
        while (line > 0 && text.data[line - 1] == ' ') line--;
        if (at < text.size && text.data[line - 1] == '\n') return at;
        at = at < text.size ? at + 1 : at;
    }
    return text.size;
}

static size_t at_backtick(Scan *scan, size_t start) {
    const Text text = scan->text;
    size_t at = start, line = start;
    while (byte_at(text, at) == '`') at++;
    const size_t ticks = at - start;
    while (line > 0 && text.data[line - 1] == ' ' && start - line < 4) line--;
    if (ticks >= 3 && (line == 0 || text.data[line - 1] == '\n')) {
        const size_t end = fence_end(text, at);
        enter(scan, IN_FENCE, end, end < text.size ? 3 : 0);
        while (at < scan->place_end && text.data[at] != '\n') at++; /* the name of the language */
        return at;
    }
    for (size_t end = at; ticks <= 2 && end < text.size && end - at < MOST_OF_CODE; end++) {
        if (text.data[end] == '\n') break;
        if (text.data[end] != '`') continue;
        size_t run = end;
        while (run - end < 3 && byte_at(text, run) == '`') run++;
        if (run - end == 3) break; /* a fence */
        if (run - end == ticks) {
            enter(scan, IN_CODE, end, ticks);
            return at;
        }
        end = run - 1;
    }
    return at;
}

static size_t at_dollar(Scan *scan, size_t start) {
    const Text text = scan->text;
    if (byte_at(text, start + 1) == '$') {
        const size_t end =
            scan->unclosed_dollars ? text.size : find(text, start + 2, SIZE_MAX, TEXT("$$"));
        scan->unclosed_dollars = end == text.size;
        if (end < text.size) enter(scan, IN_FORMULA, end, 2);
        return start + 2;
    }
    /* "$5 and $10" is money: a formula has spaces at both ends or at neither. */
    const size_t from = start + 1, end = find(text, from, MOST_OF_FORMULA, TEXT("$"));
    if (end < text.size && end > from && !is_digit(byte_at(text, end + 1)) &&
        is_space(byte_at(text, from)) == is_space(byte_at(text, end - 1)) &&
        find(text, from, end - from, TEXT("\n\n")) >= end)
        enter(scan, IN_FORMULA, end, 1);
    return from;
}

/* Behind {...} and [...] groups at `at`; `at` itself if there is none, or it does not close. */
static size_t skip_groups(Text text, size_t at) {
    size_t depth = 0, end = at;
    for (size_t i = at; i < text.size && i - at < MOST_OF_ARGUMENTS; i++) {
        const char byte = text.data[i];
        if (byte == '{' || byte == '[')
            depth++;
        else if (depth == 0)
            break;
        else if ((byte == '}' || byte == ']') && --depth == 0)
            end = i + 1;
    }
    return end;
}

static size_t at_backslash(Scan *scan, size_t start) {
    const Text text = scan->text;
    const unsigned char next = byte_at(text, start + 1);
    if (scan->place == IN_PROSE && (next == '(' || next == '[')) {
        bool *unclosed = next == '(' ? &scan->unclosed_parenthesis : &scan->unclosed_bracket;
        const Text closing = next == '(' ? TEXT("\\)") : TEXT("\\]");
        const size_t end = *unclosed ? text.size : find(text, start + 2, SIZE_MAX, closing);
        *unclosed = end == text.size;
        if (end < text.size) enter(scan, IN_FORMULA, end, 2);
        return start + 2;
    }
    const size_t name = start + 1, end = skip(text, name, is_letter);
    if (end == name) return name + (next == '\\' || next == '$');
    const Text command = {text.data + name, end - name};
    const bool begins = text_equal(command, TEXT("begin"));
    if (begins || text_equal(command, TEXT("end"))) {
        const size_t behind = byte_at(text, end) == '{' ? skip_groups(text, end) : end;
        if (begins && scan->place == IN_PROSE && behind > end) {
            size_t close = end; /* the \end{...} of the same name */
            do {
                close = find(text, close, MOST_OF_FORMULA, TEXT("\\end{"));
                close += close < text.size ? 4 : 0;
            } while (close < text.size &&
                     !stands_at(text, close, (Text){text.data + end, behind - end}));
            if (close < text.size) enter(scan, IN_FORMULA, close, 0);
        }
        return behind;
    }
    if (scan->place == IN_PROSE && !text_starts(command, TEXT("text")) &&
        !text_equal(command, TEXT("emph"))) {
        const size_t behind = skip_groups(text, end);
        if (behind > end) enter(scan, IN_FORMULA, behind, 0);
    }
    return end;
}

static bool in_tag(unsigned char byte) {
    return in_identifier(byte) || byte == '|' || byte == '/' || byte == ':' || byte == '-' ||
           (byte >= 0x80 && strchr("｜▁", (char)byte) != NULL);
}

/* <b>, </answer>, <｜end▁of▁sentence｜>: letters without a space, and none of another script. */
static size_t at_less(Text text, size_t start) {
    const Text tag = {text.data, text.size - start > MOST_OF_TAG ? start + MOST_OF_TAG : text.size};
    const size_t end = skip(tag, start + 1, in_tag);
    return end > start + 1 && byte_at(text, end) == '>' ? end + 1 : start + 1;
}

/* ---- quoted names --------------------------------------------------------------------------- */

static bool is_upper_case(uint32_t letter) {
    return (letter >= 'A' && letter <= 'Z') || (letter >= 0xC0 && letter <= 0xDE) ||
           (letter >= 0x100 && letter <= 0x24F) || (letter >= 0x386 && letter <= 0x3AB) ||
           (letter >= 0x400 && letter <= 0x42F) || (letter >= 0x531 && letter <= 0x556);
}

/* At most three words in upper case, or two in a script without case, or four characters. */
static bool is_name(Scan *scan, size_t start, size_t end) {
    size_t words = 0, characters = 0, length;
    bool inside = false, cased = true;
    for (size_t at = start; at < end; at += length) {
        const uint32_t character = text_decode(scan->text, at, &length);
        const Script script = script_of(character, &scan->cache);
        if (script == SCRIPT_MARK) continue;
        if (script == SCRIPT_NONE) {
            inside = false;
            if (character == ' ' || character == '-' || character == '\'' || character == '.' ||
                character == 0x2019 || character == 0xB7)
                continue;
            return false;
        }
        if (script == SCRIPT_HAN || script == SCRIPT_KANA) {
            characters++;
        } else if (!inside) {
            words++;
            if (script == SCRIPT_LATIN || script == SCRIPT_CYRILLIC || script == SCRIPT_GREEK ||
                script == SCRIPT_ARMENIAN) {
                if (!is_upper_case(character)) return false;
            } else {
                cased = false;
            }
            inside = true;
        }
    }
    return words + characters > 0 && words <= (cased ? 3 : 2) && characters <= 4 &&
           (words == 0 || characters == 0);
}

/* At an opening quotation mark of `length` bytes: enters the name in it, if it is one. */
static size_t at_quote(Scan *scan, size_t start, uint32_t mark, size_t length) {
    static const struct {
        uint32_t opening;
        Text closing;
    } QUOTES[] = {
        {'"', {"\"", 1}},    {'\'', {"'", 1}},    {0x201C, {"”", 3}},
        {0x2018, {"’", 3}},  {0x00AB, {"»", 2}},  {0x300C, {"」", 3}},
        {0x300E, {"』", 3}}, {0x300A, {"》", 3}}, {0x201E, {"“", 3}},
    };
    const size_t from = start + length;
    for (size_t i = 0; i < COUNT(QUOTES); i++) {
        if (QUOTES[i].opening != mark) continue;
        const size_t end = find(scan->text, from, MOST_OF_NAME, QUOTES[i].closing);
        if (end < scan->text.size && end > from && is_name(scan, from, end))
            enter(scan, IN_NAME, end, QUOTES[i].closing.size);
        break;
    }
    return from;
}

/* ---- the loop ------------------------------------------------------------------------------- */

/* At a byte that may end a sentence. */
static void at_end(Scan *scan, size_t at) {
    if (scan->text.data[at] == '\n' || at + 1 == scan->text.size ||
        is_space(byte_at(scan->text, at + 1)))
        end_sentence(scan);
}

static inline bool is_common_han(uint32_t character) {
    return character >= 0x4E00 && character < 0xA000;
}

/* Counts the Han character of `length` bytes at `at` and those that follow it; returns where to go
 * on. */
static size_t han_words(Scan *scan, size_t at, size_t length) {
    const Text text = scan->text;
    const size_t end = scan->place == IN_PROSE ? text.size : scan->place_end;
    do {
        add_word(scan, SCRIPT_HAN, at, at + length, 1);
        at += length;
    } while (at < end && is_common_han(decode(text, at, &length)));
    return at;
}

static size_t at_high_byte(Scan *scan, size_t at) {
    size_t length;
    const uint32_t character = decode(scan->text, at, &length);
    const Script script =
        is_common_han(character) ? SCRIPT_HAN : script_of(character, &scan->cache);
    switch (script) {
    case SCRIPT_HAN: return han_words(scan, at, length);
    case SCRIPT_KANA: add_word(scan, script, at, at + length, 1); return at + length;
    case SCRIPT_LATIN: return latin_word(scan, at);
    case SCRIPT_MARK: return at + length;
    case SCRIPT_NONE:
        if (character == 0x3002 || character == 0xFF01 || character == 0xFF1F ||
            character == 0x0964 || character == 0x061F || character == 0x06D4)
            end_sentence(scan);
        if (scan->place == IN_PROSE) return at_quote(scan, at, character, length);
        return at + length;
    default: return other_word(scan, at, script);
    }
}

static size_t step(Scan *scan, size_t at) {
    const Text text = scan->text;
    const unsigned char byte = (unsigned char)text.data[at];
    const bool prose = scan->place == IN_PROSE;
    switch ((ByteClass)CLASS[byte]) {
    case LETTER_BYTE: return latin_word(scan, at);
    case HIGH_BYTE: return at_high_byte(scan, at);
    case UNDERSCORE_BYTE:
    case DIGIT_BYTE: return skip(text, at, in_identifier);
    case END_BYTE: at_end(scan, at); return at + 1;
    case BACKTICK_BYTE: return prose ? at_backtick(scan, at) : at + 1;
    case DOLLAR_BYTE: return prose ? at_dollar(scan, at) : at + 1;
    case BACKSLASH_BYTE: return at_backslash(scan, at);
    case LESS_BYTE: return at_less(text, at);
    case AT_BYTE: return skip(text, at, in_address);
    case QUOTE_BYTE:
        if (!prose || (at > 0 && in_identifier((unsigned char)text.data[at - 1]))) return at + 1;
        return at_quote(scan, at, byte, 1);
    default: return at + 1;
    }
}

/* Is there more in `place` than text around code and formulas has, or does it read like prose? */
static bool hides_prose(const Scan *scan, Place place) {
    const size_t total = scan->total[place], around = scan->total[IN_PROSE];
    switch (place) {
    case IN_NAME: return total > NAMES_ALLOWED + around / 5;
    case IN_CODE:
    case IN_FORMULA:
        if (total > INLINE_ALLOWED + around / 2) return true;
        break;
    default: break;
    }
    return total >= LEAST_PROSE && 5 * scan->joined[place] >= 4 * total;
}

static void decide(Scan *scan, Words *words) {
    words->left_out[IN_PROSE] = false;
    for (Place place = IN_FENCE; place < PLACE_COUNT; place++)
        words->left_out[place] = !hides_prose(scan, place);
}

bool words_of(Arena *arena, Text text, Words *words) {
    Scan scan = {.text = text, .arena = arena, .capitals_end = SIZE_MAX / 2};
    for (size_t at = 0; at < text.size;)
        if (scan.place != IN_PROSE && at >= scan.place_end)
            at = leave(&scan, at);
        else
            at = step(&scan, at);
    if (scan.place != IN_PROSE) leave(&scan, text.size);
    end_sentence(&scan);
    decide(&scan, words);
    memset(words->counts, 0, sizeof words->counts);
    for (Place place = IN_PROSE; place < PLACE_COUNT; place++) {
        if (words->left_out[place]) continue;
        for (int script = 0; script < SCRIPT_COUNT; script++)
            words->counts[script] += scan.counts[place][script];
        words->counts[SCRIPT_HAN] += scan.chinese[place];
        words->counts[SCRIPT_KANA] += scan.japanese[place];
    }
    size_t length = 0;
    for (size_t i = 0; i < scan.length; i++)
        if (!words->left_out[scan.list[i].place]) scan.list[length++] = scan.list[i];
    words->list = scan.list;
    words->length = length;
    return !scan.failed;
}
