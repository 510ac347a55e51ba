/* Boxes: \boxed{...} and \fbox{...}, what they hold, and what beside them changes its value. */
#include "answer.h"

#include <string.h>

/* The next outermost box. One without braces takes the math behind it: \boxed 7, \boxed\frac12.
 * One that never closes, or not before another begins in a later paragraph, ends with its own. */
static bool next_box(Text text, size_t at, Box *box) {
    while (at < text.size) {
        const char *found = memchr(text.data + at, '\\', text.size - at);
        if (found == NULL) {
            return false;
        }
        size_t slash = (size_t)(found - text.data);
        at = slash;
        while (at < text.size && text.data[at] == '\\') {
            at++;
        }
        size_t name = text_continues(text, at, TEXT("boxed"))  ? 5
                      : text_continues(text, at, TEXT("fbox")) ? 4
                                                               : 0;
        if (name == 0 || (at + name < text.size && is_letter(text.data[at + name]))) {
            continue;
        }
        bool doubled = (at - slash) % 2 == 0;
        *box = (Box){.start = at - 1 - doubled, .doubled = doubled};
        at += name;
        size_t brace = at;
        while (brace < text.size && (text.data[brace] == ' ' || text.data[brace] == '\n')) {
            brace++;
        }
        if (brace == text.size || text.data[brace] != '{') {
            size_t first = at, scanned;
            while (first < text.size && text.data[first] == ' ') {
                first++;
            }
            box->inside = first;
            box->end = box->inside_end = math_run(text, first, &box->unclosed, &scanned);
            if (box->end > first) {
                return true;
            }
            continue; /* only mentioned */
        }
        size_t depth = 1, i = brace + 1, blank = text.size;
        box->inside = i;
        box->braced = true;
        for (; i < text.size; i++) {
            char byte = text.data[i];
            if (byte == '\\') {
                for (i++; box->doubled && i < text.size && text.data[i] == '\\'; i++) {
                }
                /* Where the search goes on after this box: what is behind it is read once only. */
                size_t next = i < text.size && text.data[i] == '\\' ? i + 1 : i;
                if (blank < text.size && (text_continues(text, next, TEXT("boxed")) ||
                                          text_continues(text, next, TEXT("fbox")))) {
                    break;
                }
            } else if (byte == '{') {
                depth++;
            } else if (byte == '}' && --depth == 0) {
                break;
            } else if (byte == '\n' && blank == text.size && i + 1 < text.size &&
                       text.data[i + 1] == '\n') {
                blank = i;
            }
        }
        box->unclosed = depth > 0;
        box->inside_end = depth > 0 ? blank : i;
        box->end = depth > 0 ? blank : i + 1;
        return true;
    }
    return false;
}

bool is_vacant(Text text) {
    for (size_t i = 0; i < text.size; i++) {
        char byte = text.data[i];
        if (byte == '\\' && (i + 1 == text.size || strchr(" ,;:!$", text.data[i + 1]) != NULL)) {
            i++;
        } else if (byte == '\0' || strchr(" \t\r\n${}~", byte) == NULL) {
            return false;
        }
    }
    return true;
}

/* \boxed{\boxed{5}} is 5; a box beside something else in a box loses its name only. Doubled
 * backslashes become single ones. */
static Text box_content(Arena *arena, Text text, const Box *box) {
    Text content = text_trim(text_slice(text, box->inside, box->inside_end));
    Box inner;
    for (int depth = 0; depth < 4; depth++) {
        if (!next_box(content, 0, &inner) || inner.start != 0 || inner.end != content.size) {
            break;
        }
        content = text_trim(text_slice(content, inner.inside, inner.inside_end));
    }
    bool nested = next_box(content, 0, &inner);
    if (!nested && !(box->doubled && memchr(content.data, '\\', content.size) != NULL)) {
        return content;
    }
    char *copy = arena_take(arena, content.size + 1);
    if (copy == NULL) {
        return content;
    }
    size_t size = 0;
    for (size_t at = 0; at < content.size; at++) {
        bool escape = content.data[at] == '\\';
        if (escape && box->doubled && at + 1 < content.size && content.data[at + 1] == '\\') {
            at++;
        }
        size_t name = !escape                                        ? 0
                      : text_continues(content, at, TEXT("\\boxed")) ? 6
                      : text_continues(content, at, TEXT("\\fbox"))  ? 5
                                                                     : 0;
        if (name > 0) {
            at += name - 1;
        } else {
            copy[size++] = content.data[at];
        }
    }
    return text_trim((Text){copy, size});
}

