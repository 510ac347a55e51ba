/* From a completion to the text of its answer.
 *
 * The rules, in order: thinking is left out, and unfinished thinking has no answer; the last box or
 * <answer> tag; the last answer phrase; the whole, if it is nothing but an answer; the formula or
 * number that closes the text. A box or tag that is cut off, empty or denied is never replaced by
 * an earlier one. Every rule looks at each byte a bounded number of times. */
#include "answer.h"

#include <string.h>

/* ---- thinking, and the end of the turn ----------------------------------------------------- */

typedef struct {
    Text opening, closing;
} Tags;

#define TAGS(opening, closing) {{(opening), sizeof(opening) - 1}, {(closing), sizeof(closing) - 1}}

static const Tags THINKING[] = {
    TAGS("<think>", "</think>"),
    TAGS("<thinking>", "</thinking>"),
    TAGS("<thought>", "</thought>"),
    TAGS("<thoughts>", "</thoughts>"),
    TAGS("<reasoning>", "</reasoning>"),
    TAGS("<seed:think>", "</seed:think>"),
    TAGS("<|begin_of_thought|>", "<|end_of_thought|>"),
    TAGS("<reasoning_start>", "</reasoning_end>"),
    TAGS("[think]", "[/think]"),
    TAGS("◁think▷", "◁/think▷"),
};
enum { THINKING_COUNT = sizeof THINKING / sizeof *THINKING };

/* What stands behind one of these was not said in this turn: neither an answer nor a second thought
 * of it counts. */
static const Text TURN_ENDS[] = {
    LITERAL("<|im_end|>"),
    LITERAL("<|im_start|>"),
    LITERAL("<|endoftext|>"),
    LITERAL("</s>"),
    LITERAL("<|eot_id|>"),
    LITERAL("<|return|>"),
    LITERAL("<|end|>"),
    LITERAL("<end_of_turn>"),
    LITERAL("<start_of_turn>"),
    LITERAL("<|start_header_id|>"),
    LITERAL("<｜end▁of▁sentence｜>"),
    LITERAL("<|end_of_text|>"),
};

typedef struct {
    size_t start, end;
    bool unfinished;
} Part;

static size_t turn_end_at(Text text, size_t at) {
    for (size_t i = 0; i < sizeof TURN_ENDS / sizeof *TURN_ENDS; i++) {
        if (text_continues(text, at, TURN_ENDS[i])) {
            return TURN_ENDS[i].size;
        }
    }
    return 0;
}

/* "<|im_start|>assistant" before anything else opens this turn and ends none. */
static size_t skip_turn_start(Text text) {
    size_t at = (size_t)(text_trim(text).data - text.data);
    if (!text_continues(text, at, TEXT("<|im_start|>")) &&
        !text_continues(text, at, TEXT("<|start_header_id|>")) &&
        !text_continues(text, at, TEXT("<start_of_turn>"))) {
        return 0;
    }
    while (at < text.size && text.data[at] != '\n') {
        at++;
    }
    return at;
}

/* Where the next tag may begin: at one of these bytes, each looked for again once it is passed. */
static const char BEGINNINGS[] = {'<', '[', "◁"[0]};
enum { BEGINNING_COUNT = sizeof BEGINNINGS };

static size_t next_beginning(Text text, size_t at, size_t *next) {
    size_t nearest = text.size;
    for (size_t i = 0; i < BEGINNING_COUNT; i++) {
        if (next[i] <= at) {
            const char *found = memchr(text.data + at, BEGINNINGS[i], text.size - at);
            next[i] = found == NULL ? text.size : (size_t)(found - text.data);
        }
        nearest = next[i] < nearest ? next[i] : nearest;
    }
    return nearest;
}

/* The second byte of every tag: most that begins otherwise is "a < b" or "[1, 2]". */
static bool may_go_on(char byte) {
    return is_letter(byte) || byte == '/' || byte == '|' || (unsigned char)byte >= 0x80;
}

