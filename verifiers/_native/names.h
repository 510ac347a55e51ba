/* The vocabulary of the lexer. */
#ifndef VERIFIERS_NAMES_H
#define VERIFIERS_NAMES_H

#include "expression.h"

typedef enum {
    COMMAND_ARGUMENTS,  /* \frac and others whose arguments the parser reads; value: how many */
    COMMAND_DECORATION, /* \vec v: part of the name of a symbol; text: what it adds */
    COMMAND_BLACKBOARD, /* \mathbb R */
    COMMAND_BEGIN,      /* \begin{name} */
    COMMAND_END,
    COMMAND_PROSE,         /* \text{...} */
    COMMAND_OPERATOR,      /* \sum, \int: text */
    COMMAND_MARK,          /* value */
    COMMAND_CONSTANT,      /* value */
    COMMAND_DELIMITER,     /* \left and its kind: the delimiter after it counts */
    COMMAND_SYMBOL,        /* text */
    COMMAND_SKIP,          /* white space and styles; value: 1 for wide space */
    COMMAND_SKIP_ARGUMENT, /* and its {argument} */
} CommandKind;

typedef struct {
    const char *name;
    CommandKind kind;
    int value;
    const char *text;
} Command;

typedef struct {
    uint32_t character;
    int mark; /* 0: a letter */
    const char *text;
} Sign;

const Command *find_command(Text name); /* without the backslash; NULL if unknown */
bool find_function(Text name, Function *function);
const Sign *find_sign(uint32_t character);
bool is_short_word(Text name); /* "of", "odd", "cm": a word although it is short */

/* A number in English words at the start of a text, and how much of it they take. */
bool english_numeral(Text text, size_t *length, int64_t *value);
bool fraction_name(Text text);                   /* "-fourths", after a numeral */
bool chinese_numeral(Text text, int64_t *value); /* all of it: 十二 */

#endif