static Text concatenate(Arena *arena, Text a, Text b, Text c) {
    char *data = arena_take(arena, a.size + b.size + c.size + 1);
    if (data == NULL) {
        return (Text){"", 0};
    }
    size_t size = 0;
    const Text parts[] = {a, b, c};
    for (size_t i = 0; i < 3; i++) {
        if (parts[i].size > 0) {
            memcpy(data + size, parts[i].data, parts[i].size);
            size += parts[i].size;
        }
    }
    return (Text){data, size};
}

size_t skip_closing(Text text, size_t at) {
    while (at < text.size) {
        char next = at + 1 < text.size ? text.data[at + 1] : '\0';
        if (text.data[at] == '\\' && next != '\0' && strchr(")], ;", next) != NULL) {
            at += 2;
        } else if (text.data[at] != '\0' && strchr(" $*_`}~", text.data[at]) != NULL) {
            at++;
        } else {
            break;
        }
    }
    return at;
}

static bool begins_word(Text text, size_t at, Text word) {
    return text_continues(text, at, word) &&
           (at + word.size == text.size || !is_letter(text.data[at + word.size]));
}

/* How many bytes of one of these begin here; 0: none does. */
static size_t begins_any(Text text, size_t at, const Text *list, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (begins_word(text, at, list[i])) {
            return list[i].size;
        }
    }
    return 0;
}

/* What directly follows or precedes a box and changes its value belongs to the answer: a sign, a
 * percent sign, degrees, a base or an exponent, a factor, "+ C". *end: where it ends. */
