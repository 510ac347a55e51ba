/* From a statement to the answer it makes. A statement is narrowed only where exactly one reading
 * is possible; a hedge ("42 or 43"), a bound ("at least 42") or an unknown shape is handed over
 * whole, which then is not equal to anything shorter. A denial or a question makes no answer at
 * all. */
#include "answer.h"

#include <string.h>

enum { MAX_PIECES = 160, WHOLE_LIMIT = 1000 };

/* Words that only a sentence has. */
static const char SENTENCE[] =
    " is are was were be been the this that these those we i you he she they it its our your their "
    "so thus therefore hence since because then here there have has had get gets find found know "
    "need needs let using given gives give would should could can may must will when where which "
    "how what why however but also from by with into please correct incorrect wrong yes not isn't "
    "don't doesn't can't cannot never maybe perhaps probably either neither both nor next first "
    "now step solution answer result hope think guess est sont donc la le les des ist sind der die "
    "das el los es son il lo sono è é é são это является là có ";
static const char CJK_UNITS[] =
    " 元 美元 角 分 千克 公斤 克 吨 米 厘米 分米 毫米 千米 公里 平方米 平方厘米 平方千米 立方米 "
    "立方厘米 升 毫升 "
    "小时 时 分钟 秒 天 日 周 月 个月 年 岁 度 円 時間 分間 秒間 원 개 명 시간 ";
/* Words of an answer that do not count against its length. */
static const char JOINERS[] =
    " and or for all any some even odd if with where в и или et ou und oder y o e và hoặc & ";
static const char UNITS[] =
    " percent pct percentage cents cent dollars dollar euros euro pounds pound km cm mm m nm kg g "
    "mg "
    "lb lbs oz ml l mi ft in feet foot inches inch yards yard miles mile meters meter metres metre "
    "centimeters centimeter centimetres kilometers kilometres kilograms grams gram liters litres "
    "hours hour hrs hr minutes minute mins min seconds second secs sec s h days day weeks week "
    "months month years year degrees degree radians units unit mph kph rad am pm hz khz mhz n j "
    "kj w kw v mol pa kpa times ";
static const char COPULAS[] =
    " is are equals equal was est sont ist sind es son é são è sono là equivale gives yields "
    "becomes ";
/* Beside a number or a formula these change its value: never cut them off. */
static const char CHANGERS[] =
    " half quarter third thirds dozen hundred thousand million billion trillion squared cubed over "
    "plus minus negative less more greater fewer larger smaller than least most under "
    "above below between twice double triple square root divided multiplied power multiple "
    "multiples except besides modulo mod thousands millions "
    "mille million millions milliards milliard hunderttausend tausend millionen mil millones ";
static const char DENIALS[] =
    " not never no don't isn't isnt aren't wasn't cannot can't couldn't doesn't won't neither nor "
    "wrong "
    "incorrect false untrue instead rather maybe perhaps possibly whether guess unsure uncertain "
    "unknown pas nicht kein keine falsch falso não нет не неверно "
    "không غير ليس ليست नहीं ";
static const char ALTERNATIVES[] = " or either but although though ou oder или hoặc أو या ";
/* The right side of "42 is our answer". */
static const char ANSWERS[] = " the our my a an final correct required desired answer answers "
                              "solution solutions result value "
                              "total needed values set ";

typedef struct {
    Piece list[MAX_PIECES];
    size_t count;
    bool overflow; /* the list holds the last ones only */
} Pieces;

static void pieces_cut(Text text, Pieces *pieces) {
    size_t at = 0;
    Piece piece;
    pieces->count = 0;
    pieces->overflow = false;
    while (piece_next(text, &at, &piece)) {
        if (pieces->count == MAX_PIECES) {
            pieces->count = MAX_PIECES / 2;
            memmove(pieces->list, pieces->list + MAX_PIECES / 2,
                    pieces->count * sizeof *pieces->list);
            pieces->overflow = true;
        }
        pieces->list[pieces->count++] = piece;
    }
}

static bool is_math(const Piece *piece) {
    return piece->kind == PIECE_FORMULA || (piece->kind == PIECE_MATH && piece->solid);
}

static bool is_mark(const Piece *piece, uint32_t mark) {
    return piece->kind == PIECE_MARK && piece->mark == mark;
}