/* One pass. In the harmony format the messages of a turn are channels, and the answer is the last
 * one, if that is "final". */
static Part answer_part(Text text, bool opening_in_prompt) {
    bool thinks[THINKING_COUNT] = {false};
    bool closed = false, channels = false, final = false;
    size_t start = 0, at = 0, next[BEGINNING_COUNT] = {0};
    if (text.size > 0) {
        start = at = skip_turn_start(text);
    }
    while (at < text.size) {
        const size_t from = next_beginning(text, at, next);
        at = from + 1;
        if (at >= text.size || !may_go_on(text.data[at])) {
            continue;
        }
        if (text_continues(text, from, TEXT("<|channel|>"))) {
            channels = true;
            at = from + 11;
            final = text_continues(text, at, TEXT("final"));
            closed = closed || final;
            continue;
        }
        if (text_continues(text, from, TEXT("<|message|>"))) {
            start = final ? from + 11 : start;
            at = from + 11;
            continue;
        }
        if (text_continues(text, from, TEXT("<|end|><|start|>assistant"))) {
            at = from + 25;
            continue;
        }
        if (turn_end_at(text, from) > 0) {
            text.size = from;
            break;
        }
        for (size_t i = 0; i < THINKING_COUNT; i++) {
            if (text_continues(text, from, THINKING[i].opening)) {
                thinks[i] = true;
            } else if (text_continues(text, from, THINKING[i].closing)) {
                thinks[i] = false;
                closed = true;
                start = at = from + THINKING[i].closing.size;
            }
        }
    }
    bool unfinished = (channels && !final) || (opening_in_prompt && !closed);
    for (size_t i = 0; i < THINKING_COUNT; i++) {
        unfinished = unfinished || thinks[i];
    }
    return (Part){start, text.size, unfinished};
}

bool scan_final(Text completion, bool opening_in_prompt, size_t *start, size_t *end) {
    Part part = answer_part(completion, opening_in_prompt);
    *start = part.start;
    *end = part.end > part.start ? part.end : part.start;
    return !part.unfinished;
}

bool scan_thinking(Text completion, bool opening_in_prompt, size_t *answer_start) {
    Part part = answer_part(completion, opening_in_prompt);
    *answer_start = part.start;
    return !part.unfinished;
}

/* ---- tags ---------------------------------------------------------------------------------- */

static const Tags ANSWER_TAGS[] = {
    TAGS("<answer>", "</answer>"),
    TAGS("<final_answer>", "</final_answer>"),
    TAGS("<|begin_of_solution|>", "<|end_of_solution|>"),
};

typedef struct {
    size_t start, end; /* what stands between the tags */
    size_t behind;     /* where the closing one ends */
    bool unclosed;
    bool doubtful; /* nested in another, or one of two side by side: no answer */
} Tag;

/* The end of the <!-- comment --> that begins at `at`, or `at` itself. */
static size_t skip_comment(Text text, size_t at) {
    if (!text_continues(text, at, TEXT("<!--"))) {
        return at;
    }
    for (size_t end = at + 4; end + 2 < text.size; end++) {
        if (memcmp(text.data + end, "-->", 3) == 0) {
            return end + 3;
        }
    }
    return text.size;
}

/* Whether a short "or" or its like stands between two tags. */
static bool offers_choice(Text text, size_t end, size_t start) {
    const Text gap = text_trim(text_slice(text, end, start));
    return text_equal(gap, TEXT("/")) || sets_beside(text, end, start);
}

