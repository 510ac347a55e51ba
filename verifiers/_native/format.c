/* Does a completion keep to a scheme? One pass over its tags; the first thing that is wrong is
 * what the verdict names. */
#include <string.h>

#include "chain.h"

#define RULE_FACTS_ENTRY(name, sentence) {#name, sentence},
const char *const FORMAT_RULE_FACTS[FORMAT_RULE_COUNT][2] = {FORMAT_RULES(RULE_FACTS_ENTRY)};

enum { TURN_END = TAG_COUNT, STRAY_MARK };

/* <|channel|> of <|channel|>final<|message|>; nothing of a tag that is one mark. */
static Text first_mark(Text tag) {
    for (size_t end = 4; end < tag.size && text_starts(tag, TEXT("<|")); end++)
        if (tag.data[end - 2] == '|' && tag.data[end - 1] == '>') return (Text){tag.data, end};
    return (Text){NULL, 0};
}

void scheme_prepare(Scheme *scheme) {
    for (int kind = 0; kind < TAG_COUNT; kind++)
        scheme->marks[kind] = first_mark(scheme->tags[kind]);
    memset(scheme->first, 0, sizeof scheme->first);
    size_t different = 0;
    for (size_t i = 0; i < TAG_COUNT + scheme->turn_end_count; i++) {
        const Text tag = i < TAG_COUNT ? scheme->tags[i] : scheme->turn_ends[i - TAG_COUNT];
        if (tag.size == 0) continue;
        const unsigned char byte = (unsigned char)tag.data[0];
        different += !scheme->first[byte];
        scheme->first[byte] = true;
        scheme->only_first = tag.data[0];
    }
    if (different != 1) scheme->only_first = 0;
}

static bool stands_at(Text text, size_t at, Text tag) {
    return tag.size > 0 && tag.size <= text.size - at &&
           memcmp(text.data + at, tag.data, tag.size) == 0;
}

/* ---- from tag to tag ------------------------------------------------------------------------ */

typedef struct {
    int kind; /* TAG_..., TURN_END or STRAY_MARK */
    size_t start, end;
} Tag;

/* The next tag or turn end at or behind `at`; where two begin together, the longer one. */
static bool next_tag(Text text, size_t at, const Scheme *scheme, Tag *tag) {
    for (; at < text.size; at++) {
        if (scheme->only_first != 0) {
            const char *found = memchr(text.data + at, scheme->only_first, text.size - at);
            if (found == NULL) return false;
            at = (size_t)(found - text.data);
        } else {
            while (at < text.size && !scheme->first[(unsigned char)text.data[at]]) at++;
        }
        *tag = (Tag){.start = at, .end = at};
        for (int kind = 0; at < text.size && kind < TAG_COUNT; kind++) {
            const Text candidate = scheme->tags[kind];
            if (at + candidate.size > tag->end && stands_at(text, at, candidate)) {
                tag->kind = kind;
                tag->end = at + candidate.size;
            }
        }
        for (size_t i = 0; at < text.size && i < scheme->turn_end_count; i++) {
            const Text candidate = scheme->turn_ends[i];
            if (at + candidate.size > tag->end && stands_at(text, at, candidate)) {
                tag->kind = TURN_END;
                tag->end = at + candidate.size;
            }
        }
        for (int kind = 0; tag->end == tag->start && at < text.size && kind < TAG_COUNT; kind++) {
            if (stands_at(text, at, scheme->marks[kind])) {
                tag->kind = STRAY_MARK;
                tag->end = at + scheme->marks[kind].size;
            }
        }
        if (tag->end > tag->start) return true;
    }
    return false;
}

/* Without the turn ends, and padding made of them, at the end. */
static Text without_turn_ends(Text text, const Scheme *scheme) {
    Text rest = text_trim(text);
    const size_t base = (size_t)(rest.data - text.data);
    for (bool more = true; more;) {
        more = false;
        for (size_t i = 0; i < scheme->turn_end_count && !more; i++) {
            const size_t length = scheme->turn_ends[i].size;
            if (length > rest.size) continue;
            if (stands_at(rest, rest.size - length, scheme->turn_ends[i])) {
                text.size = base + rest.size - length;
                rest = text_trim((Text){rest.data, rest.size - length});
                more = true;
            }
        }
    }
    return text;
}

