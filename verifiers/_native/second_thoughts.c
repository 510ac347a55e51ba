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

static Text near(Text text, size_t at) {
    return text.size - at > NEAR ? text_slice(text, 0, at + NEAR) : text;
}

/* Does the clause at `at` reject what it follows: "which is wrong", "but that's not right", "I am
 * not sure", "No."? It says nothing else: "it would be wrong to stop here" rejects nothing. */
static bool denies(Text text, size_t at) {
    static const char FILLERS[] =
        " but and which that this it that's it's the a an my your our above answer result value "
        "box i i'm am do does think so however though although is was are were be been may might "
        "could can "
        "would should must has seems looks probably likely just only really also very entirely ";
    static const char NOT[] = " not no nope never isn't wasn't don't doesn't can't cannot ";
    static const char WRONG[] = " wrong incorrect false untrue mistaken mistake lie trap guess "
                                "unlikely doubtful invalid extraneous spurious rejected excluded "
                                "discarded unsure ";
    static const char RIGHT[] = " right correct true sure certain confident valid work hold agree "
                                "know ";
    static const char REASONS[] = " because since as for ";
    bool negated = false, judged = false, rejected = false;
    Piece piece;
    for (text = near(text, at); piece_next(text, &at, &piece);) {
        const Text word = piece.inside;
        if (piece.kind == PIECE_MARK && (piece.mark == ',' || piece.mark == ':')) {
            return judged && rejected;
        } else if (piece.kind == PIECE_MARK && piece.mark != '*' && piece.mark != '_') {
            break;
        } else if (judged && word_in(word, REASONS)) {
            return rejected;
        } else if (!judged && word_in(word, NOT)) {
            negated = !negated;
        } else if (!judged && (word_in(word, WRONG) || word_in(word, RIGHT))) {
            judged = true;
            rejected = word_in(word, RIGHT) == negated;
        } else if (!word_in(word, FILLERS)) {
            return false;
        }
    }
    return judged ? rejected : negated;
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
                                 LITERAL("doesn't work"),
                                 LITERAL("doesn’t work"),
                                 LITERAL("does not work"),
                                 LITERAL("fails"),
                                 LITERAL("this fails"),
                                 LITERAL("that fails"),
                                 LITERAL("which fails"),
                                 LITERAL("it fails"),
                                 LITERAL("this does not work"),
                                 LITERAL("which does not work"),
                                 LITERAL("ignore the"),
                                 LITERAL("ignore this"),
                                 LITERAL("ignore that"),
                                 LITERAL("i disagree"),
                                 LITERAL("i made a mistake"),
                                 LITERAL("i made an error"),
                                 LITERAL("there is a mistake"),
                                 LITERAL("there is an error"),
                                 LITERAL("disregard"),
                                 LITERAL("discard that"),
                                 LITERAL("discard this"),
                                 LITERAL("forget it"),
                                 LITERAL("forget that"),
                                 LITERAL("ignore my"),
                                 LITERAL("please ignore"),
                                 LITERAL("let me redo"),
                                 LITERAL("on reflection"),
                                 LITERAL("i doubt"),

                                 LITERAL("i'm guessing"),
                                 LITERAL("i am guessing"),
                                 LITERAL("不对"),
                                 LITERAL("这不对"),
                                 LITERAL("这是错"),
                                 LITERAL("这个答案是错"),
                                 LITERAL("答案错"),
                                 LITERAL("答案是错"),
                                 LITERAL("上面的答案是错"),
                                 LITERAL("以上答案是错"),
                                 LITERAL("以上答案错"),
                                 LITERAL("重新计算"),
                                 LITERAL("不确定"),
                                 LITERAL("我不确定"),
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
                                 LITERAL("等一下"),
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
        if (at == text.size) return true; /* "Wait." */
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
                                   LITERAL("option"),
                                   LITERAL("alternative"),
                                   LITERAL("as an alternative"),
                                   LITERAL("my second guess"),
                                   LITERAL("second guess"),
                                   LITERAL("second choice"),
                                   LITERAL("otherwise"),
                                   LITERAL("else"),
                                   LITERAL("not sure"),
                                   LITERAL("also possible"),
                                   LITERAL("might be"),
                                   LITERAL("could be"),
                                   LITERAL("another candidate"),
                                   LITERAL("another option"),
                                   LITERAL("backup"),
                                   LITERAL("plan b"),
                                   LITERAL("否则"),
                                   LITERAL("另一种答案"),
                                   LITERAL("另一种可能"),
                                   LITERAL("it could also be"),
                                   LITERAL("it may also be"),
                                   LITERAL("it might also be"),
                                   LITERAL("maybe"),
                                   LITERAL("perhaps"),
                                   LITERAL("possibly"),
                                   LITERAL("也可能是"),
                                   LITERAL("还可能是"),
                                   LITERAL("也可以是"),
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

static Rule compared(Arena *arena, Text a, Text b) {
    return compare_answers(arena, a, b, (CompareOptions){.tolerance = -1});
}

/* One in words that holds the other does not contradict it. */
bool contradicts(Arena *arena, Text a, Text b) {
    if ((states(a, b) && !prose_whole(a)) || (states(b, a) && !prose_whole(b))) return false;
    return RULE_FACTS[compared(arena, a, b)].decision == DIFFERENT;
}

/* The last sentence of a text. */
static Text last_sentence(Text text) {
    size_t start = 0, next;
    text = text_trim(text);
    for (size_t at = 0; at < text.size;) {
        Piece piece;
        if (formula_at(text, at, &piece)) {
            at = piece.end;
        } else if (sentence_ends(text, at, &next)) {
            at = next > at ? next : at + 1;
            start = at < text.size ? at : start;
        } else {
            at++;
        }
    }
    return text_slice(text, start, text.size);
}

/* "Therefore the result is $7$", "So $x=7$", "It could also be 7": a sentence that says nothing but
 * a value. "So equality holds at $x=7$" says something else. */
static bool concludes(Arena *arena, Text sentence, Text *said) {
    static const char WORDS[] =
        " so therefore thus hence and but though although however the a my our this that that's it "
        "it's i we final correct corrected true actual right result value solution another "
        "possible "
        "possibility answer get have obtain find choose say mean go must should could can may "
        "might "
        "would be is was equals then also really rather instead in fact if not otherwise else "
        "unless "
        "or maybe perhaps possibly typo erratum fix better as well versus vs "
        "所以 因此 故 所以结果是 所以结果为 因此结果是 因此结果为 也可能是 可能是 应该是 应为 ";
    size_t at = 0, words = 0, values = 0;
    Piece piece;
    while (piece_next(sentence, &at, &piece)) {
        if (piece.kind == PIECE_FORMULA || (piece.kind == PIECE_MATH && piece.solid)) {
            values++;
        } else if (piece.kind == PIECE_WORD) {
            if (!word_in(piece.inside, WORDS)) return false;
            words++;
        }
    }
    Origin origin;
    return words > 0 && values == 1 && prose_conclude(arena, sentence, said, &origin) == FOUND;
}

static bool is_other_value(Rule rule) {
    return rule == RULE_different_number || rule == RULE_different_value ||
           rule == RULE_different_formula;
}

bool says_other(Arena *arena, Text text, Text answer) {
    Text statement, said;
    if (phrase_last(text, &statement)) {
        return statement.size > 0 && prose_read(arena, statement, &said) && prose_whole(said) &&
               holds_digit(said) && !states(statement, answer) && !states(answer, said);
    }
    return concludes(arena, last_sentence(text), &said) && holds_digit(said) &&
           holds_digit(answer) && !states(text, answer) && !states(answer, said) &&
           is_other_value(compared(arena, answer, said));
}