static bool is_question(const Piece *piece) {
    return is_mark(piece, '?') || is_mark(piece, 0xFF1F) || is_mark(piece, 0x61F);
}

/* Scripts without spaces: any of these within a word of CJK. */
static bool holds(Text word, const char *const *parts) {
    if ((unsigned char)word.data[0] < 0xE2) {
        return false;
    }
    for (; *parts != NULL; parts++) {
        if (text_contains(word, (Text){*parts, strlen(*parts)})) {
            return true;
        }
    }
    return false;
}

static bool is_denial(const Piece *piece) {
    static const char *const CJK[] = {"不是",     "不等于",   "不为", "不对", "错误", "并非",
                                      "ではない", "じゃない", "아니", "아닙", NULL};
    return (piece->kind == PIECE_WORD &&
            (word_in(piece->inside, DENIALS) || holds(piece->inside, CJK))) ||
           is_mark(piece, 0x2260);
}

static bool is_alternative(const Piece *piece) {
    static const char *const CJK[] = {"或", "または", "もしくは", "또는", "혹은", "还是", NULL};
    return piece->kind == PIECE_WORD &&
           (word_in(piece->inside, ALTERNATIVES) || holds(piece->inside, CJK));
}

static bool is_changer(const Piece *piece) {
    static const char *const CJK[] = {"万",   "亿",   "千万", "百万", "分之", "至少", "至多",
                                      "大于", "小于", "多于", "少于", "以上", "以下", "未満",
                                      "이상", "이하", "倍",   "半",   NULL};
    return piece->kind == PIECE_WORD && !piece->digits &&
           (word_in(piece->inside, CHANGERS) || holds(piece->inside, CJK));
}

static bool is_copula(const Piece *piece) {
    static const char *const CJK[] = {"是", "为", "等于", "得", "は", NULL};
    return is_mark(piece, '=') || is_mark(piece, 0x2248) ||
           (piece->kind == PIECE_WORD &&
            (word_in(piece->inside, COPULAS) || holds(piece->inside, CJK)));
}

/* Between the items of a list. */
static bool is_joiner(const Piece *piece) {
    if (piece->kind == PIECE_MARK) {
        return piece->mark == ',' || piece->mark == ';' || piece->mark == '&' ||
               piece->mark == 0x3001 || piece->mark == 0xFF0C || piece->mark == 0xFF1B ||
               piece->mark == 0x60C || piece->mark == 0x2014;
    }
    if (piece->kind == PIECE_MATH) {
        return text_equal(piece->inside, TEXT("y")) || text_equal(piece->inside, TEXT("o")) ||
               text_equal(piece->inside, TEXT("e"));
    }
    return word_in(piece->inside,
                   " and or et ou und oder и или và hoặc و أو और या 和 或 或者 及 と "
                   "または 와 과 또는 ");
}

/* ---- the whole of it ----------------------------------------------------------------------- */

static bool is_closing_dot(const Piece *piece) {
    return is_mark(piece, '.') || is_mark(piece, 0x3002) || is_mark(piece, 0x964);
}

