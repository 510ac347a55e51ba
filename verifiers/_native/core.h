/* The map of the C core: plain C11, no Python but for the last two files.
 *
 *   arena.c      memory for one judgement, with a hard limit
 *   integer.c    exact integers          rational.c  exact fractions
 *   real.c       double-double reals     complex.c   complex numbers made of them
 *   text.c       UTF-8, and the normal spelling of an answer
 *   scan.c       a completion -> where thinking ends, and the answer in the rest
 *   boxes.c      \boxed{...}: what it holds, and what beside it changes its value
 *   beside.c     is a box a piece of a larger formula?
 *   second_thoughts.c  "no, wait": what takes an answer back
 *   phrases.c    "the answer is ..." in thirteen languages
 *   pieces.c     prose cut into formulas, bare math, words and marks
 *   prose.c      a sentence that states an answer -> the answer
 *   names.c      the vocabulary          numerals.c  numbers in words     units.c  units
 *   lexer.c      answer text -> tokens, with respell.c, tokens.c, digits.c, letters.c, commands.c
 *   parser.c     tokens -> expression, with cursor.c, brackets.c, functions.c, terms.c and
 *                enumerated.c
 *   nodes.c      what everybody does with expressions
 *   exact.c      the exact value of an expression, or its value modulo a prime
 *   approximate.c  its value at a point, with a bound on the error
 *   scalar.c     are two formulas equal?      region.c  are two sets of real numbers?
 *   compare.c    are two answers? with labels.c, parts.c, quantities.c, matrices.c, relations.c,
 *                renamed.c, wording.c, choices.c, dates.c and unevaluated.c
 *   rules.c      the rules that decide
 *   arrow.c      columns of text         batch.c     many judgements, on several threads
 *   parallel.c   the same work for every text of a batch
 *   lower.c      lower case              ngrams.c    how many n-grams of words are repeated
 *   loops.c      does a text end in a loop?
 *   format.c     the tags of a scheme    words.c     the words of a text, by script
 *   scripts.c    which script a letter belongs to
 *   columns.c    Python strings and Arrow columns -> text      module.c   the binding to Python
 *
 * Text is UTF-8 in (data, size) pairs and may hold any bytes at all: NUL, lone surrogates, broken
 * sequences. Nothing here reads past `size`, recurses without a bound, or allocates outside the
 * arena.
 */
#ifndef VERIFIERS_CORE_H
#define VERIFIERS_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define COUNT(list) (sizeof(list) / sizeof *(list))

/* ---- text --------------------------------------------------------------------------------- */

typedef struct {
    const char *data;
    size_t size;
} Text;

#define TEXT(literal) ((Text){(literal), sizeof(literal) - 1})

bool text_equal(Text a, Text b);
bool text_equal_fold(Text a, Text b); /* the case of ASCII letters aside */
bool text_starts(Text text, Text prefix);
Text text_trim(Text text); /* drops ASCII and Unicode white space at both ends */
/* Decodes the character at `at`, writes how many bytes it takes (at least 1, so that a loop always
 * moves on); U+FFFD for a broken sequence, and the surrogate itself for a lone one. */
uint32_t text_decode(Text text, size_t at, size_t *length);
/* Writes a character as UTF-8 and returns how many bytes it takes. */
size_t text_encode(uint32_t character, char *out);
/* In lower case, by the simple mappings of Unicode. */
uint32_t character_lower(uint32_t character);
/* How many characters the first `end` bytes hold. */
size_t text_characters(Text text, size_t end);

/* ---- memory and steps for one judgement --------------------------------------------------- */

typedef struct ArenaBlock ArenaBlock;
typedef struct {
    ArenaBlock *block; /* the newest block */
    size_t used;       /* bytes handed out since the last reset */
    size_t limit;      /* arena_take fails beyond it */
    size_t steps;      /* of evaluation since the last reset */
    bool exhausted;    /* set by the first failure, cleared by a reset */
} Arena;

enum { ARENA_MOST_STEPS = 300000 }; /* about 0.1 s */

void arena_init(Arena *arena, size_t limit);
void *arena_take(Arena *arena,
                 size_t size); /* 16-byte aligned, uninitialised; NULL past the limit */