static bool last_tag(Text text, Tag *tag) {
    bool any = false, open = false, doubtful = false, repeated = false;
    size_t start = 0, behind = 0; /* where the last complete tag ended */
    for (size_t at = 0; at < text.size; at++) {
        const char *next = memchr(text.data + at, '<', text.size - at);
        if (next == NULL) {
            break;
        }
        at = (size_t)(next - text.data);
        const size_t commented = skip_comment(text, at);
        if (commented > at) {
            at = commented - 1;
            continue;
        }
        for (size_t i = 0; i < COUNT(ANSWER_TAGS); i++) {
            if (text_continues(text, at, ANSWER_TAGS[i].opening)) {
                doubtful = open || (any && offers_choice(text, behind, at));
                open = true;
                repeated = any && text_trim(text_slice(text, behind, at)).size == 0;
                start = at + ANSWER_TAGS[i].opening.size;
            } else if (open && text_continues(text, at, ANSWER_TAGS[i].closing)) {
                open = false;
                any = true;
                behind = at + ANSWER_TAGS[i].closing.size;
                doubtful |=
                    repeated && !text_equal(text_trim(text_slice(text, tag->start, tag->end)),
                                            text_trim(text_slice(text, start, at)));
                *tag = (Tag){start, at, behind, false, doubtful};
            }
        }
    }
    if (open) {
        *tag = (Tag){start, text.size, text.size, true, doubtful};
    }
    return any || open;
}

/* ---- the rules in order -------------------------------------------------------------------- */

/* Notes whether what stands around text[start, end), in which it was found, takes it back. */
static Extraction looked_at(Arena *arena, Extraction found, Text text, size_t start, size_t end) {
    found.taken_back |= found.missing == FOUND &&
                        (goes_back(text, end) || crossed_out(text, start, end) ||
                         says_other(arena, text_slice(text, end, text.size), found.answer));
    return found;
}

static size_t line_start(Text text, size_t at) {
    while (at > 0 && text.data[at - 1] != '\n') {
        at--;
    }
    return at;
}

/* "Answer: 7", and below it, on the next line, "Answer: 42": does the line above the statement at
 * `at` state another one in the same words? */
static bool says_twice(Text text, size_t at, Text statement) {
    const size_t line = line_start(text, at);
    size_t last = line;
    while (last > 0 && (text.data[last - 1] == '\n' || text.data[last - 1] == '\r')) {
        last--;
    }
    const size_t above = line_start(text, last);
    const size_t head = at - line;
    const Text same = text_slice(text, line, at);
    return head > 0 && line >= above + head + 1 &&
           text_equal(text_slice(text, above, above + head), same) &&
           !text_equal(text_trim(text_slice(text, above + head, line)), text_trim(statement));
}

/* What is said without box or tag. */
static Extraction read_prose(Arena *arena, Text text, size_t base) {
    Text trimmed = text_trim(text), statement, answer = {"", 0};
    Origin origin = FROM_NONE;
    size_t start = (size_t)(trimmed.data - text.data);
    if (phrase_last(text, &statement)) {
        size_t at = (size_t)(statement.data - text.data);
        if (says_twice(text, at, statement) || !prose_read(arena, statement, &answer) ||
            answer.size == 0) {
            return missing_answer(MISSING_NOTHING, base + at);
        }
        const size_t end = at + statement.size;
        return looked_at(arena, found_answer(answer, FROM_PHRASE, text, base, at, end), text, at,
                         end);
    }
    if (prose_whole(trimmed)) {
        while (trimmed.size > 2 && trimmed.data[0] == trimmed.data[trimmed.size - 1] &&
               memchr("*_`", trimmed.data[0], 3) != NULL) { /* **42** */
            trimmed = text_trim(text_slice(trimmed, 1, trimmed.size - 1));
        }
        return looked_at(arena, found_answer(trimmed, FROM_WHOLE, text, base, 0, text.size), text,
                         start, text.size);
    }
    Missing why = prose_conclude(arena, text, &answer, &origin);
    if (why != FOUND || answer.size == 0) {
        return missing_answer(why == FOUND ? MISSING_NOTHING : why, base + start);
    }
    return found_answer(answer, origin, text, base, start, start + trimmed.size);
}

