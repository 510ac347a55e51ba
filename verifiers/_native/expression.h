/* Expressions: what lexer, parser, evaluate and compare share, and nobody else sees. */
#ifndef VERIFIERS_EXPRESSION_H
#define VERIFIERS_EXPRESSION_H

#include "core.h"

/* Static limits: what passes them is too large to judge, whatever it would have meant. */
enum {
    MAX_ANSWER_BYTES = 20000,
    MAX_TOKENS = 6000,
    MAX_DEPTH = 96,    /* of nested rules while parsing */
    MAX_HEIGHT = 200,  /* of the tree, which long chains of factors make high */
    MAX_DIGITS = 4000, /* in one number */
    MAX_LIST = 256,    /* parts of one list */
    MAX_SYMBOLS = 32,  /* different symbols in one comparison */
    MAX_TERMS = 2000,  /* of a sum or product written with \sum or \prod, for this engine */
    MAX_ANSWER_TERMS = 50000, /* the same, for any engine */
};

/* ---- functions with a known meaning ------------------------------------------------------- */

#define FUNCTIONS(X)                                                                               \
    X(sin) X(cos) X(tan) X(cot) X(sec) X(csc)                                                      \
    X(arcsin) X(arccos) X(arctan) X(arccot) X(arcsec) X(arccsc)                                    \
    X(sinh) X(cosh) X(tanh) X(coth) X(sech) X(csch) X(arcsinh) X(arccosh) X(arctanh)               \
    X(exp) X(ln) X(log) X(lg) X(sqrt) X(abs) X(floor) X(ceil) X(factorial) X(binom)                \
    X(root) X(gcd) X(lcm) X(max) X(min) X(mod) X(re) X(im) X(sgn)                                  \
    X(sum) X(prod)

typedef enum {
#define FUNCTION_NAME(name) FUNCTION_##name,
    FUNCTIONS(FUNCTION_NAME)
#undef FUNCTION_NAME
    FUNCTION_COUNT
} Function;

extern const char *const FUNCTION_NAMES[FUNCTION_COUNT];

/* ---- tokens ------------------------------------------------------------------------------- */

typedef enum {
    TOKEN_END,
    TOKEN_NUMBER,   /* digits: value, places */
    TOKEN_SYMBOL,   /* text: one letter, a Greek name, a decorated letter */
    TOKEN_CONSTANT, /* mark: 'p' pi, 'e', 'i', 'o' infinity */
    TOKEN_FUNCTION, /* function */
    TOKEN_WORD,     /* text: prose */
    TOKEN_UNIT,     /* text: a unit's name, where one was written as such */
    TOKEN_COMMAND,  /* text: \frac and the other commands with arguments */
    TOKEN_MARK,     /* mark: one of the marks below */
} TokenKind;

/* Marks that have no ASCII character of their own. */
enum {
    MARK_LE = 128, MARK_GE, MARK_NE, MARK_APPROX, MARK_EQUIV, MARK_IN, MARK_SUBSET,
    MARK_UNION, MARK_INTERSECT, MARK_SETMINUS, MARK_PLUSMINUS, MARK_MINUSPLUS,
    MARK_AND, MARK_OR, MARK_SET_OPEN, MARK_SET_CLOSE, MARK_FLOOR_OPEN, MARK_FLOOR_CLOSE,
    MARK_CEIL_OPEN, MARK_CEIL_CLOSE, MARK_BAR, MARK_NORM, MARK_SUCH_THAT, MARK_ROW, MARK_DEGREE,
    MARK_EMPTY_SET, MARK_NUMBERS, /* \mathbb{R}: text */ MARK_FOR_ALL, MARK_ANGLE, MARK_ARROW,
    MARK_DOTS, MARK_ABOUT, MARK_TRIANGLE,
    MARK_FIGURE, /* \cong and its kind, which nobody reads: text */
};

typedef struct {
    TokenKind kind;
    int mark;       /* also the constant */
    Function function;
    bool spaced;    /* white space stands before it */
    bool apart;     /* a line break or \quad stands before it */
    bool grouped;   /* a number written with thousands separators */
    bool prose;     /* it came out of \text{...} and the like */
    int32_t places; /* digits after the point of a number; -1 without a point */
    Text text;
    Rational value;
    size_t start; /* bytes into the answer */
} Token;