Text box_value(Arena *arena, Text text, const Box *box, size_t *end) {
    static const Text PERCENT[] = {LITERAL("\\%"),
                                   LITERAL("%"),
                                   LITERAL("％"),
                                   LITERAL("percent"),
                                   LITERAL("pct"),
                                   LITERAL("per cent"),
                                   LITERAL("\\text{%"),
                                   LITERAL("\\text{ percent"),
                                   LITERAL("\\text{percent"),
                                   LITERAL("\\text{\\%"),
                                   LITERAL("\\text{ \\%")};
    static const Text DEGREES[] = {LITERAL("^\\circ"), LITERAL("^{\\circ"), LITERAL("°"),
                                   LITERAL("^\\degree")};
    static const Text ATTACHED[] = {LITERAL("\\pi"),    LITERAL("\\sqrt"), LITERAL("\\frac"),
                                    LITERAL("\\dfrac"), LITERAL("\\cdot"), LITERAL("\\times"),
                                    LITERAL("\\div"),   LITERAL("\\pm"),   LITERAL("\\ln"),
                                    LITERAL("\\log"),   LITERAL("\\sin"),  LITERAL("\\cos")};
    Text value = box_content(arena, text, box);
    Text before = text_slice(text, 0, box->start);
    size_t at = box->end;
    bool percent =
        memchr(value.data, '%', value.size) != NULL || text_contains(value, TEXT("percent"));
    char next = at < text.size ? text.data[at] : '\0';
    *end = at;
    if (is_vacant(value)) {
        return value;
    }
    const size_t closed = skip_closing(text, at),
                 degrees = begins_any(text, at, DEGREES, COUNT(DEGREES)),
                 percents = begins_any(text, closed, PERCENT, COUNT(PERCENT));
    if (degrees > 0) {
        value = concatenate(arena, value, TEXT("^\\circ"), TEXT(""));
        *end = at + degrees;
    } else if (percents > 0) {
        value = percent ? value : concatenate(arena, value, TEXT(" %"), TEXT(""));
        *end = closed + percents;
    } else if (box->braced) {
        size_t scanned, tail = at;
        bool open;
        while (tail < text.size && text.data[tail] == ' ') {
            tail++;
        }
        char sign = tail < text.size ? text.data[tail] : '\0';
        bool attached = next == '^' || next == '_' ||
                        begins_any(text, tail, ATTACHED, COUNT(ATTACHED)) > 0 ||
                        (is_letter(next) && !(at + 1 < text.size && is_letter(text.data[at + 1])));
        bool added = sign == '+' || sign == '-' || sign == '/';
        if (attached || added) {
            const Beside beside = beside_box(text, box);
            /* behind a digit: the run then does not begin with its operator */
            Text near =
                text_slice(beside.right, 0, beside.right.size < 400 ? beside.right.size : 400);
            Text probe = concatenate(arena, TEXT("0"), near, TEXT(""));
            size_t run = probe.size > 0 ? math_run(probe, 0, &open, &scanned) : 0;
            Text behind = run > 0 ? text_trim(text_slice(probe, run, probe.size)) : TEXT("");
            bool closes = beside.formula && (behind.size == 0 || text_equal(behind, TEXT(".")));
            if (run > 1 && (attached || closes)) {
                value = concatenate(arena, TEXT("{"), value, TEXT("}"));
                value = concatenate(arena, value, text_slice(probe, 1, run), TEXT(""));
                *end = at + run - 1;
            }
        }
    }
    bool minus = text_ends(before, TEXT("-")) || text_ends(before, TEXT("−"));
    bool either = text_ends(before, TEXT("\\pm")) || text_ends(before, TEXT("±"));
    if (minus) { /* a sign only where a value begins: not "5 -\boxed{3}" */
        size_t size = text_ends(before, TEXT("-")) ? 1 : 3;
        Text left = text_trim(text_slice(before, 0, before.size - size));
        char last = left.size > 0 ? left.data[left.size - 1] : '\0';
        minus = last == '\0' || strchr("=$([&,:*", last) != NULL || text_ends(left, TEXT(" is")) ||
                text_ends(left, TEXT("≈"));
    }
    if (minus || either) {
        Text sign = minus ? TEXT("-(") : TEXT("\\pm (");
        bool plain = true;
        for (size_t i = 0; i < value.size; i++) {
            plain = plain && (is_digit(value.data[i]) || value.data[i] == '.');
        }
        value = plain ? concatenate(arena, minus ? TEXT("-") : TEXT("\\pm "), value, TEXT(""))
                      : concatenate(arena, sign, value, TEXT(")"));
    }
    return value;
}

/* Does the clause that leads up to a box make it something else than the answer: "the common
 * mistake is \boxed{7}", "put your answer in \boxed{7}"? */
static bool is_set_apart(Text before) {
    static const Text WORDS[] = {
        LITERAL("wrong answer"),
        LITERAL("incorrect answer"),
        LITERAL("mistake is"),
        LITERAL("mistake would"),
        LITERAL("might guess"),
        LITERAL("might think"),
        LITERAL("answer were"),
        LITERAL("example of"),
        LITERAL("for example"),
        LITERAL("format is"),
        LITERAL("format:"),
        LITERAL("your answer in"),
        LITERAL("your answer within"),
        LITERAL("your final answer in"),
        LITERAL("placeholder"),
        LITERAL("错误答案"),
        LITERAL("错误的答案"),
        LITERAL("常见错误"),
    };
    enum { CLAUSE = 120 };
    size_t start = before.size;
    while (start > 0 && before.size - start < CLAUSE &&
           strchr(",;.\n", before.data[start - 1]) == NULL) {
        start--;
    }
    const Text clause = text_slice(before, start, before.size);
    for (size_t i = 0; i < COUNT(WORDS); i++) {
        if (text_contains(clause, WORDS[i])) {
            return true;
        }
    }
    return false;
}