bool prose_whole(Text text) {
    static const char *const CONNECTIVES[] = {"因此", "所以", "故", "共", "即", "答", NULL};
    text = text_trim(text);
    if (text.size == 0 || text.size > WHOLE_LIMIT) {
        return false;
    }
    size_t at = 0, words = 0, maths = 0, colons = 0, lines = 0, previous = 0;
    bool closed = false, label = false, denied = false, content = false, cjk = false;
    Piece piece;
    while (piece_next(text, &at, &piece)) {
        for (size_t i = previous; i < piece.start; i++) {
            lines += text.data[i] == '\n';
        }
        previous = piece.end;
        content = content || piece.kind != PIECE_MARK || piece.mark > 0x2000; /* ∅, ② */
        if (piece.kind == PIECE_FORMULA || piece.kind == PIECE_MATH) {
            maths += is_math(&piece);
        } else if (piece.kind == PIECE_WORD) {
            bool no = words + maths == 0 && word_in(piece.inside, " no not ");
            if (word_in(piece.inside, SENTENCE) || holds(piece.inside, CONNECTIVES) ||
                (is_denial(&piece) && !no) ||
                (is_copula(&piece) && (maths > 0 || (unsigned char)piece.inside.data[0] >= 0xE3))) {
                return words == 0 && maths == 0 &&
                       text_trim(text_slice(text, at, text.size)).size <= 1;
            }
            denied = denied || no;
            bool known = word_in(piece.inside, JOINERS) || word_in(piece.inside, UNITS);
            cjk = cjk || (unsigned char)piece.inside.data[0] >= 0xE3;
            words += known ? 0 : piece.inside.size > 24 ? 5 : 1; /* 24 bytes: eight of CJK */
        } else if (is_question(&piece)) {
            return false;
        } else if (is_closing_dot(&piece) || is_mark(&piece, '!') || is_mark(&piece, 0xFF01)) {
            if (text_trim(text_slice(text, at, text.size)).size > 0) {
                return false;
            }
            closed = true;
        } else if (is_mark(&piece, ':') || is_mark(&piece, 0xFF1A) || is_mark(&piece, '=')) {
            colons++;
            label = words > 0 && maths == 0;
        }
    }
    if (closed && maths > 0 && (words >= 2 || cjk)) {
        return false; /* a sentence with its full stop, in whatever language */
    }
    return content && words <= 4 && !(denied && maths > 0) && (lines == 0 || words == 0) &&
           !(label && colons == 1 && maths == 1);
}

/* ---- narrowing ----------------------------------------------------------------------------- */

static const Text TRAILERS[] = {
    LITERAL("입니다"),     LITERAL("이다"),       LITERAL("です"), LITERAL("である"),
    LITERAL("になります"), LITERAL("となります"), LITERAL("だ"),   LITERAL("है"),
};

static Text strip_marks(Text text) {
    for (bool again = true; again;) {
        again = false;
        text = text_trim(text);
        Text before = text;
        while (text.size > 1 && strchr("*_`#:=\"", text.data[0]) != NULL && text.data[0] != '\0') {
            text.data++;
            text.size--;
        }
        while (text.size > 1 && strchr("*_`\"", text.data[text.size - 1]) != NULL &&
               text.data[text.size - 1] != '\0') {
            text.size--;
        }
        char last = text.size > 0 ? text.data[text.size - 1] : '\0';
        if (text.size > 1 && (last == '.' || last == ',' || last == ';')) {
            text.size--;
        } else if (text.size > 3 && (text_ends(text, TEXT("。")) || text_ends(text, TEXT("।")) ||
                                     text_ends(text, TEXT("！")))) {
            text.size -= 3;
        }
        for (size_t i = 0; i < sizeof TRAILERS / sizeof *TRAILERS; i++) {
            if (text.size > TRAILERS[i].size && text_ends(text, TRAILERS[i])) {
                text.size -= TRAILERS[i].size;
                break;
            }
        }
        again = before.size != text.size;
    }
    return text;
}

/* "therefore", "simply", "approximately" before the answer. */
static Text strip_fillers(Text text) {
    for (;;) {
        text = strip_marks(text);
        size_t at = 0;
        Piece piece;
        if (!piece_next(text, &at, &piece) || piece.kind != PIECE_WORD || at == text.size ||
            !word_in(piece.inside, " therefore thus so hence simply is just indeed equal to about "
                                   "approximately around roughly exactly then given by donc also "
                                   "clearly obviously option choice ")) {
            return text;
        }
        text = text_slice(text, at, text.size);
    }
}

/* Cuts "42, which is ...", "42 because ..." behind the answer, unless the rest takes it back. */
static Text strip_reasons(Text text, Pieces *pieces) {
    for (size_t i = 1; i < pieces->count; i++) {
        const Piece *piece = &pieces->list[i];
        if (piece->kind != PIECE_WORD ||
            !word_in(piece->inside, " which because since as parce car weil denn porque ")) {
            continue;
        }
        for (size_t k = i; k < pieces->count; k++) {
            if (is_denial(&pieces->list[k]) || is_alternative(&pieces->list[k]) ||
                is_question(&pieces->list[k])) {
                return text;
            }
        }
        const Piece *before = &pieces->list[i - 1]; /* "42 (since ...)" */
        const bool bracket = i > 1 && is_mark(before, '(');
        text = strip_marks(text_slice(text, 0, bracket ? before->start : piece->start));
        pieces_cut(text, pieces);
        break;
    }
    return text;
}