typedef struct {
    Token *items;
    size_t count;
    bool broken;    /* something here is not mathematics: unknown command, stray character */
    bool unbalanced; /* braces, environments or brackets of a command do not match */
    bool too_large;
    bool ordinal;    /* letters after a number were passed over: 15th */
    bool prose_only; /* words and punctuation, with no formula at all */
} Tokens;

typedef struct {
    bool prose;           /* a number found in a sentence: letters after it are a unit */
    bool comma_separates; /* 61,328 is two numbers */
    bool letters_multiply; /* mgh is a product, and no word */
} LexOptions;

bool names_numbers(Text name); /* R, Z, Q or N */
Tokens lex_answer(Arena *arena, Text answer, LexOptions options);
bool tokens_equal(const Tokens *a, const Tokens *b);

/* ---- the tree ----------------------------------------------------------------------------- */

typedef enum {
    NODE_NUMBER,    /* number, places */
    NODE_SYMBOL,    /* text */
    NODE_CONSTANT,  /* mark */
    NODE_SUM,       /* children added */
    NODE_PRODUCT,   /* children multiplied */
    NODE_QUOTIENT,  /* children[0] / children[1] */
    NODE_POWER,     /* children[0] ^ children[1] */
    NODE_NEGATE,
    NODE_PLUSMINUS, /* mark: MARK_PLUSMINUS or MARK_MINUSPLUS, of one child */
    NODE_CALL,      /* a known function of its children */
    NODE_APPLY,     /* an unknown function `text` of its children */
    NODE_PERCENT,
    NODE_BASED,     /* text: the digits; number: the value; places: the base */
    NODE_QUANTITY,  /* children[0] of the unit `text` */
    NODE_RATIO,     /* a : b : c */
    NODE_GROUP,     /* open and close bracket in mark and close; at least two children, or one in [];
                       without a mark: the parts (a), (b), ... of an answer */
    NODE_SET,       /* {a, b} */
    NODE_BUILDER,   /* {children[0] | children[1]} */
    NODE_LIST,      /* a, b; mark: ',' ';' MARK_AND or MARK_OR */
    NODE_UNION, NODE_INTERSECTION, NODE_DIFFERENCE,
    NODE_MATRIX,    /* rows, columns, children row by row */
    NODE_SYSTEM,    /* the lines of a cases environment */
    NODE_RELATION,  /* a chain: children[0] ops[0] children[1] ops[1] ... */
    NODE_EMPTY_SET,
    NODE_NUMBERS,   /* the reals, integers, ...: text */
    NODE_WORDS,     /* text */
    NODE_OPAQUE,    /* an integral, limit or derivative: left to computer algebra */
} NodeKind;

struct Node {
    NodeKind kind;
    int mark, close;
    Function function;
    bool applied;  /* a product written like f(x) */
    bool braced;   /* stood in brackets: (a:b), and so on */
    int32_t places;
    uint32_t rows, columns;
    uint32_t height;
    uint32_t count;
    Node **children;
    const int *ops;
    Text text;
    Rational number;
};

typedef enum {
    PARSED,
    PARSE_UNREADABLE, /* to this parser */
    PARSE_MALFORMED,  /* to any: an argument or a part is missing */
    PARSE_TOO_LARGE,
} ParseResult;

/* Reads the whole answer or nothing. */
ParseResult parse_answer(Arena *arena, const Tokens *tokens, Node **root);

Node *node_new(Arena *arena, NodeKind kind, uint32_t count);
Node *node_number(Arena *arena, int64_t value);
Node *node_copy(Arena *arena, const Node *node, uint32_t extra);
/* The difference a - b, and a with every symbol `name` replaced by `value`. */
Node *node_difference(Arena *arena, const Node *a, const Node *b);
Node *node_substitute(Arena *arena, const Node *node, Text name, const Node *value);
bool node_contains(const Node *node, NodeKind kind);
/* A number that depends on everything in an expression. */
uint64_t node_hash(const Node *node);

/* ---- evaluation --------------------------------------------------------------------------- */

