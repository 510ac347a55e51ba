/* What the files about the form and the language of a completion share. */
#ifndef VERIFIERS_CHAIN_H
#define VERIFIERS_CHAIN_H

#include "core.h"

/* ---- format.c: the tags of a scheme, and whether a completion keeps to it ------------------- */

enum {
    TAG_THINKING_OPENING,
    TAG_THINKING_CLOSING,
    TAG_ANSWER_OPENING,
    TAG_ANSWER_CLOSING,
    TAG_COUNT,
    MAX_TURN_ENDS = 32,
};

/* Made by scheme_prepare; the texts are the caller's. */
typedef struct {
    Text tags[TAG_COUNT]; /* empty: the scheme has none */
    Text turn_ends[MAX_TURN_ENDS];
    size_t turn_end_count;
    bool opening_in_prompt;
    Text marks[TAG_COUNT]; /* of a tag made of several, as <|channel|>final<|message|>, the first */
    char only_first;       /* the byte that every tag and turn end begins with, or 0 */
    bool first[256];       /* the bytes that one of them begins with */
} Scheme;

/* Fills in `marks`, `first` and `only_first`. */
void scheme_prepare(Scheme *scheme);

/* Every rule that can decide, with the sentence that explains it. */
#define FORMAT_RULES(X)                                                                            \
    X(well_formed, "one thinking part, then one answer, and nothing outside")                      \
    X(missing_opening, "the opening thinking tag is missing")                                      \
    X(missing_closing, "the closing thinking tag is missing")                                      \
    X(missing_answer_opening, "the opening answer tag is missing")                                 \
    X(missing_answer_closing, "the closing answer tag is missing")                                 \
    X(repeated_tag, "a tag is there a second time")                                                \
    X(nested, "a part is opened inside another")                                                   \
    X(reordered, "a tag stands before one that belongs in front of it")                            \
    X(stray_mark, "a mark of the scheme stands where it does not belong")                          \
    X(early_end, "a mark that ends the turn has text behind it")                                   \
    X(text_outside, "there is text outside the parts")                                             \
    X(empty_thinking, "the thinking holds no letter and no digit")                                 \
    X(empty_answer, "the answer is empty")

typedef enum {
#define FORMAT_RULE_NAME(name, sentence) FORMAT_##name,
    FORMAT_RULES(FORMAT_RULE_NAME)
#undef FORMAT_RULE_NAME
        FORMAT_RULE_COUNT
} FormatRule;

extern const char *const FORMAT_RULE_FACTS[FORMAT_RULE_COUNT][2]; /* name, sentence */

typedef struct {
    FormatRule rule;
    size_t start, end;      /* what the rule speaks of, in bytes; the answer if well formed */
    unsigned tags_in_place; /* expected tags that stand once, behind those that belong in front */
    unsigned tags_expected;
} Format;

Format format_check(Text completion, const Scheme *scheme);
/* From the first opening tag to the last closing one, or to the end where the thinking is not
 * closed: repeating the tags hides nothing. False if there is no tag. */
bool format_thinking(Text completion, const Scheme *scheme, size_t *start, size_t *end);

/* ---- scripts.c ------------------------------------------------------------------------------ */

#define SCRIPTS(X)                                                                                 \
    X(LATIN, "Latin")                                                                              \
    X(CYRILLIC, "Cyrillic")                                                                        \
    X(GREEK, "Greek")                                                                              \
    X(ARMENIAN, "Armenian")                                                                        \
    X(GEORGIAN, "Georgian")                                                                        \
    X(HEBREW, "Hebrew")                                                                            \
    X(ARABIC, "Arabic")                                                                            \
    X(DEVANAGARI, "Devanagari")                                                                    \
    X(BENGALI, "Bengali")                                                                          \
    X(GURMUKHI, "Gurmukhi")                                                                        \
    X(GUJARATI, "Gujarati")                                                                        \
    X(ORIYA, "Oriya")                                                                              \
    X(TAMIL, "Tamil")                                                                              \
    X(TELUGU, "Telugu")                                                                            \
    X(KANNADA, "Kannada")                                                                          \
    X(MALAYALAM, "Malayalam")                                                                      \
    X(SINHALA, "Sinhala")                                                                          \
    X(THAI, "Thai")                                                                                \
    X(LAO, "Lao")                                                                                  \
    X(KHMER, "Khmer")                                                                              \
    X(MYANMAR, "Myanmar")                                                                          \
    X(TIBETAN, "Tibetan")                                                                          \
    X(ETHIOPIC, "Ethiopic")                                                                        \
    X(HANGUL, "Hangul")                                                                            \
    X(HAN, "Han")                                                                                  \
    X(KANA, "Japanese") /* kana, and the Han characters of a sentence that is written with kana */ \
    X(OTHER, "other")

typedef enum {
#define SCRIPT_NAME(name, title) SCRIPT_##name,
    SCRIPTS(SCRIPT_NAME)
#undef SCRIPT_NAME
        SCRIPT_COUNT,
    SCRIPT_MARK = SCRIPT_COUNT, /* a combining mark: part of the word it stands in */
    SCRIPT_NONE,                /* no letter */
} Script;

extern const char *const SCRIPT_TITLES[SCRIPT_COUNT];

typedef struct {
    uint32_t first, last;
    Script script;
} ScriptRange;

/* The letters of one script around `character`, which is 0x80 or more. */
ScriptRange script_range(uint32_t character);

/* `cache` is the range of the last letter, all zeros at first: text mostly stays in one. */
static inline Script script_of(uint32_t character, ScriptRange *cache) {
    if (character < 0x80) {
        const uint32_t letter = character | 0x20;
        return letter >= 'a' && letter <= 'z' ? SCRIPT_LATIN : SCRIPT_NONE;
    }
    if (character >= cache->first && character <= cache->last) return cache->script;
    const ScriptRange range = script_range(character);
    if (range.script != SCRIPT_NONE) *cache = range;
    return range.script;
}

/* ---- words.c: the words of a text, by script ------------------------------------------------ */

/* Where a word stands. Code, formulas and quoted names are left out, unless they read like prose:
 * nothing can be hidden there. */
typedef enum { IN_PROSE, IN_FENCE, IN_CODE, IN_FORMULA, IN_NAME, PLACE_COUNT } Place;

typedef struct {
    size_t start, end; /* in bytes */
    Script script;
    Place place;
    size_t weight;   /* how many words it counts as */
    size_t sentence; /* a number that grows from sentence to sentence */
} Word;

typedef struct {
    size_t counts[SCRIPT_COUNT]; /* words by script */
    bool left_out[PLACE_COUNT];
    const Word *list; /* one by one, if asked for */
    size_t length;
} Words;

/* The words of `text`; each of them only where `arena` is given. False if memory ran out. */
bool words_of(Arena *arena, Text text, Words *words);

#endif