bool format_thinking(Text completion, const Scheme *scheme, size_t *start, size_t *end) {
    bool found = scheme->opening_in_prompt, closed = false, open = found;
    Tag tag = {0};
    *start = 0;
    *end = completion.size;
    for (size_t at = 0; next_tag(completion, at, scheme, &tag); at = tag.end) {
        if (tag.kind == TAG_THINKING_OPENING) {
            if (!found) *start = tag.end;
            found = open = true;
        } else if (tag.kind == TAG_THINKING_CLOSING) {
            *end = tag.start;
            found = closed = true; /* a closing tag alone: the prompt opened the thinking */
            open = false;
        }
    }
    if (open || !closed) *end = completion.size;
    return found;
}

/* ---- what the parts hold -------------------------------------------------------------------- */

static Text part(Text text, size_t start, size_t end) {
    return (Text){text.data + start, end - start};
}

static bool is_blank(Text text) { return text_trim(text).size == 0; }

/* Characters that show nothing: white space, controls, and what Unicode says may be ignored. */
static bool is_invisible_character(uint32_t character) {
    static const uint32_t RANGES[][2] = {
        {0, 0x20},          {0x7F, 0xA0},       {0xAD, 0xAD},       {0x34F, 0x34F},
        {0x61C, 0x61C},     {0x115F, 0x1160},   {0x1680, 0x1680},   {0x17B4, 0x17B5},
        {0x180B, 0x180F},   {0x2000, 0x200F},   {0x2028, 0x202F},   {0x205F, 0x206F},
        {0x2800, 0x2800},   {0x3000, 0x3000},   {0x3164, 0x3164},   {0xD800, 0xDFFF},
        {0xFE00, 0xFE0F},   {0xFEFF, 0xFEFF},   {0xFFA0, 0xFFA0},   {0xFFF0, 0xFFFB},
        {0x1D173, 0x1D17A}, {0xE0000, 0xE0FFF},
    };
    for (size_t i = 0; i < sizeof RANGES / sizeof *RANGES; i++)
        if (character <= RANGES[i][1]) return character >= RANGES[i][0];
    return false;
}

/* The digits of Latin, Arabic and Indian text, and full-width ones. */
static bool is_digit(uint32_t character) {
    return (character >= '0' && character <= '9') || (character >= 0x660 && character <= 0x669) ||
           (character >= 0x6F0 && character <= 0x6F9) ||
           (character >= 0x966 && character <= 0x96F) ||
           (character >= 0xFF10 && character <= 0xFF19);
}

static bool has_letter_or_digit(Text text) {
    ScriptRange cache = {0};
    size_t length;
    for (size_t at = 0; at < text.size; at += length) {
        const uint32_t character = text_decode(text, at, &length);
        if (is_digit(character)) return true;
        if (script_of(character, &cache) < SCRIPT_COUNT && !is_invisible_character(character))
            return true;
    }
    return false;
}

static bool is_invisible(Text text) {
    size_t length;
    for (size_t at = 0; at < text.size; at += length)
        if (!is_invisible_character(text_decode(text, at, &length))) return false;
    return true;
}

/* ---- the check ------------------------------------------------------------------------------ */

static bool opens(int kind) { return kind == TAG_THINKING_OPENING || kind == TAG_ANSWER_OPENING; }

static unsigned expected_tags(const Scheme *scheme, int *kinds) {
    unsigned count = 0;
    for (int kind = 0; kind < TAG_COUNT; kind++) {
        const bool in_prompt = kind == TAG_THINKING_OPENING && scheme->opening_in_prompt;
        if (scheme->tags[kind].size > 0 && !in_prompt) kinds[count++] = kind;
    }
    return count;
}

typedef struct {
    const Scheme *scheme;
    Text text;
    int kinds[TAG_COUNT]; /* the tags expected, in order */
    unsigned expected;
    Tag place[TAG_COUNT]; /* of those found in order so far, by kind */
    unsigned found;
    size_t count[TAG_COUNT];
    size_t first[TAG_COUNT];
    bool broken; /* `wrong` is the first tag that is out of place */
    bool inside; /* a part was open there */
    Tag wrong;
    Tag stray; /* the first mark that is part of no tag */
} Walk;

