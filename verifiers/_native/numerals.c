/* Numbers written in words: "twenty-five", "two hundred and six", "十二", "三百零五". */
#include <string.h>

#include "names.h"

static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/* The value of one English word; hundred and thousand are multipliers. */
static int64_t word_value(Text word) {
    static const struct {
        const char *name;
        int64_t value;
    } WORDS[] = {
        {"zero", 0},      {"one", 1},         {"two", 2},           {"three", 3},
        {"four", 4},      {"five", 5},        {"six", 6},           {"seven", 7},
        {"eight", 8},     {"nine", 9},        {"ten", 10},          {"eleven", 11},
        {"twelve", 12},   {"thirteen", 13},   {"fourteen", 14},     {"fifteen", 15},
        {"sixteen", 16},  {"seventeen", 17},  {"eighteen", 18},     {"nineteen", 19},
        {"twenty", 20},   {"thirty", 30},     {"forty", 40},        {"fifty", 50},
        {"sixty", 60},    {"seventy", 70},    {"eighty", 80},       {"ninety", 90},
        {"hundred", 100}, {"thousand", 1000}, {"million", 1000000},
    };
    for (size_t i = 0; i < sizeof WORDS / sizeof *WORDS; i++) {
        const Text name = {WORDS[i].name, strlen(WORDS[i].name)};
        if (text_equal_fold(word, name)) return WORDS[i].value;
    }
    return -1;
}

/* What may follow what: tens take a digit, digits and teens take hundred or thousand. */
static bool extends(int64_t total, int64_t current, int64_t value) {
    if (value == 100) return current >= 1 && current < 100;
    if (value >= 1000)
        return (total == 0 || (total >= 1000000 && value == 1000)) && current >= 1 &&
               current < 1000;
    if (current % 100 == 0 && current > 0) return value < 100; /* two hundred six */
    if (current == 0) return total > 0;                        /* a thousand six */
    return current % 100 >= 20 && current % 10 == 0 && value >= 1 && value <= 9;
}

bool english_numeral(Text text, size_t *length, int64_t *value) {
    int64_t total = 0, current = -1;
    size_t at = 0;
    for (*length = 0;;) {
        size_t end = at;
        while (end < text.size && is_letter(text.data[end])) end++;
        const Text word = {text.data + at, end - at};
        const bool joins = word.size == 3 && strncmp(word.data, "and", 3) == 0 && current >= 100;
        if (!joins) {
            const int64_t next = word_value(word);
            if (next < 0 || (current >= 0 ? !extends(total, current, next) : next >= 100)) break;
            if (next >= 1000) {
                total += current * next;
                current = 0;
            } else if (next == 100) {
                current *= 100;
            } else {
                current = current < 0 ? next : current + next;
            }
            *length = end;
            *value = total + current;
        }
        at = end + 1; /* one space or hyphen between the words */
        if (at >= text.size || (text.data[end] != ' ' && text.data[end] != '-')) break;
    }
    return *length > 0;
}

/* -thirds, -fourth: what turns the numeral before it into a fraction. */
bool fraction_name(Text text) {
    static const char *const NAMES[] = {
        "half",  "halves", "third", "thirds", "quarter", "quarters", "fourth", "fourths",
        "fifth", "fifths", "sixth", "sixths", "eighth",  "eighths",  "tenth",  "tenths"};
    size_t end = 1;
    while (end < text.size && is_letter(text.data[end])) end++;
    if (text.size == 0 || text.data[0] != '-') return false;
    const Text name = {text.data + 1, end - 1};
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++)
        if (text_equal_fold(name, (Text){NAMES[i], strlen(NAMES[i])})) return true;
    return false;
}

bool chinese_numeral(Text text, int64_t *value) {
    static const struct {
        uint32_t character;
        int64_t value;
    } DIGITS[] = {{0x96F6, 0},  {0x3007, 0},   {0x4E00, 1},    {0x4E8C, 2},
                  {0x4E24, 2},  {0x4E09, 3},   {0x56DB, 4},    {0x4E94, 5},
                  {0x516D, 6},  {0x4E03, 7},   {0x516B, 8},    {0x4E5D, 9},
                  {0x5341, 10}, {0x767E, 100}, {0x5343, 1000}, {0x4E07, 10000}};
    int64_t total = 0, section = 0, digit = -1, last_unit = 100000;
    size_t length;
    for (size_t at = 0; at < text.size; at += length) {
        const uint32_t c = text_decode(text, at, &length);
        int64_t found = -1;
        for (size_t i = 0; i < sizeof DIGITS / sizeof *DIGITS; i++)
            if (DIGITS[i].character == c) found = DIGITS[i].value;
        if (found < 0) return false;
        if (found < 10) {
            if (digit > 0) return false; /* 一二: digits in a row are a code, not a number */
            digit = found;
        } else if (found == 10000) {
            if (total > 0 || (section == 0 && digit <= 0)) return false;
            total = (section + (digit < 0 ? 0 : digit)) * 10000;
            section = 0;
            digit = -1;
            last_unit = 10000;
        } else {
            if (found >= last_unit || (digit == 0) || (digit < 0 && found != 10)) return false;
            section += (digit < 0 ? 1 : digit) * found;
            digit = -1;
            last_unit = found;
        }
    }
    *value = total + section + (digit < 0 ? 0 : digit);
    return text.size > 0;
}
