/* Shared by the files that find the answer in a completion: scan.c, boxes.c, phrases.c, prose.c and
 * pieces.c. */
#ifndef VERIFIERS_ANSWER_H
#define VERIFIERS_ANSWER_H

#include "core.h"

/* ---- pieces.c: prose cut into formulas, bare math, words and marks -------------------------- */

typedef enum {
    PIECE_FORMULA, /* between $ $, $$ $$, \( \) or \[ \] */
    PIECE_MATH,    /* math without delimiters: 3 + 10 = 13, \frac{2}{5}, (7, 6), 1,000.99€, x */
    PIECE_WORD,    /* letters; a run of CJK is one word */
    PIECE_MARK,    /* one character of punctuation, or of markdown */
} PieceKind;

typedef struct {
    PieceKind kind;
    size_t start, end; /* with the delimiters */
    Text inside;       /* without them */
    bool display;      /* $$ $$ or \[ \] */
    bool digits;       /* holds a digit */
    bool solid;        /* math with a digit, a command or a relation: more than a lone letter */
    bool open;         /* math whose braces or environments never close: cut off */
    uint32_t mark;     /* the character of a PIECE_MARK */
} Piece;

/* The piece at or after *at, which moves past it; false at the end of the text. */
bool piece_next(Text text, size_t *at, Piece *piece);
/* Where the math that begins at `at` ends; `at` itself if none does. *open: its braces or
 * environments never close. *scanned: what was looked at; no math begins between the two. */
size_t math_run(Text text, size_t at, bool *open, size_t *scanned);
bool formula_at(Text text, size_t at, Piece *piece);
/* Does a sentence end at this character? Then the next one begins at *next. */
bool sentence_ends(Text text, size_t at, size_t *next);

/* A Text in a table. */
#define LITERAL(literal) {(literal), sizeof(literal) - 1}

Text text_slice(Text text, size_t start, size_t end);
/* Does the text at `at` go on with `lower`, ignoring the case of ASCII letters? */
bool text_continues(Text text, size_t at, Text lower);
bool text_ends(Text text, Text lower); /* likewise, at the end */
bool text_contains(Text text, Text part);
/* Is the word one of a table " like this one "? */
bool word_in(Text word, const char *table);
bool is_letter(char byte);
bool is_digit(char byte);

/* ---- boxes.c: \boxed{...} ------------------------------------------------------------------- */

typedef struct {
    size_t start, end; /* from its backslash to behind its brace */
    size_t inside, inside_end;
    bool braced;
    bool doubled; /* written \\boxed{...}, as in an escaped string */
    bool unclosed;
} Box;

/* The last box, with the others of its sentence; *last tells where it stands. False: no box.
 * `base`: where `text` stands in the completion. */
bool read_boxes(Arena *arena, Text text, size_t base, Extraction *result, Box *last);
/* What a box holds, with what beside it belongs to it; that ends at *end. */
Text box_value(Arena *arena, Text text, const Box *box, size_t *end);
/* Skips blanks and what closes the math or the markup around a box. */
size_t skip_closing(Text text, size_t at);
/* Nothing but white space and delimiters. */
bool is_vacant(Text text);
Extraction missing_answer(Missing why, size_t at);
/* The answer's own place where it is a slice of `text`, else start..end. */
Extraction found_answer(Text answer, Origin origin, Text text, size_t base, size_t start,
                        size_t end);

/* ---- beside.c: a box as a piece of a larger formula -------------------------------------------
 */

/* What stands left and right of a box: in its formula, or in its paragraph if it is in none. */
typedef struct {
    Text left, right;
    bool formula;
} Beside;

Beside beside_box(Text text, const Box *box);
/* "7 + \boxed{3}", "\sqrt{\boxed{3}}", "x > \boxed{3}"; but not "x = \boxed{3}". `end`: where what
 * is read as part of the box's own value ends. */
bool is_piece(Text text, const Box *box, size_t end);
/* Is it in a comment, <!-- --> or %, that no reader sees? */
bool is_hidden(Text text, const Box *box);

/* ---- second_thoughts.c: what takes an answer back -------------------------------------------- */

/* Is what ends at `at` denied, or does the text turn to something else: ". No, wait, it is 5"? */
bool goes_back(Text text, size_t at);
/* Is another value offered beside what ends at `at`: " or 5"? */
bool offers_another(Text text, size_t at);
/* Does what stands between two answers set the second beside the first: "\n\nor\n\n", "Case 2:"? */
bool sets_beside(Text text, size_t end, size_t start);
/* Do two answers of one text contradict each other? */
bool contradicts(Arena *arena, Text a, Text b);
/* Does a phrase, or the conclusion, of `text`, which follows `answer`, state another number? */
bool says_other(Arena *arena, Text text, Text answer);
/* Is text[start, end) crossed out: ~~4~~, \cancel{4}? */
bool crossed_out(Text text, size_t start, size_t end);

/* ---- phrases.c: "the answer is ...", in thirteen languages ---------------------------------- */

/* The statement that follows the last answer phrase. */
bool phrase_last(Text text, Text *statement);

/* ---- prose.c: from a statement to the answer it makes ---------------------------------------- */

/* Is the text nothing but an answer? */
bool prose_whole(Text text);
/* Narrows a statement to its answer, or hands all of it over; false if it is negated, a question,
 * or empty. */
bool prose_read(Arena *arena, Text statement, Text *answer);
/* The answer of the last sentence that holds a formula or a number. */
Missing prose_conclude(Arena *arena, Text text, Text *answer, Origin *origin);

#endif