/* Counts steps of evaluation; past ARENA_MOST_STEPS the arena is exhausted. */
void arena_spend(Arena *arena, size_t steps);
void arena_reset(Arena *arena); /* keeps one block for the next judgement */
void arena_free(Arena *arena);

/* ---- exact numbers ------------------------------------------------------------------------ */

/* Sign and magnitude, little-endian base 2^32, no leading zero limb; zero has count 0 and is not
 * negative. Immutable once made; limbs live in the arena. Every operation that makes one returns
 * false when the result would pass INTEGER_MAX_LIMBS or the arena is exhausted. */
typedef struct {
    const uint32_t *limbs;
    uint32_t count;
    bool negative;
} Integer;

enum { INTEGER_MAX_LIMBS = 1024 };

bool integer_from_int64(Arena *arena, int64_t value, Integer *result);
/* Digits 0-9 a-z A-Z in `base` 2..36; no sign, at least one digit. */
bool integer_from_digits(Arena *arena, Text digits, unsigned base, Integer *result);
bool integer_to_int64(Integer value, int64_t *result); /* false if it does not fit */
int integer_compare(Integer a, Integer b);
bool integer_is_zero(Integer value);
bool integer_is_one(Integer value);
bool integer_is_odd(Integer value);
Integer integer_negate(Integer value);
bool integer_add(Arena *arena, Integer a, Integer b, Integer *result);
bool integer_subtract(Arena *arena, Integer a, Integer b, Integer *result);
bool integer_multiply(Arena *arena, Integer a, Integer b, Integer *result);
/* Floor division: remainder has the sign of b. False also for b == 0. */
bool integer_divide(Arena *arena, Integer a, Integer b, Integer *quotient, Integer *remainder);
bool integer_gcd(Arena *arena, Integer a, Integer b, Integer *result);
bool integer_power(Arena *arena, Integer base, uint64_t exponent, Integer *result);
/* The exact n-th root if there is one (n >= 1, value >= 0); false otherwise. */
bool integer_root(Arena *arena, Integer value, uint32_t n, Integer *result);
uint64_t integer_modulo(Integer value, uint64_t modulus); /* in [0, modulus) */
size_t integer_bits(Integer value);
/* Decimal text, NUL-terminated, in the arena; NULL if exhausted. */
const char *integer_to_decimal(Arena *arena, Integer value);

/* Lowest terms, denominator > 0. */
typedef struct {
    Integer numerator, denominator;
} Rational;

bool rational_make(Arena *arena, Integer numerator, Integer denominator, Rational *result);
bool rational_from_int64(Arena *arena, int64_t value, Rational *result);
/* "12", "12.50", ".5", "5.": digits with at most one point, no sign. */
bool rational_from_decimal(Arena *arena, Text digits, Rational *result);
int rational_compare(Rational a, Rational b);
bool rational_equal(Rational a, Rational b);
bool rational_is_integer(Rational value);
bool rational_is_zero(Rational value);
Rational rational_negate(Rational value);
bool rational_add(Arena *arena, Rational a, Rational b, Rational *result);
bool rational_subtract(Arena *arena, Rational a, Rational b, Rational *result);
bool rational_multiply(Arena *arena, Rational a, Rational b, Rational *result);
bool rational_divide(Arena *arena, Rational a, Rational b, Rational *result); /* false for b == 0 */
bool rational_power(Arena *arena, Rational base, int64_t exponent, Rational *result);
bool rational_floor(Arena *arena, Rational value, Integer *result);
/* The exact n-th root of a non-negative fraction if there is one. */
bool rational_root(Arena *arena, Rational value, uint32_t n, Rational *result);
/* value * 10^shift, e.g. for scientific notation and percent. */
bool rational_scale10(Arena *arena, Rational value, int32_t shift, Rational *result);
/* Is `rounded` what `exact` becomes when rounded to `places` digits after the point (half may go
 * either way, and places may be negative)? */
bool rational_rounds_to(Arena *arena, Rational exact, Rational rounded, int32_t places);

/* ---- approximate numbers ------------------------------------------------------------------ */

