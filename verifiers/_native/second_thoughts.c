/* What stands around an answer and takes it back. */
#include <string.h>

#include "answer.h"

enum { NEAR = 400 }; /* bytes behind an answer in which another one counts */

/* White space, punctuation and what closes math or markup. */
static size_t skip_marks(Text text, size_t at) {
    while (at < text.size) {
        size_t length;
        if (text_continues(text, at, TEXT("\\)")) || text_continues(text, at, TEXT("\\]"))) {
            at += 2;
            continue;
        }
        const uint32_t character = text_decode(text, at, &length);
        const bool mark =
            character < 0x80
                ? character != 0 && strchr(" \t\n\r.,;:!?*_$`~()[]{}\"'-", (int)character) != NULL
                : (character >= 0x2010 && character <= 0x2026) || character == 0x3001 ||
                      character == 0x3002 || character == 0xff01 || character == 0xff0c ||
                      character == 0xff1a || character == 0xff1b || character == 0xff1f;
        if (!mark) break;
        at += length;
    }
    return at;
}

static size_t skip_any(Text text, size_t at, const Text *list, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const size_t end = at + list[i].size;
        const bool word = is_letter(list[i].data[list[i].size - 1]);
        if (text_continues(text, at, list[i]) &&
            !(word && end < text.size && is_letter(text.data[end])))
            return end;
    }
    return at;
}

/* "which is wrong", "but that's not right" */
static bool denies(Text text, size_t at) {
    static const Text LINK[] = {LITERAL("but "), LITERAL("and ")},
                      WHAT[] = {LITERAL("which"), LITERAL("that"), LITERAL("this"), LITERAL("it")},
                      IS[] = {LITERAL(" is"), LITERAL(" was"), LITERAL("'s"), LITERAL("’s")},
                      WRONG[] = {LITERAL(" wrong"),       LITERAL(" incorrect"),
                                 LITERAL(" false"),       LITERAL(" untrue"),
                                 LITERAL(" a mistake"),   LITERAL(" not right"),
                                 LITERAL(" not correct"), LITERAL(" not true"),
                                 LITERAL(" not it"),      LITERAL(" not the answer")};
    at = skip_any(text, at, LINK, COUNT(LINK));
    const size_t what = skip_any(text, at, WHAT, COUNT(WHAT));
    const size_t is = skip_any(text, what, IS, COUNT(IS));
    return what > at && is > what && skip_any(text, is, WRONG, COUNT(WRONG)) > is;
}

/* Words that need no other answer behind them. */
static bool withdraws(Text text, size_t at) {
    static const Text WORDS[] = {LITERAL("scratch that"),   LITERAL("strike that"),
                                 LITERAL("just kidding"),   LITERAL("never mind"),
                                 LITERAL("i was wrong"),    LITERAL("i take that back"),
                                 LITERAL("i take it back"), LITERAL("i changed my mind"),
                                 LITERAL("correction"),     LITERAL("不对"),
                                 LITERAL("更正"),           LITERAL("错了")};
    return skip_any(text, at, WORDS, COUNT(WORDS)) > at;
}

/* Words with which somebody thinks again; "no other value" is none. */
static size_t skip_hesitation(Text text, size_t at) {
    static const Text WORDS[] = {LITERAL("wait"),
                                 LITERAL("actually"),
                                 LITERAL("sorry"),
                                 LITERAL("hold on"),
                                 LITERAL("oops"),
                                 LITERAL("hmm"),
                                 LITERAL("hm"),
                                 LITERAL("i mean"),
                                 LITERAL("on second thought"),
                                 LITERAL("on second thoughts"),
                                 LITERAL("rather,"),
                                 LITERAL("no,"),
                                 LITERAL("no."),
                                 LITERAL("no!"),
                                 LITERAL("no:"),
                                 LITERAL("no;"),
                                 LITERAL("no —"),
                                 LITERAL("alternatively"),
                                 LITERAL("maybe"),
                                 LITERAL("perhaps"),
                                 LITERAL("possibly"),
                                 LITERAL("等等"),
                                 LITERAL("应该是"),
                                 LITERAL("不，"),
                                 LITERAL("不,"),
                                 LITERAL("或者")};
    return skip_any(text, at, WORDS, COUNT(WORDS));
}

static bool holds_value(Text text, size_t at) {
    for (const size_t last = at + NEAR; at < text.size && at < last; at++)
        if (is_digit(text.data[at]) || text.data[at] == '$' || text.data[at] == '\\') return true;
    return false;
}

bool goes_back(Text text, size_t at) {
    at = skip_marks(text, at);
    if (denies(text, at) || withdraws(text, at)) return true;
    for (size_t next; (next = skip_hesitation(text, at)) > at;) {
        if (holds_value(text, next)) return true;
        at = skip_marks(text, next);
        if (denies(text, at) || withdraws(text, at)) return true;
    }
    return false;
}

/* ~~4~~, <s>4</s>, \cancel{4} */
bool crossed_out(Text text, size_t start, size_t end) {
    static const Text OPEN[] = {LITERAL("<s>"),     LITERAL("<del>"),   LITERAL("<strike>"),
                                LITERAL("cancel{"), LITERAL("\\sout{"), LITERAL("\\st{")};
    while (start > 0 && text.data[start - 1] != 0 && strchr(" $*_`", text.data[start - 1]) != NULL)
        start--;
    const Text before = text_slice(text, 0, start);
    for (size_t i = 0; i < COUNT(OPEN); i++)
        if (text_ends(before, OPEN[i])) return true;
    while (start < end && text.data[start] != 0 && strchr(" $*_`", text.data[start]) != NULL)
        start++;
    const bool outside = text_ends(before, TEXT("~~")),
               inside = text_continues(text, start, TEXT("~~"));
    if (!outside && !inside) return false;
    const size_t last = end + 8 < text.size ? end + 8 : text.size;
    return text_contains(text_slice(text, inside ? start + 2 : end, last), TEXT("~~"));
}

bool offers_another(Text text, size_t at) {
    static const Text OR[] = {LITERAL("or"), LITERAL("或者"), LITERAL("或")};
    at = skip_marks(text, at);
    const size_t next = skip_any(text, at, OR, COUNT(OR));
    return next > at && holds_value(text, next);
}