/* The symbols of a comparison, and the point at which they are evaluated. */
typedef struct {
    Text names[MAX_SYMBOLS];
    uint32_t count;
    bool overflow;
} Symbols;

void symbols_collect(Symbols *symbols, const Node *node);
ptrdiff_t symbols_find(const Symbols *symbols, Text name);

/* Exact value of a constant expression; false where it is not rational or too large. */
bool evaluate_exactly(Arena *arena, const Node *node, Rational *value);

typedef enum { MODULAR_DONE, MODULAR_UNDEFINED, MODULAR_IMPOSSIBLE } ModularResult;
/* The value in the integers modulo any odd number below 2^62. A division whose divisor has no inverse
 * there is undefined, although it may be defined elsewhere. */
ModularResult evaluate_modulo(Arena *arena, const Node *node, const Symbols *symbols,
                              const uint64_t *point, uint64_t modulus, uint64_t *value);

typedef struct {
    Complex value;
    double error;   /* a bound on the absolute error, by running analysis */
    bool masked;    /* a term vanished beside another: equality here shows nothing */
    bool undefined; /* a pole, an overflow, a branch we do not take */
    bool opaque;    /* cannot be evaluated at all */
} Approximation;

Approximation evaluate_approximately(Arena *arena, const Node *node, const Symbols *symbols,
                                     const Complex *point);

/* The bound variables of \sum and \prod around an expression. */
typedef struct Scope {
    Text name;
    int64_t value;
    const struct Scope *outer;
} Scope;

bool scope_find(const Scope *scope, Text name, int64_t *value);
Text bound_name(const Node *variable);
/* Whether a symbol under `node` carries the bound variable in its subscript, as in a_k. */
bool mentions_subscript(const Node *node, Text name);

/* ---- units -------------------------------------------------------------------------------- */

enum { UNIT_DIMENSIONS = 11 };

/* A product of powers of base units, and the factor to them; unknown words have a name instead. */
typedef struct {
    int powers[UNIT_DIMENSIONS];
    Rational factor;
    bool known;
    bool generic; /* "units" of a length nobody named, with their power */
} Unit;

bool unit_known(Text word);
Unit unit_parse(Arena *arena, Text text);
/* Whether two known units are of one dimension; plain "units" fit any. */
bool units_fit(const Unit *a, const Unit *b);
/* Whether a number of `smaller` may follow one of `larger`, as minutes follow hours; `share` is how
 * many of the larger unit the smaller one is. */
bool unit_subdivides(Arena *arena, Text larger, Text smaller, Rational *share);
bool unit_is_time(Arena *arena, Text text);
bool unit_same_name(Text a, Text b); /* plural and case aside */

/* ---- comparing ---------------------------------------------------------------------------- */

bool rule_equal(Rule rule);
/* A formula or a number, all the way down. */
bool is_scalar(const Node *node);
bool is_degree(const Node *node);
Rule compare_scalars(Arena *arena, const Node *reference, const Node *answer,
                     CompareOptions options);
/* Whether a / b is the same non-zero constant everywhere; `sign` is then its sign, 0 if complex. */
Rule compare_up_to_factor(Arena *arena, const Node *a, const Node *b, int *sign);

/* A set of real numbers: pieces in increasing order. */
typedef struct {
    const Node *low, *high; /* NULL: unbounded */
    bool low_closed, high_closed;
} Piece;

enum { MAX_PIECES = 32 };

typedef struct {
    Piece pieces[MAX_PIECES];
    uint32_t count;
    Text variable; /* what was bounded, if it was named */
    Text domain;   /* Z, Q or N where only these of them belong */
    bool certain;  /* cannot be a tuple instead */
} Region;

bool region_read(Arena *arena, const Node *node, Region *region);
/* 2x > 5, 1 < x - 2 < 3: inequalities that somebody still has to solve. */
bool is_unsolved(const Node *node);
Rule compare_regions(Arena *arena, const Region *reference, const Region *answer,
                     CompareOptions options);

/* A canonical form: equal texts mean equal structure, operands of + and * sorted. */
const char *node_canonical(Arena *arena, const Node *node);

#endif