/* Double-double: value hi + lo, about 31 decimal digits. */
typedef struct {
    double hi, lo;
} Real;

typedef struct {
    Real re, im;
} Complex;

extern const Real REAL_PI, REAL_E, REAL_LN2, REAL_LN10;

Real real_from_double(double value);
Real real_from_rational(Rational value); /* correctly rounded to double-double, inf on overflow */
Real real_add(Real a, Real b);
Real real_subtract(Real a, Real b);
Real real_multiply(Real a, Real b);
Real real_divide(Real a, Real b);
Real real_negate(Real a);
Real real_absolute(Real a);
Real real_sqrt(Real a); /* NaN below zero */
Real real_exp(Real a);
Real real_log(Real a); /* NaN below zero, -inf at zero */
Real real_sin(Real a); /* NaN beyond |a| > 1e9, where the reduction would lose digits */
Real real_cos(Real a);
Real real_atan2(Real y, Real x);
Real real_floor(Real a);
int real_compare(Real a, Real b);
bool real_is_finite(Real a);

Complex complex_from_real(Real re);
Complex complex_add(Complex a, Complex b);
Complex complex_subtract(Complex a, Complex b);
Complex complex_multiply(Complex a, Complex b);
Complex complex_divide(Complex a, Complex b);
Complex complex_negate(Complex a);
Real complex_absolute(Complex a);
/* Principal values throughout. A pole or an overflow gives a result that is not finite. */
Complex complex_sqrt(Complex a);
Complex complex_exp(Complex a);
Complex complex_log(Complex a);
Complex complex_power(Complex base, Complex exponent); /* integer exponents by multiplication */
Complex complex_sin(Complex a);
Complex complex_cos(Complex a);
Complex complex_tan(Complex a);
Complex complex_asin(Complex a);
Complex complex_acos(Complex a);
Complex complex_atan(Complex a);
Complex complex_sinh(Complex a);
Complex complex_cosh(Complex a);
Complex complex_tanh(Complex a);
Complex complex_asinh(Complex a);
Complex complex_acosh(Complex a);
Complex complex_atanh(Complex a);
bool complex_is_finite(Complex a);
bool complex_is_real(Complex a); /* |im| negligible beside |re|, or tiny */

/* ---- finding the answer in a completion --------------------------------------------------- */

typedef enum {
    FROM_NONE,
    FROM_BOX,     /* \boxed{...}, \fbox{...}; several in the closing sentence are one list */
    FROM_TAG,     /* <answer>...</answer> */
    FROM_PHRASE,  /* "the answer is ...", "#### ...", in the languages of phrases.c */
    FROM_FORMULA, /* the last $...$, $$...$$, \(...\), \[...\] */
    FROM_NUMBER,  /* the last number in the text */
    FROM_WHOLE,   /* the completion is nothing but an answer */
} Origin;

typedef enum {
    FOUND,
    MISSING_EMPTY,    /* nothing after the thinking */
    MISSING_THINKING, /* the thinking never ends */
    MISSING_UNCLOSED, /* the last box, tag, formula or sentence is cut off */
    MISSING_BLANK,    /* the last box or tag is empty */
    MISSING_NOTHING,  /* no answer of any accepted kind */
} Missing;

typedef struct {
    Missing missing;
    Origin origin;
    Text answer;       /* a slice of the completion, or of the arena where boxes were joined */
    size_t start, end; /* where it stands in the completion, in bytes */
    bool taken_back;   /* what stands around it withdraws it */
} Extraction;

typedef struct {
    bool strict;            /* a box, and nothing else, is an answer */
    bool opening_in_prompt; /* the prompt ended with the opening tag: thinking must be closed */
} ExtractOptions;

/* The byte at which the part after the thinking begins; false if the thinking never ends. */
bool scan_thinking(Text completion, bool opening_in_prompt, size_t *answer_start);
/* The bytes [start, end) between the thinking and the end of the turn; false as above. */
bool scan_final(Text completion, bool opening_in_prompt, size_t *start, size_t *end);
Extraction scan_completion(Arena *arena, Text completion, ExtractOptions options);
/* The answer stated by a reference: its box, what follows "####", or the whole of it. */
Extraction scan_reference(Arena *arena, Text reference);

