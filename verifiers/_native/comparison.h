/* The steps of a comparison: what compare.c and its helpers share, and nobody else sees. */
#ifndef VERIFIERS_COMPARISON_H
#define VERIFIERS_COMPARISON_H

#include "expression.h"

typedef struct {
    Arena *arena;
    CompareOptions options;
    int comparisons, depth;
} Compare;

/* One part of an answer: x = 5 is the value 5 with the label x. */
typedef struct {
    const Node *label; /* NULL if there is none */
    const Node *value;
} Part;

typedef struct {
    Part items[MAX_LIST];
    uint32_t count;
    bool contradiction; /* it says that two different numbers are equal */
} Parts;

/* ---- labels.c: what names a value ---- */
bool undecided(Rule rule);
bool same_text(Compare *work, const Node *a, const Node *b);
bool is_constant(const Node *node);
Part read_part(Compare *work, const Node *node, bool *contradiction);
const Node *value_of_quantity(Compare *work, const Node *node);
Text base_name(const Node *label);
bool labels_agree(Compare *work, const Node *a, const Node *b);

/* ---- parts.c: lists, sets and labelled values ---- */
bool is_declaration(const Node *node);
bool add_part(Compare *work, Parts *parts, const Node *node);
bool add_members(Compare *work, Parts *parts, const Node *node);
const Node *group_labelled(Compare *work, const Node *list, const Node *labels);
bool split_tuple(Parts *parts);
uint32_t labelled(const Parts *parts);
bool repeats_label(Compare *work, const Parts *parts);
Rule compare_in_order(Compare *work, const Parts *reference, const Parts *answer);
Rule compare_any_order(Compare *work, const Parts *reference, const Parts *answer, bool by_label);
Rule compare_parts(Compare *work, const Parts *reference, const Parts *answer);
Rule compare_children(Compare *work, const Node *reference, const Node *answer, Rule equal);
void merge_restated(Compare *work, const Node *list, Parts *parts);

/* ---- quantities.c: units, percentages, angles, times, ratios ---- */
Node *scaled(Arena *arena, const Node *value, Rational factor);
bool is_radian(const Node *node);
Rule compare_quantities(Compare *work, const Node *reference, const Node *answer);
Rule compare_percent(Compare *work, const Node *reference, const Node *answer);
Node *product_of(Arena *arena, const Node *a, const Node *b);
Rule compare_ratios(Compare *work, const Node *reference, const Node *answer);

/* ---- matrices.c ---- */
Rule compare_matrices(Compare *work, const Node *reference, const Node *answer);

/* ---- relations.c: equations and inequalities ---- */
bool is_equation(const Node *node);
bool is_residue(const Node *node);
Rule compare_relations(Compare *work, const Node *reference, const Node *answer);
Rule compare_solved(Compare *work, const Node *equation, const Node *solution);

/* ---- renamed.c: the same under another name ---- */
bool is_integer_letter(Text name);     /* k, m, n, l, j */
Text bound_argument(const Node *node); /* the x of f(x) = ... */
Rule compare_renamed(Compare *work, const Node *reference, const Node *answer);

/* ---- wording.c: answers in words ---- */
bool has_words(const Tokens *tokens);
bool same_words(const Tokens *a, const Tokens *b);
bool same_bytes(Text a, Text b);
Text usual_words(Text words);
typedef enum { NOT_YES_NO, YES, NO } YesNo;
YesNo read_yes_no(Text text);

/* ---- dates.c ---- */
bool is_date(const Tokens *tokens); /* 2024-01-05 or 1/5/2024, and nothing else */
bool same_day(const Tokens *a, const Tokens *b);

/* ---- choices.c: options of a multiple-choice question ---- */
enum {
    FIRST_CIRCLED = 8,
    OPTIONS = 18,
    OPTION_ONE = 1 << FIRST_CIRCLED
}; /* A to H, then 1 to 10 */

typedef struct {
    uint32_t options; /* a bit for each */
    int count;
    bool sorted;  /* named in the order of the question */
    bool marked;  /* more than a lone letter */
    bool circled; /* ①③ */
    bool colon;   /* "B: 12", which may also be what B stands for */
    Text text;    /* what stands behind the one option: "(B) 12" */
} Choice;

bool read_choice(Text text, Choice *choice);

/* ---- unevaluated.c ---- */
bool leaves_work(const Tokens *tokens);
Tokens last_side(const Tokens *tokens);

/* ---- compare.c: any two expressions, and whole answers with their labels ---- */
Rule compare_nodes(Compare *work, const Node *reference, const Node *answer);
bool goes_without_saying(const Node *answer, Text name, Text range);
const Node *spelled_out(Compare *work, const Node *node);
Rule compare_tops(Compare *work, const Node *reference, const Node *answer);

#endif