static Text join(Arena *arena, Text a, Text between, Text b) {
    char *data = arena_take(arena, a.size + between.size + b.size + 1);
    if (data == NULL) {
        return (Text){"", 0};
    }
    memcpy(data, a.data, a.size);
    memcpy(data + a.size, between.data, between.size);
    if (b.size > 0) {
        memcpy(data + a.size + between.size, b.data, b.size);
    }
    return (Text){data, a.size + between.size + b.size};
}

/* A piece of math and the unit behind it. `alone`: nothing but one word follows, so that it can be
 * taken for a unit even if it is not a known one. */
static Text with_unit(Arena *arena, Text text, const Pieces *pieces, size_t index) {
    const Piece *math = &pieces->list[index];
    if (index + 1 >= pieces->count) {
        return math->inside;
    }
    const Piece *unit = &pieces->list[index + 1];
    bool percent = is_mark(unit, '%') || is_mark(unit, 0xFF05);
    bool command = math->kind == PIECE_FORMULA && unit->kind == PIECE_MATH &&
                   (text_equal(unit->inside, TEXT("\\%")) || text_equal(unit->inside, TEXT("°")));
    bool value = memchr(math->inside.data, '=', math->inside.size) == NULL;
    bool last = index + 2 == pieces->count ||
                (index + 3 == pieces->count && is_closing_dot(&pieces->list[index + 2]));
    bool adjacent = unit->start <= math->end + 1;
    bool word = unit->kind == PIECE_WORD && adjacent &&
                ((unsigned char)unit->inside.data[0] >= 0xE3 /* CJK: "3只鸟" is 3 */
                     ? word_in(unit->inside, CJK_UNITS)
                     : unit->start == math->end || (last && value) || word_in(unit->inside, UNITS));
    if (!percent && !command && !word) {
        return math->inside;
    }
    if (math->kind == PIECE_MATH) {
        return text_slice(text, math->start, unit->end);
    }
    return join(arena, math->inside, TEXT(" "),
                percent ? TEXT("%") : text_slice(text, unit->start, unit->end));
}

/* The list that ends with the math at `last`: where it begins. */
static size_t list_start(const Pieces *pieces, size_t from, size_t last) {
    size_t start = last;
    for (size_t i = last; i > from; i--) {
        const Piece *piece = &pieces->list[i - 1];
        if (is_math(piece) || (piece->kind == PIECE_MATH && !is_joiner(piece))) {
            start = i - 1;
        } else if (!is_joiner(piece) || i - 1 == from) {
            break;
        }
    }
    return start;
}

static Text list_join(Arena *arena, Text text, const Pieces *pieces, size_t first, size_t last) {
    bool formulas = false;
    for (size_t i = first; i <= last; i++) {
        formulas = formulas || pieces->list[i].kind == PIECE_FORMULA;
    }
    if (!formulas) {
        return text_slice(text, pieces->list[first].start, pieces->list[last].end);
    }
    Text all = {"", 0};
    size_t size = 0;
    for (size_t i = first; i <= last; i++) {
        size += pieces->list[i].inside.size + 2;
    }
    char *data = arena_take(arena, size);
    if (data == NULL) {
        return all;
    }
    all.data = data;
    for (size_t i = first; i <= last; i++) {
        const Piece *piece = &pieces->list[i];
        if (piece->kind != PIECE_FORMULA && piece->kind != PIECE_MATH) {
            continue;
        }
        if (all.size > 0) {
            memcpy(data + all.size, ", ", 2);
            all.size += 2;
        }
        memcpy(data + all.size, piece->inside.data, piece->inside.size);
        all.size += piece->inside.size;
    }
    return all;
}

static bool has(const Pieces *pieces, size_t from, size_t to, bool (*kind)(const Piece *)) {
    for (size_t i = from; i < to; i++) {
        if (kind(&pieces->list[i])) {
            return true;
        }
    }
    return false;
}

static size_t count_of(const Pieces *pieces, size_t from, size_t to, bool (*kind)(const Piece *)) {
    size_t count = 0;
    for (size_t i = from; i < to; i++) {
        count += kind(&pieces->list[i]);
    }
    return count;
}