/* Directly denied or questioned: "is not \boxed{7}", "\boxed{7}?", "\boxed{7} is wrong". */
static bool box_denied(Text text, const Box *box) {
    static const Text BEFORE[] = {
        LITERAL("not"),
        LITERAL("isn't"),
        LITERAL("not equal to"),
        LITERAL("cannot be"),
        LITERAL("can't be"),
        LITERAL("not be"),
        LITERAL("cannot equal"),
        LITERAL("not equal"),
        LITERAL("not the"),
        LITERAL("\\neq"),
        LITERAL("\\ne"),
        LITERAL("\\not="),
        LITERAL(" !="),
        LITERAL("≠"),
        LITERAL("不是"),
        LITERAL("不等于"),
        LITERAL("不为"),
        LITERAL("不可能是"),
        LITERAL("不会是"),
        LITERAL("而非"),
        LITERAL("除了"),
        LITERAL("如果答案是"),
        LITERAL("instead of"),
        LITERAL("rather than"),
        LITERAL("never"),
        LITERAL("differs from"),
        LITERAL("differ from"),
        LITERAL("different from"),
        LITERAL("other than"),
        LITERAL("不同于"),
        LITERAL("anything but"),
        LITERAL("except"),
        LITERAL("excluding"),
        LITERAL(" nor"),
        LITERAL("neither"),
        LITERAL("wrong to say"),
        LITERAL("don't answer"),
        LITERAL("do not answer"),
        LITERAL("don't write"),
        LITERAL("do not write"),
        /* called wrong, or an example */
        LITERAL("❌"),
        LITERAL("✗"),
        LITERAL("✘"),
        LITERAL("✖"),
        LITERAL("wrong"),
        LITERAL("incorrect"),
        LITERAL("错误"),
        LITERAL("for example"),
        LITERAL("for example,"),
        LITERAL("for instance"),
        LITERAL("for instance,"),
        LITERAL("e.g."),
        LITERAL("e.g.,"),
        LITERAL("例如"),
        LITERAL("例如："),
        LITERAL("例如，"),
        LITERAL("比如"),
        LITERAL("比如："),
        LITERAL("比如，"),
        LITERAL("suppose"),
        LITERAL("假设"),
        /* bounds */
        LITERAL("at most"),
        LITERAL("at least"),
        LITERAL("greater than"),
        LITERAL("less than"),
        LITERAL("more than"),
        LITERAL("fewer than"),
        LITERAL("larger than"),
        LITERAL("smaller than"),
        LITERAL(" over"),
        LITERAL(" under"),
        LITERAL("up to"),
        LITERAL("not exceed"),
        LITERAL("exceeds"),
        LITERAL("bounded by"),
        LITERAL("至多"),
        LITERAL("至少"),
        LITERAL("大于"),
        LITERAL("小于"),
        LITERAL("超过"),
    };
    static const Text AFTER[] = {
        LITERAL("is wrong"),   LITERAL("is incorrect"),  LITERAL("is not"),
        LITERAL("isn't"),      LITERAL("is false"),      LITERAL("was wrong"),
        LITERAL("cannot be"),  LITERAL("can't be"),      LITERAL("would be wrong"),
        LITERAL("is low"),     LITERAL("is unlikely"),   LITERAL("is impossible"),
        LITERAL("or more"),    LITERAL("or less"),       LITERAL("or fewer"),
        LITERAL("or greater"), LITERAL("at least"),      LITERAL("at most"),
        LITERAL("and above"),  LITERAL("以上"),          LITERAL("以下"),
        LITERAL("fails"),      LITERAL("does not work"), LITERAL("doesn't work"),
        LITERAL("不对"),       LITERAL("是错"),          LITERAL("不是"),
    };
    size_t start = box->start;
    while (start > 0) {
        char byte = text.data[start - 1];
        bool delimiter = start > 1 && text.data[start - 2] == '\\' && (byte == '(' || byte == '[');
        if (delimiter) {
            start -= 2;
        } else if (byte != '\0' && strchr(" \n\t$*_`{:", byte) != NULL) {
            start--;
        } else {
            break;
        }
    }
    Text before = text_slice(text, 0, start);
    for (size_t i = 0; i < COUNT(BEFORE); i++) {
        if (text_ends(before, BEFORE[i])) {
            return true;
        }
    }
    if (is_set_apart(before)) {
        return true;
    }
    size_t after = skip_closing(text, box->end);
    for (size_t i = 0; i < COUNT(AFTER); i++) {
        if (text_continues(text, after, AFTER[i])) {
            return true;
        }
    }
    return text_continues(text, after, TEXT("?")) || text_continues(text, after, TEXT("？"));
}