static void walk_tags(Walk *walk) {
    bool open = walk->scheme->opening_in_prompt;
    Tag tag = {0};
    for (size_t at = 0; next_tag(walk->text, at, walk->scheme, &tag); at = tag.end) {
        if (tag.kind == STRAY_MARK) {
            if (walk->stray.end == 0) walk->stray = tag;
            continue;
        }
        if (tag.kind != TURN_END && walk->count[tag.kind]++ == 0) walk->first[tag.kind] = tag.start;
        if (walk->broken) continue;
        if (walk->found < walk->expected && tag.kind == walk->kinds[walk->found]) {
            walk->place[tag.kind] = tag;
            walk->found++;
            open = opens(tag.kind);
        } else {
            walk->broken = true;
            walk->inside = open;
            walk->wrong = tag;
        }
    }
}

/* Which rule does the first tag that is out of place break? */
static FormatRule tag_rule(const Walk *walk) {
    const int kind = walk->wrong.kind;
    if (kind == TURN_END) return FORMAT_early_end;
    const bool due = walk->found < walk->expected;
    const int next = due ? walk->kinds[walk->found] : TAG_COUNT;
    if (kind < next) /* it has been there before */
        return opens(kind) && walk->inside ? FORMAT_nested : FORMAT_repeated_tag;
    if (walk->count[next] == 0) return (FormatRule)(FORMAT_missing_opening + next);
    return opens(kind) && walk->inside ? FORMAT_nested : FORMAT_reordered;
}

static unsigned tags_in_place(const Walk *walk) {
    unsigned count = 0;
    size_t behind = 0;
    for (unsigned i = 0; i < walk->expected; i++) {
        const int kind = walk->kinds[i];
        if (walk->count[kind] == 1 && walk->first[kind] >= behind) {
            behind = walk->first[kind] + 1;
            count++;
        }
    }
    return count;
}

static Format result(const Walk *walk, FormatRule rule, size_t start, size_t end) {
    return (Format){rule, start, end, tags_in_place(walk), walk->expected};
}

/* The tags are in order; what stands between them? */
static Format check_parts(const Walk *walk) {
    const Text text = walk->text;
    const Scheme *scheme = walk->scheme;
    const Tag *place = walk->place;
    const Tag opening = place[TAG_THINKING_OPENING], closing = place[TAG_THINKING_CLOSING];
    const bool tagged = scheme->tags[TAG_ANSWER_OPENING].size > 0;
    const bool closed = scheme->tags[TAG_ANSWER_CLOSING].size > 0;
    const size_t answer = tagged ? place[TAG_ANSWER_OPENING].end : closing.end;
    const size_t answer_end = closed ? place[TAG_ANSWER_CLOSING].start : text.size;
    const size_t between = tagged ? place[TAG_ANSWER_OPENING].start : closing.end;
    const size_t behind = closed ? place[TAG_ANSWER_CLOSING].end : text.size;
    if (!is_blank(part(text, 0, opening.start)))
        return result(walk, FORMAT_text_outside, 0, opening.start);
    if (!has_letter_or_digit(part(text, opening.end, closing.start)))
        return result(walk, FORMAT_empty_thinking, opening.end, closing.start);
    if (!is_blank(part(text, closing.end, between)))
        return result(walk, FORMAT_text_outside, closing.end, between);
    if (is_invisible(part(text, answer, answer_end)))
        return result(walk, FORMAT_empty_answer, answer, answer_end);
    if (!is_blank(part(text, behind, text.size)))
        return result(walk, FORMAT_text_outside, behind, text.size);
    return result(walk, FORMAT_well_formed, answer, answer_end);
}

Format format_check(Text completion, const Scheme *scheme) {
    Walk walk = {.scheme = scheme, .text = without_turn_ends(completion, scheme)};
    walk.expected = expected_tags(scheme, walk.kinds);
    walk_tags(&walk);
    if (walk.broken) return result(&walk, tag_rule(&walk), walk.wrong.start, walk.wrong.end);
    if (walk.found < walk.expected) {
        const FormatRule rule = (FormatRule)(FORMAT_missing_opening + walk.kinds[walk.found]);
        return result(&walk, rule, walk.text.size, walk.text.size);
    }
    if (walk.stray.end > 0)
        return result(&walk, FORMAT_stray_mark, walk.stray.start, walk.stray.end);
    return check_parts(&walk);
}