/* Is the text cut off behind the math at `last`: two words or more, and no full stop? */
static bool is_unfinished(const Pieces *pieces, size_t last) {
    const Piece *end = &pieces->list[pieces->count - 1];
    return pieces->count > last + 2 && end->kind == PIECE_WORD &&
           pieces->list[pieces->count - 2].kind != PIECE_MATH &&
           (unsigned char)end->inside.data[0] < 0xE0;
}

/* The math of pieces from..count, if there is one piece of it, or one list, and nothing near it
 * that changes or doubts it. */
static bool narrow(Arena *arena, Text text, const Pieces *pieces, size_t from, Text *answer) {
    size_t last = pieces->count;
    while (last > from && !is_math(&pieces->list[last - 1])) {
        last--;
    }
    if (last == from) {
        return false;
    }
    last--;
    size_t first = list_start(pieces, from, last);
    size_t near = first > from + 3 ? first - 3 : from;
    size_t far = last + 4 < pieces->count ? last + 4 : pieces->count;
    if (has(pieces, from, first, is_math) || has(pieces, from, pieces->count, is_denial) ||
        has(pieces, from, first, is_alternative) || has(pieces, near, first, is_changer) ||
        has(pieces, last + 1, pieces->count, is_copula) ||
        has(pieces, last + 1, pieces->count, is_alternative) ||
        has(pieces, last + 1, far, is_changer) || has(pieces, first, last + 1, is_question)) {
        return false;
    }
    for (size_t i = first; i <= last; i++) {
        if (pieces->list[i].open) {
            return false;
        }
    }
    *answer = first < last ? list_join(arena, text, pieces, first, last)
                           : with_unit(arena, text, pieces, last);
    return true;
}

/* Splits at the one copula there is and reads the side of it that holds the answer. */
static bool narrow_sides(Arena *arena, Text text, const Pieces *pieces, Text *answer) {
    if (count_of(pieces, 0, pieces->count, is_copula) != 1 ||
        has(pieces, 0, pieces->count, is_denial)) {
        return false;
    }
    size_t copula = 0;
    while (!is_copula(&pieces->list[copula])) {
        copula++;
    }
    if (narrow(arena, text, pieces, copula + 1, answer)) {
        return !has(pieces, 0, copula, is_alternative);
    }
    size_t i = copula + 1;
    while (i < pieces->count &&
           (is_closing_dot(&pieces->list[i]) ||
            (pieces->list[i].kind == PIECE_WORD && word_in(pieces->list[i].inside, ANSWERS)) ||
            is_mark(&pieces->list[i], '*'))) {
        i++;
    }
    if (i < pieces->count || i == copula + 1) {
        return false;
    }
    Pieces left = *pieces;
    left.count = copula;
    return narrow(arena, text, &left, 0, answer);
}

static Text unwrap(Text text) {
    Piece piece;
    return formula_at(text, 0, &piece) && piece.end == text.size ? piece.inside : text;
}

/* A denial that denies the first number; "no solution" and "not enough information" are answers. */
static bool is_denied(const Pieces *pieces) {
    return pieces->count > 1 && has(pieces, 0, pieces->count < 3 ? pieces->count : 3, is_denial) &&
           has(pieces, 0, pieces->count, is_math);
}

bool prose_read(Arena *arena, Text statement, Text *answer) {
    Pieces pieces;
    Text text = strip_fillers(statement);
    *answer = text;
    if (text.size == 0) {
        return false;
    }
    pieces_cut(text, &pieces);
    if (pieces.count == 0 || is_question(&pieces.list[pieces.count - 1]) || is_denied(&pieces)) {
        return false;
    }
    if (pieces.overflow) {
        return true;
    }
    text = strip_reasons(text, &pieces);
    *answer = text;
    size_t maths = count_of(&pieces, 0, pieces.count, is_math);
    bool wordy = false; /* "12 distinct sequences" is 12, but "x for all n" is not x */
    for (size_t i = 1; i < pieces.count; i++) {
        wordy = wordy ||
                (pieces.list[i].kind == PIECE_WORD && !word_in(pieces.list[i].inside, JOINERS));
    }
    if (prose_whole(text) && !(maths > 0 && wordy)) {
        *answer = unwrap(text);
        size_t formulas = 0;
        for (size_t i = 0; i < pieces.count; i++) {
            formulas += pieces.list[i].kind == PIECE_FORMULA;
        }
        if (formulas > 1 || (formulas == 1 && answer->size == text.size)) {
            narrow(arena, text, &pieces, 0, answer);
        }
        return true;
    }
    Text narrowed;
    if (narrow(arena, text, &pieces, 0, &narrowed) ||
        narrow_sides(arena, text, &pieces, &narrowed)) {
        *answer = narrowed;
    }
    return true;
}