/* "either 41 or \boxed{42}" */
static bool half_of_choice(Text text, const Box *box) {
    size_t start = box->start;
    while (start > 0 && strchr(" $*_", text.data[start - 1]) != NULL &&
           text.data[start - 1] != '\0') {
        start--;
    }
    const Text before = text_slice(text, 0, start);
    const Text near = text_slice(before, before.size > 100 ? before.size - 100 : 0, before.size);
    return text_ends(before, TEXT(" or")) &&
           (text_contains(near, TEXT("either ")) || text_contains(near, TEXT("Either ")));
}

/* The value that stands alone behind a comma, an "and" or a "to": "$\boxed{42}$, $7$", "\boxed{42}
 * to 7". `behind`: where the box and what closes its math ends; `at`: what follows the comma. */
static Text next_item(Text text, size_t behind, size_t at) {
    static const Text JOINING[] = {LITERAL("and"), LITERAL("to"), LITERAL("和")};
    const size_t joined = begins_any(text, at, JOINING, COUNT(JOINING));
    const size_t start = skip_closing(text, at + joined);
    size_t end = start, next;
    while (end < text.size &&
           (is_digit(text.data[end]) ||
            (text.data[end] == '.' && end + 1 < text.size && is_digit(text.data[end + 1])))) {
        end++;
    }
    if (end == start || at + joined == behind) {
        return (Text){"", 0};
    }
    const size_t last = skip_closing(text, end);
    const bool alone =
        last == text.size || text.data[last] == '\n' || sentence_ends(text, last, &next);
    return alone ? text_slice(text, start, end) : (Text){"", 0};
}

/* What "\boxed{42} or 43" offers beside the box: the text behind its "or", to the end of the
 * sentence, if it holds a value of its own; else nothing. */
static Text other_choice(Text text, const Box *box) {
    static const Text OR[] = {LITERAL("or"), LITERAL("\\text{or"), LITERAL("\\text{ or"),
                              LITERAL("或者"), LITERAL("或")};
    static const Text PAUSES[] = {LITERAL(","), LITERAL("("), LITERAL("—"), LITERAL("–"),
                                  LITERAL("，")};
    const Text none = {"", 0};
    const size_t behind = skip_closing(text, box->end);
    size_t at = behind, next;
    for (size_t i = 0; i < COUNT(PAUSES) && at == behind; i++) {
        at += text_continues(text, at, PAUSES[i]) ? PAUSES[i].size : 0;
    }
    at = skip_closing(text, at);
    const Text listed = next_item(text, behind, at);
    if (listed.size > 0) {
        return listed;
    }
    for (size_t i = 0; i < COUNT(OR); i++) {
        const bool foreign = !is_letter(OR[i].data[OR[i].size - 1]);
        if (!(foreign ? text_continues(text, at, OR[i]) : begins_word(text, at, OR[i]))) {
            continue;
        }
        const size_t start = at + OR[i].size;
        bool value = false;
        for (at = start; at < text.size && at < start + 200 && !sentence_ends(text, at, &next);
             at++) {
            const bool alone = at > start && at + 1 < text.size && !is_letter(text.data[at - 1]) &&
                               !is_letter(text.data[at + 1]);
            const bool option = text.data[at] >= 'A' && text.data[at] <= 'Z' && alone;
            value |= is_digit(text.data[at]) || option;
        }
        return value ? text_slice(text, start, at) : none;
    }
    return none;
}

