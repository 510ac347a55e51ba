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
    static const Text ASIDE[] = {LITERAL("p.s."), LITERAL("p.s"), LITERAL("ps"), LITERAL("note"),
                                 LITERAL("注")},
                      WORDS[] = {LITERAL("scratch that"),
                                 LITERAL("strike that"),
                                 LITERAL("just kidding"),
                                 LITERAL("never mind"),
                                 LITERAL("i was wrong"),
                                 LITERAL("i take that back"),
                                 LITERAL("i take it back"),
                                 LITERAL("i changed my mind"),
                                 LITERAL("correction"),
                                 LITERAL("rejected"),
                                 LITERAL("doesn't work"),
                                 LITERAL("doesn’t work"),
                                 LITERAL("does not work"),
                                 LITERAL("fails"),
                                 LITERAL("ignore the"),
                                 LITERAL("ignore this"),
                                 LITERAL("ignore that"),
                                 LITERAL("不对"),
                                 LITERAL("更正"),
                                 LITERAL("错了"),
                                 LITERAL("✗"),
                                 LITERAL("✘"),
                                 LITERAL("❌"),
                                 LITERAL("✖")},
                      BOX[] = {LITERAL("the box"),       LITERAL("the above box"),
                               LITERAL("the box above"), LITERAL("this"),
                               LITERAL("that"),          LITERAL("it"),
                               LITERAL("the above")},
                      EXAMPLE[] = {
                          LITERAL(" is only an example"),    LITERAL(" is just an example"),
                          LITERAL(" is an example"),         LITERAL(" is a placeholder"),
                          LITERAL(" is only a placeholder"), LITERAL(" is just a placeholder")};
    at = skip_marks(text, skip_any(text, at, ASIDE, COUNT(ASIDE)));
    const size_t box = skip_any(text, at, BOX, COUNT(BOX));
    return skip_any(text, at, WORDS, COUNT(WORDS)) > at ||
           (box > at && skip_any(text, box, EXAMPLE, COUNT(EXAMPLE)) > box);
}

/* "EDIT: 7", ", exactly 7", "; the true value is 7": the value follows at once. */
static bool replaces(Text text, size_t at) {
    static const Text WORDS[] = {LITERAL("edit"),
                                 LITERAL("revised"),
                                 LITERAL("updated"),
                                 LITERAL("exactly"),
                                 LITERAL("but it is"),
                                 LITERAL("but it's"),
                                 LITERAL("the true value is"),
                                 LITERAL("the actual value is"),
                                 LITERAL("the exact value is"),
                                 LITERAL("the correct value is"),
                                 LITERAL("修正"),
                                 LITERAL("实际上是")};
    const size_t next = skip_any(text, at, WORDS, COUNT(WORDS)), value = skip_marks(text, next);
    return next > at && value < text.size &&
           (is_digit(text.data[value]) || text.data[value] == '\\');
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
    if (denies(text, at) || withdraws(text, at) || replaces(text, at)) return true;
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

bool sets_beside(Text text, size_t end, size_t start) {
    static const Text OR[] = {LITERAL("or"), LITERAL("and"), LITERAL("或者"), LITERAL("或"),
                              LITERAL("和")},
                      ANOTHER[] = {LITERAL("alternatively"),
                                   LITERAL("another answer"),
                                   LITERAL("another solution"),
                                   LITERAL("another possible"),
                                   LITERAL("another possibility"),
                                   LITERAL("the other answer"),
                                   LITERAL("other answer"),
                                   LITERAL("if"),
                                   LITERAL("case"),
                                   LITERAL("如果"),
                                   LITERAL("情况"),
                                   LITERAL("另一个答案")};
    enum { BRIEF = 24, LONG = 120 };
    const Text gap = text_slice(text, 0, start);
    const size_t at = skip_marks(gap, end), room = start - end;
    return (room < BRIEF && skip_any(gap, at, OR, COUNT(OR)) > at) ||
           (room < LONG && skip_any(gap, at, ANOTHER, COUNT(ANOTHER)) > at);
}

/* Does `value` stand in `text` by itself, and not as a part of a longer number or word? */
static bool states(Text text, Text value) {
    for (size_t at = 0; value.size > 0 && at + value.size <= text.size; at++) {
        const char before = at > 0 ? text.data[at - 1] : ' ',
                   after = at + value.size < text.size ? text.data[at + value.size] : ' ';
        const bool inner = is_digit(before) || is_letter(before) || before == '-' ||
                           before == '.' || is_digit(after) || is_letter(after);
        if (!inner && memcmp(text.data + at, value.data, value.size) == 0) return true;
    }
    return false;
}

static bool holds_digit(Text text) {
    for (size_t at = 0; at < text.size; at++)
        if (is_digit(text.data[at])) return true;
    return false;
}

bool says_other(Arena *arena, Text text, Text answer) {
    Text statement, said;
    return phrase_last(text, &statement) && statement.size > 0 &&
           prose_read(arena, statement, &said) && prose_whole(said) && holds_digit(said) &&
           !states(statement, answer) && !states(answer, said);
}