/* ---- the closing sentence ------------------------------------------------------------------ */

/* "a is 5 and b is 6" says two things; its last number is a fragment. But "66 + 126 = 192, so it is
 * 192" says one. */
static bool says_twice(const Pieces *pieces) {
    Text said = {NULL, 0};
    bool sum = false;
    for (size_t i = 0; i + 1 < pieces->count; i++) {
        if (is_copula(&pieces->list[i]) && is_math(&pieces->list[i + 1])) {
            Text value = pieces->list[i + 1].inside;
            if (said.data != NULL && !(sum && text_equal(said, value))) {
                return true;
            }
            said = value;
            sum = is_mark(&pieces->list[i], '=');
        }
    }
    return false;
}

static Missing conclude(Arena *arena, Text sentence, Text *answer, Origin *origin) {
    Pieces pieces;
    pieces_cut(sentence, &pieces);
    size_t last = pieces.count;
    while (last > 0 && !is_math(&pieces.list[last - 1])) {
        last--;
    }
    if (last == 0) {
        return MISSING_NOTHING;
    }
    last--;
    const Piece *math = &pieces.list[last];
    bool formula = math->kind == PIECE_FORMULA || text_starts(math->inside, TEXT("\\begin{"));
    *origin = formula ? FROM_FORMULA : FROM_NUMBER;
    size_t before = last > 4 ? last - 4 : 0;
    for (size_t i = last + 1; i < pieces.count; i++) {
        if (is_question(&pieces.list[i]) || is_denial(&pieces.list[i])) {
            return MISSING_NOTHING;
        }
    }
    for (size_t i = last; i-- > before && !is_math(&pieces.list[i]);) {
        if (is_denial(&pieces.list[i])) {
            return MISSING_NOTHING;
        }
    }
    if (math->open) {
        return MISSING_UNCLOSED;
    }
    Text narrowed = {"", 0};
    *answer = strip_marks(sentence);
    size_t first = list_start(&pieces, 0, last);
    size_t far = last + 4 < pieces.count ? last + 4 : pieces.count;
    bool called = first > 0 && pieces.list[first - 1].kind == PIECE_WORD &&
                  pieces.list[first - 1].end == pieces.list[first].start &&
                  is_letter(sentence.data[pieces.list[first].start - 1]); /* "Bernoulli(2/3)" */
    bool paired = false; /* "Alice has 5 and Bob has 6" */
    for (size_t i = first; i-- > 0 && !is_math(&pieces.list[i]) && !is_copula(&pieces.list[i]);) {
        paired = paired || (pieces.list[i].kind == PIECE_WORD && is_joiner(&pieces.list[i]) &&
                            has(&pieces, 0, i, is_math));
    }
    for (size_t i = first; i > 0 && pieces.list[i - 1].kind == PIECE_WORD &&
                           word_in(pieces.list[i - 1].inside, " to out of over by in per ");) {
        i--; /* "3 to 1", "5 out of 6" */
        paired = paired || (i > 0 && is_math(&pieces.list[i - 1]));
    }
    bool changed = called || (paired && math->kind == PIECE_MATH) || is_unfinished(&pieces, last) ||
                   has(&pieces, last + 1, far, is_changer) ||
                   has(&pieces, last + 1, pieces.count, is_alternative) ||
                   (first > 0 && is_changer(&pieces.list[first - 1])) ||
                   (first > 1 && is_changer(&pieces.list[first - 2]));
    if (math->display && !changed) {
        narrowed = first < last ? list_join(arena, sentence, &pieces, first, last)
                                : with_unit(arena, sentence, &pieces, last);
    } else if (!pieces.overflow && !is_unfinished(&pieces, last) &&
               (narrow(arena, sentence, &pieces, 0, &narrowed) ||
                narrow_sides(arena, sentence, &pieces, &narrowed))) {
    } else if (math->kind == PIECE_MATH && !changed && !says_twice(&pieces) &&
               !has(&pieces, last + 1, pieces.count, is_copula) &&
               !(first > 0 && is_alternative(&pieces.list[first - 1]))) {
        narrowed = first < last ? list_join(arena, sentence, &pieces, first, last)
                                : with_unit(arena, sentence, &pieces, last);
    }
    if (narrowed.size > 0) {
        *answer = narrowed;
        if (*origin == FROM_NUMBER && narrowed.size > 2 && text_ends(narrowed, TEXT(" $"))) {
            answer->size -= 2; /* "2,74 $" */
        }
    }
    return FOUND;
}

