/* Days of the calendar, however they are written. */
#include <string.h>

#include "comparison.h"

enum { MOST_PARTS = 8, LAST_YEAR = 9999 };

typedef struct {
    int64_t year, month, day; /* no year: 0 */
} Day;

/* In English a month may be cut down to three letters. */
static int64_t month_named(Text word) {
    static const char *const NAMES[] = {"january",   "february", "march",    "april",
                                        "may",       "june",     "july",     "august",
                                        "september", "october",  "november", "december"};
    if (text_equal_fold(word, TEXT("sept"))) return 9;
    for (int64_t i = 0; i < 12; i++) {
        const Text name = {NAMES[i], strlen(NAMES[i])}, cut = {NAMES[i], 3};
        if (text_equal_fold(word, name) || text_equal_fold(word, cut)) return i + 1;
    }
    return 0;
}

static bool whole_number(const Token *token, int64_t *value) {
    return token->kind == TOKEN_NUMBER && token->places < 0 && rational_is_integer(token->value) &&
           integer_to_int64(token->value.numerator, value);
}

static bool is_word(const Token *token, Text word) {
    return token->kind == TOKEN_WORD && text_equal_fold(token->text, word);
}

static bool exists(Day day) {
    static const int DAYS[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return day.year >= 0 && day.year <= LAST_YEAR && day.month >= 1 && day.month <= 12 &&
           day.day >= 1 && day.day <= DAYS[day.month - 1];
}

/* 2024-01-05 or 1/5/2024; `numbers` are as they stand. */
static bool three_numbers(const Tokens *tokens, int64_t numbers[3]) {
    const Token *items = tokens->items;
    if (tokens->count != 5 || items[1].kind != TOKEN_MARK || items[3].kind != TOKEN_MARK ||
        items[1].mark != items[3].mark || (items[1].mark != '-' && items[1].mark != '/'))
        return false;
    int years = 0, days = 0;
    for (size_t i = 0; i < 3; i++) {
        if (!whole_number(&items[2 * i], &numbers[i])) return false;
        years += i != 1 && numbers[i] >= 1000 && numbers[i] <= LAST_YEAR;
        days += numbers[i] >= 1 && numbers[i] <= 31;
    }
    return years == 1 && days == 2;
}

bool is_date(const Tokens *tokens) {
    int64_t numbers[3];
    return three_numbers(tokens, numbers);
}

/* Whether 5/6/2024 is in May or in June nobody can tell: then it is no day. */
static bool read_numbers(const Tokens *tokens, Day *day) {
    int64_t numbers[3];
    if (!three_numbers(tokens, numbers)) return false;
    if (numbers[0] >= 1000) {
        *day = (Day){numbers[0], numbers[1], numbers[2]};
        return true;
    }
    const int64_t one = numbers[0], two = numbers[1];
    *day = one > 12 ? (Day){numbers[2], two, one} : (Day){numbers[2], one, two};
    return one > 12 || two > 12 || one == two;
}

/* 2024年1月5日 */
static bool read_chinese(const Token *items, size_t count, Day *day) {
    *day = (Day){0, 0, 0};
    if (count == 6 && is_word(&items[1], TEXT("年")) && whole_number(&items[0], &day->year))
        items += 2, count -= 2;
    return count == 4 && whole_number(&items[0], &day->month) && is_word(&items[1], TEXT("月")) &&
           whole_number(&items[2], &day->day) &&
           (is_word(&items[3], TEXT("日")) || is_word(&items[3], TEXT("号")));
}

/* January 5, 2024; the 5th of January; 5 Jan 2024. */
static bool read_english(const Token *items, size_t count, Day *day) {
    *day = (Day){0, 0, 0};
    for (size_t i = 0; i < count; i++) {
        int64_t number = 0;
        if (is_word(&items[i], TEXT("the")) || is_word(&items[i], TEXT("of")) ||
            (items[i].kind == TOKEN_MARK && items[i].mark == ','))
            continue;
        if (whole_number(&items[i], &number) && number >= 1 && number <= 31 && day->day == 0)
            day->day = number;
        else if (number >= 1000 && number <= LAST_YEAR && day->year == 0)
            day->year = number;
        else if (items[i].kind == TOKEN_WORD && day->month == 0)
            day->month = month_named(items[i].text);
        else
            return false;
        if (number == 0 && day->month == 0) return false; /* another word */
    }
    return true;
}

static bool read_day(const Tokens *tokens, Day *day) {
    const bool read =
        tokens->count <= MOST_PARTS &&
        (read_numbers(tokens, day) || read_chinese(tokens->items, tokens->count, day) ||
         read_english(tokens->items, tokens->count, day));
    return read && exists(*day);
}

bool same_day(const Tokens *a, const Tokens *b) {
    Day one, other;
    return read_day(a, &one) && read_day(b, &other) && one.year == other.year &&
           one.month == other.month && one.day == other.day;
}