/* ---- expressions -------------------------------------------------------------------------- */

typedef struct Node Node; /* opened in expression.h, which only parser to compare include */

/* ---- judging ------------------------------------------------------------------------------ */

typedef enum { EQUAL, DIFFERENT, UNDECIDED, NO_ANSWER, BAD_REFERENCE } Decision;

/* Every rule that can decide, with the sentence that explains it; docs are generated from here. */
#define RULES(X)                                                                                   \
    X(same_text, EQUAL, "answer and reference are spelled alike, LaTeX spelling aside")            \
    X(number, EQUAL, "both are numbers, and exactly equal")                                        \
    X(rounded, EQUAL, "the decimal is the other side, rounded to the digits given")                \
    X(tolerance, EQUAL, "the numbers agree within the tolerance asked for")                        \
    X(value, EQUAL, "both are constants, and agree to 25 digits")                                  \
    X(identity, EQUAL, "both formulas agree wherever both are defined")                            \
    X(equation, EQUAL, "both equations have the same solutions: a constant factor apart")          \
    X(inequality, EQUAL, "both inequalities say the same")                                         \
    X(interval, EQUAL, "both describe the same set of real numbers")                               \
    X(ordered, EQUAL, "equal part by part, in order")                                              \
    X(unordered, EQUAL, "the same members, in any order")                                          \
    X(labelled, EQUAL, "the same value for every label")                                           \
    X(matrix, EQUAL, "equal entry by entry")                                                       \
    X(family, EQUAL, "the same family, its parameter renamed")                                     \
    X(quantity, EQUAL, "the same quantity after converting the unit")                              \
    X(date, EQUAL, "the same day of the calendar")                                                 \
    X(words, EQUAL, "the same words, case and punctuation aside")                                  \
    X(choice, EQUAL, "the same options are chosen")                                                \
    X(symbolic, EQUAL, "shown equal by computer algebra")                                          \
    X(different_number, DIFFERENT, "the numbers differ")                                           \
    X(different_value, DIFFERENT, "the values differ")                                             \
    X(different_formula, DIFFERENT, "the formulas differ at a point where both are defined")       \
    X(different_relation, DIFFERENT, "the relations say different things")                         \
    X(different_members, DIFFERENT, "the members differ")                                          \
    X(different_count, DIFFERENT, "one side has more parts than the other")                        \
    X(different_order, DIFFERENT, "the parts are right, but their order matters")                  \
    X(different_bounds, DIFFERENT, "the end points, or whether they belong, differ")               \
    X(different_label, DIFFERENT, "the values are given for different labels")                     \
    X(different_unit, DIFFERENT, "the units contradict each other")                                \
    X(different_words, DIFFERENT, "the words differ")                                              \
    X(different_shape, DIFFERENT, "the answer is another kind of thing than the reference")        \
    X(symbolic_different, DIFFERENT, "shown different by computer algebra")                        \
    X(contradiction, DIFFERENT, "the answer states an equality that does not hold")                \
    X(unsolved, DIFFERENT, "the answer still has to be solved for its unknown")                    \
    X(unevaluated, DIFFERENT,                                                                      \
      "the answer leaves an integral, a limit, a derivative or a sum to be worked out")            \
    X(unreadable, DIFFERENT, "the answer cannot be read as a whole")                               \
    X(too_large, DIFFERENT, "the answer is too large or too deep to judge")                        \
    X(not_shown, DIFFERENT, "not shown equal within the time limit")                               \
    X(undecided, UNDECIDED, "the native engine cannot decide")                                     \
    X(no_text, NO_ANSWER, "there is no text after the thinking")                                   \
    X(unfinished_thinking, NO_ANSWER, "the thinking never ends")                                   \
    X(unclosed_answer, NO_ANSWER, "the last box or answer tag is cut off")                         \
    X(blank_answer, NO_ANSWER, "the last box or answer tag is empty")                              \
    X(taken_back, NO_ANSWER, "the answer is crossed out, or taken back by what follows it")        \
    X(no_answer_found, NO_ANSWER, "no answer of an accepted form was found")                       \
    X(bad_reference, BAD_REFERENCE, "the reference cannot be read")