static Extraction read_tag(Arena *arena, Text text, size_t base, Tag tag) {
    Text inside = text_slice(text, tag.start, tag.end);
    Extraction result;
    Box box;
    if (tag.unclosed) {
        return missing_answer(MISSING_UNCLOSED, base + tag.start);
    }
    if (is_vacant(text_trim(inside))) {
        return missing_answer(MISSING_BLANK, base + tag.start);
    }
    if (tag.doubtful) {
        return missing_answer(MISSING_NOTHING, base + tag.start);
    }
    if (read_boxes(arena, inside, base + tag.start, &result, &box)) {
        return looked_at(arena, result, inside, box.start, box.end);
    }
    Text statement, answer;
    if (!phrase_last(inside, &statement)) {
        statement = inside;
    }
    if (!prose_read(arena, statement, &answer) || answer.size == 0) {
        return missing_answer(MISSING_NOTHING, base + tag.start);
    }
    return found_answer(answer, FROM_TAG, text, base, tag.start, tag.end);
}

Extraction scan_completion(Arena *arena, Text completion, ExtractOptions options) {
    Part part = answer_part(completion, options.opening_in_prompt);
    if (part.unfinished) {
        return missing_answer(MISSING_THINKING, part.start);
    }
    Text text = {part.end > part.start ? completion.data + part.start : "", part.end - part.start};
    if (text_trim(text).size == 0) {
        return missing_answer(MISSING_EMPTY, part.start);
    }
    Extraction boxed;
    Box box = {0};
    Tag tag;
    bool has_box = read_boxes(arena, text, part.start, &boxed, &box);
    if (has_box) {
        boxed = looked_at(arena, boxed, text, box.start, box.end);
    }
    if (options.strict) {
        return has_box ? boxed : missing_answer(MISSING_NOTHING, part.start);
    }
    if (!last_tag(text, &tag)) {
        return has_box ? boxed : read_prose(arena, text, part.start);
    }
    Extraction tagged = read_tag(arena, text, part.start, tag);
    const bool apart = box.end <= tag.start || box.start >= tag.behind;
    const bool both = has_box && apart && boxed.missing == FOUND && tagged.missing == FOUND;
    if (both && !boxed.taken_back && contradicts(arena, boxed.answer, tagged.answer)) {
        boxed.taken_back = tagged.taken_back = true;
    }
    if (has_box && box.start >= tag.end) {
        return boxed; /* the later of the two is the answer */
    }
    tagged.taken_back |= crossed_out(text, tag.start, tag.end) || offers_another(text, tag.behind);
    return looked_at(arena, tagged, text, tag.start, tag.behind);
}

Extraction scan_reference(Arena *arena, Text reference) {
    Extraction result;
    Box box;
    Tag tag;
    Text trimmed = text_trim(reference);
    if (trimmed.size == 0) {
        return missing_answer(MISSING_EMPTY, 0);
    }
    bool has_tag = last_tag(reference, &tag) && !tag.unclosed;
    Text text = has_tag ? text_slice(reference, tag.start, tag.end) : reference;
    size_t base = has_tag ? tag.start : 0;
    if (read_boxes(arena, text, base, &result, &box)) {
        if (result.missing ==
            MISSING_NOTHING) { /* a reference is not doubted for a "?" behind it */
            size_t own;
            return found_answer(box_value(arena, text, &box, &own), FROM_BOX, text, base, box.start,
                                box.end);
        }
        return result;
    }
    Text answer = text_trim(text);
    if (answer.size == 0) {
        return missing_answer(MISSING_BLANK, base);
    }
    for (size_t at = answer.size; !has_tag && at >= 4; at--) {
        if (memcmp(answer.data + at - 4, "####", 4) == 0) {
            answer = text_trim(text_slice(answer, at, answer.size));
            return answer.size > 0 ? found_answer(answer, FROM_PHRASE, text, base, 0, text.size)
                                   : missing_answer(MISSING_BLANK, at);
        }
    }
    return found_answer(answer, has_tag ? FROM_TAG : FROM_WHOLE, text, base, 0, text.size);
}
