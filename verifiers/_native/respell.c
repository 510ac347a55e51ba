/* What is rewritten before lexing: double escapes, full-width and raised characters. */
#include "lexing.h"

/* Whether a backslash and the name of a command begin the text; \\b = 2 is a new line. */
static bool at_command(Text text) {
    size_t end = 1;
    Function function;
    while (end < text.size && is_letter((unsigned char)text.data[end])) end++;
    const Text name = {text.data + 1, end - 1};
    return name.size > 0 && (find_command(name) != NULL || find_function(name, &function));
}

/* JSON that was escaped twice leaves "\\frac": undo it where "\\" cannot be a line break. */
Text undouble(Arena *arena, Text text) {
    bool doubled_begin = false, environment = false, doubled = false;
    for (size_t i = 0; i + 2 < text.size; i++) {
        if (text.data[i] != '\\') continue;
        const Text rest = {text.data + i + 1, text.size - i - 1};
        if (rest.data[0] == '\\') doubled |= at_command(rest);
        if (text_starts(rest, TEXT("\\begin{"))) doubled_begin = true;
        if (text_starts(rest, TEXT("begin{")) && (i == 0 || text.data[i - 1] != '\\'))
            environment = true;
    }
    if (!doubled || (environment && !doubled_begin)) return text;
    char *copy = arena_take(arena, text.size);
    if (copy == NULL) return text;
    size_t size = 0;
    for (size_t i = 0; i < text.size; i++) {
        copy[size++] = text.data[i];
        const bool pair = text.data[i] == '\\' && i + 1 < text.size && text.data[i + 1] == '\\';
        if (pair &&
            (doubled_begin || (i + 2 < text.size && is_letter((unsigned char)text.data[i + 2]))))
            i++;
    }
    return (Text){copy, size};
}

static const char *vulgar_fraction(uint32_t c) {
    static const char *const FRACTIONS[] = {"1/7", "1/9", NULL,  "1/3", "2/3", "1/5", "2/5", "3/5",
                                            "4/5", "1/6", "5/6", "1/8", "3/8", "5/8", "7/8"};
    if (c >= 0xBC && c <= 0xBE) return c == 0xBC ? "1/4" : c == 0xBD ? "1/2" : "3/4";
    return c >= 0x2150 && c <= 0x215E ? FRACTIONS[c - 0x2150] : NULL;
}

/* Full-width ASCII, superscripts and invisible characters to what they stand for. */
Text unify(Arena *arena, Text text) {
    bool ascii = true;
    for (size_t i = 0; i < text.size && ascii; i++) ascii = (unsigned char)text.data[i] < 0x80;
    if (ascii) return text;
    char *copy = arena_take(arena, 4 * text.size + 16);
    if (copy == NULL) return text;
    size_t size = 0, length;
    bool raised = false; /* inside a run of superscripts */
    for (size_t i = 0; i < text.size; i += length) {
        uint32_t c = text_decode(text, i, &length);
        static const char SUPERSCRIPTS[] = "0123456789+-=()n";
        int super = -1;
        if (c == 0xB2 || c == 0xB3) super = (int)(c - 0xB0);
        if (c == 0xB9) super = 1;
        if (c >= 0x2070 && c <= 0x207F && c != 0x2071 && c != 0x2072 && c != 0x2073)
            super = (int)(c - 0x2070);
        if (super >= 0 && super < 16) {
            if (!raised) {
                copy[size++] = '^';
                copy[size++] = '{';
            }
            raised = true;
            copy[size++] = SUPERSCRIPTS[super];
            continue;
        }
        if (raised) copy[size++] = '}';
        raised = false;
        if (c >= 0xFF01 && c <= 0xFF5E) c -= 0xFEE0; /* full-width forms */
        if (c >= 0x2080 && c <= 0x2089) {            /* subscript digits */
            copy[size++] = '_';
            c = '0' + (c - 0x2080);
        }
        if (c >= 0x2460 && c <= 0x2468) c = '1' + (c - 0x2460); /* circled digits */
        const bool invisible = (c >= 0x200B && c <= 0x200F) || c == 0xFEFF || c == 0x2060 ||
                               c == 0x00AD || (c >= 0x2061 && c <= 0x2064);
        if (invisible) continue;
        const bool space = c == 0xA0 || (c >= 0x2000 && c <= 0x200A) || c == 0x202F || c == 0x3000;
        if (space) c = ' ';
        if (c == 0x2103 || c == 0x2109) { /* one sign for degrees and scale */
            size += text_encode(0xB0, copy + size);
            copy[size++] = c == 0x2103 ? 'C' : 'F';
            continue;
        }
        const char *fraction = vulgar_fraction(c);
        if (c == 0x201C || c == 0x201D || c == 0x300C || c == 0x300D) c = '"';
        if (fraction != NULL) {
            copy[size++] = ' ';
            memcpy(copy + size, fraction, 3);
            size += 3;
        } else if (c == 0x221B || c == 0x221C) { /* the root of all digits that follow */
            memcpy(copy + size, c == 0x221B ? "\\sqrt[3]" : "\\sqrt[4]", 8);
            size += 8;
            size_t end = i + length;
            while (end < text.size && is_digit((unsigned char)text.data[end])) end++;
            if (end == i + length) continue;
            copy[size++] = '{';
            memcpy(copy + size, text.data + i + length, end - i - length);
            size += end - i - length;
            copy[size++] = '}';
            length = end - i;
        } else if (c < 0x80) {
            copy[size++] = (char)c;
        } else {
            memcpy(copy + size, text.data + i, length);
            size += length;
        }
    }
    if (raised) copy[size++] = '}';
    return (Text){copy, size};
}