Extraction missing_answer(Missing why, size_t at) {
    return (Extraction){.missing = why, .origin = FROM_NONE, .start = at, .end = at};
}

/* `base`: where `text` stands in the completion. */
Extraction found_answer(Text answer, Origin origin, Text text, size_t base, size_t start,
                        size_t end) {
    bool slice = answer.data >= text.data && answer.data + answer.size <= text.data + text.size;
    if (slice) {
        start = (size_t)(answer.data - text.data);
        end = start + answer.size;
    }
    return (Extraction){FOUND, origin, answer, base + start, base + end, false};
}

/* Does a sentence end between two boxes? A small letter behind the full stop says no: "\boxed{41}.
 * or \boxed{42}". */
static bool sentence_between(Text text, size_t start, size_t end) {
    Text gap = text_slice(text, 0, end);
    size_t next;
    for (size_t at = start; at < end; at++) {
        if (sentence_ends(gap, at, &next)) {
            size_t after = next;
            while (after < end && text.data[after] == ' ') {
                after++;
            }
            bool goes_on = text.data[at] == '.' && after < end && text.data[after] >= 'a' &&
                           text.data[after] <= 'z';
            if (!goes_on) {
                return true;
            }
        }
    }
    return false;
}

/* The last box, with the others of its sentence; *last tells where it stands. False: no box. */
bool read_boxes(Arena *arena, Text text, size_t base, Extraction *result, Box *last) {
    enum { KEPT = 16 };
    Text kept[KEPT];
    size_t group = 0, count = 0, end = 0, size = 0;
    Box box;
    bool any = false;
    for (size_t at = 0; next_box(text, at, &box); at = box.end) {
        if (!any || last->unclosed ||
            (sentence_between(text, last->end, box.start) &&
             !sets_beside(text, last->end, box.start))) {
            group = box.start;
        }
        *last = box;
        any = true;
    }
    if (!any) {
        return false;
    }
    end = last->end;
    *result =
        missing_answer(last->unclosed ? MISSING_UNCLOSED : MISSING_NOTHING, base + last->start);
    if (last->unclosed) {
        return true;
    }
    size_t own;
    Text value = box_value(arena, text, last, &own);
    if (is_vacant(value)) {
        result->missing = MISSING_BLANK;
        return true;
    }
    if (box_denied(text, last) || is_hidden(text, last)) {
        return true;
    }
    if (group == last->start) {
        if (half_of_choice(text, last) || is_piece(text, last, own)) {
            return true;
        }
        const Text other = other_choice(text, last);
        if (other.size > 0) { /* a hedge is judged as the list it is */
            value = concatenate(arena, value, TEXT(" or "), text_trim(other));
            end = (size_t)(other.data - text.data) + other.size;
        }
        *result = found_answer(value, FROM_BOX, text, base, group, end);
        return true;
    }
    /* every box of the sentence once, in order, behind commas */
    size_t room = 2 * (end - group) + 16;
    char *joined = arena_take(arena, room);
    for (size_t at = group; joined != NULL && at < end && next_box(text, at, &box); at = box.end) {
        Text part = box_value(arena, text, &box, &own);
        bool known = is_vacant(part);
        for (size_t i = 0; i < count && i < KEPT && !known; i++) {
            known = text_equal(kept[i], part);
        }
        if (known) {
            continue;
        }
        if (size + part.size + 2 > room) {
            joined = NULL; /* never a part of the list */
            break;
        }
        if (count < KEPT) {
            kept[count] = part;
        }
        if (count++ > 0) {
            memcpy(joined + size, ", ", 2);
            size += 2;
        }
        memcpy(joined + size, part.data, part.size);
        size += part.size;
    }
    if (joined == NULL || (count == 1 && is_piece(text, last, own))) {
        return true;
    }
    *result = count == 1 ? found_answer(value, FROM_BOX, text, base, last->start, end)
                         : found_answer((Text){joined, size}, FROM_BOX, text, base, group, end);
    return true;
}