typedef enum {
#define RULE_NAME(name, decision, sentence) RULE_##name,
    RULES(RULE_NAME)
#undef RULE_NAME
        RULE_COUNT
} Rule;

typedef struct {
    const char *name;
    Decision decision;
    const char *sentence;
} RuleFacts;

extern const RuleFacts RULE_FACTS[RULE_COUNT];

typedef struct {
    double tolerance; /* relative, for numbers; negative means by digits, as documented */
    bool ordered;     /* comma lists are compared in order */
    bool ignore_units;
    bool prose_answer; /* a number found in a sentence: letters after it are a unit */
    bool worked_out;   /* an integral, a limit, a derivative or a sum left as it is, is no answer */
} CompareOptions;

/* Compares two answers; neither is a completion. */
Rule compare_answers(Arena *arena, Text reference, Text answer, CompareOptions options);
/* Whether a reference, as scan_reference gives it, can be read at all. */
bool reference_is_readable(Arena *arena, Text reference);
/* How the engine reads an answer, NUL-terminated in the arena; NULL if it cannot. */
const char *read_answer(Arena *arena, Text answer);

typedef struct {
    ExtractOptions extract;
    CompareOptions compare;
} JudgeOptions;

typedef struct {
    Rule rule;
    Origin origin;
    Text answer;       /* what was judged; a slice of the completion unless `owned` */
    char *owned;       /* the joined answer, to be freed; NULL for a slice */
    size_t start, end; /* where it stands in the completion, in bytes */
    double seconds;
} Judgement;

enum { JUDGE_ARENA_LIMIT = 8 << 20 };

/* Judges completions[i] against references[i] on `threads` threads, equal pairs once.
 * False if memory ran out. Each judgement's `owned` is the caller's to free. */
bool judge_batch(const Text *completions, const Text *references, size_t count,
                 JudgeOptions options, unsigned threads, Judgement *judgements);

/* ---- many texts at once ------------------------------------------------------------------- */

/* Calls work(context, i, arena) for every i below `count`, on up to `threads` threads. The arena is
 * the thread's own, of at most `arena_limit` bytes, and empty at every call. False, and no more
 * calls, once `work` returns false. */
bool parallel_each(size_t count, unsigned threads, size_t arena_limit, void *context,
                   bool (*work)(void *context, size_t index, Arena *arena));

/* ---- repetition --------------------------------------------------------------------------- */

typedef struct {
    size_t total, distinct; /* n-grams */
} Ngrams;

/* Words stand between white space, in lower case; a character of a script that is written without
 * spaces (Chinese, Japanese, Thai ...) is a word of its own. False if memory ran out. */
bool ngrams_count(Arena *arena, Text text, size_t size, Ngrams *result);

typedef struct {
    size_t start, end; /* the loop, in bytes; the white space after it is left out */
    size_t period;     /* bytes of the piece that is repeated; 0: there is no loop */
} Loop;

/* The longest end of `text` that consists of one piece `repeats` times or more, and of at least
 * `least` bytes; the piece may be cut off at the end. False if memory ran out. */
bool loop_find(Arena *arena, Text text, size_t repeats, size_t least, Loop *result);

/* ---- Arrow string columns ----------------------------------------------------------------- */

struct ArrowSchema; /* the structures of the Arrow C data interface, in arrow.c */
struct ArrowArray;
typedef enum { ARROW_OK, ARROW_NOT_TEXT, ARROW_NULL_ENTRY, ARROW_RELEASED } ArrowStatus;
size_t arrow_schema_size(void), arrow_array_size(void);
size_t arrow_length(const struct ArrowArray *array);
bool arrow_is_released(const struct ArrowArray *array); /* also the end of a stream */
void arrow_release_schema(struct ArrowSchema *schema);
void arrow_release_array(struct ArrowArray *array);
/* Points `texts` at the strings of a utf8, large_utf8 or utf8_view array, copying none of them.
 * On ARROW_NULL_ENTRY *index is the null's position. */
ArrowStatus arrow_texts(const struct ArrowSchema *schema, const struct ArrowArray *array,
                        Text *texts, size_t *index);

#endif