/* Does a formula begin at `at` that nothing closes? A lone $ may be a currency. */
static bool is_cut(Text text, size_t at) {
    if (text.data[at] == '\\' && at + 1 < text.size) {
        return text.data[at + 1] == '[' || text.data[at + 1] == '(';
    }
    char next = at + 1 < text.size ? text.data[at + 1] : '.';
    if (is_digit(next) || next == '.' || next == ',' || next == ';' || next == ' ') {
        return memchr(text.data + at, '\\', text.size - at) != NULL;
    }
    for (size_t i = at + 1; i < text.size; i++) {
        if (text.data[i] == '\\' || text.data[i] == '=' || text.data[i] == '^') {
            return true;
        }
    }
    return false;
}

/* "Compute 2+2.", "求 $x$": a task, most likely the prompt's own, and no conclusion. */
static bool sets_task(Text sentence) {
    static const char TASKS[] =
        " compute calculate evaluate find determine expand simplify factor factorise factorize "
        "solve "
        "prove show express write given let suppose consider what which how ";
    static const Text FOREIGN[] = {LITERAL("求"),    LITERAL("计算"), LITERAL("化简"),
                                   LITERAL("已知"),  LITERAL("证明"), LITERAL("设"),
                                   LITERAL("解方程")};
    sentence = text_trim(sentence);
    size_t size = 0;
    while (size < sentence.size && is_letter(sentence.data[size])) {
        size++;
    }
    for (size_t i = 0; i < sizeof FOREIGN / sizeof *FOREIGN; i++) {
        if (text_starts(sentence, (Text){FOREIGN[i].data, FOREIGN[i].size})) {
            return true;
        }
    }
    return size > 0 && word_in(text_slice(sentence, 0, size), TASKS) &&
           !text_contains(sentence, TEXT("=")) && !text_contains(sentence, TEXT(" is "));
}

Missing prose_conclude(Arena *arena, Text text, Text *answer, Origin *origin) {
    Text sentence = {text.data, 0};
    size_t start = 0, at = 0, next, cut = text.size;
    bool math = false, any = false;
    Piece piece;
    while (at < text.size) {
        if (formula_at(text, at, &piece)) {
            math = true;
            at = piece.end;
            cut = text.size;
        } else if (sentence_ends(text, at, &next)) {
            if (math) {
                sentence = text_slice(text, start, next);
                any = true;
            }
            math = false;
            start = at = next > at ? next : at + 1;
        } else {
            char byte = text.data[at];
            math = math || is_digit(byte) || byte == '\\';
            char after = at + 1 < text.size ? text.data[at + 1] : '\0';
            if (byte == '$' || (byte == '\\' && (after == '[' || after == '('))) {
                cut = at;
            }
            at += 1 + (byte == '\\' && (after == '\\' || after == '$'));
        }
    }
    if (math) {
        sentence = text_slice(text, start, text.size);
        any = true;
    }
    if (cut < text.size && is_cut(text, cut)) {
        return MISSING_UNCLOSED;
    }
    Text rest = text_trim(text_slice(text, start, text.size));
    if (any && !math && rest.size > 0 && is_letter(rest.data[rest.size - 1])) {
        return MISSING_UNCLOSED; /* cut off in the middle of a later sentence */
    }
    return any && !sets_task(sentence) ? conclude(arena, sentence, answer, origin)
                                       : MISSING_NOTHING;
}
