/* The vocabulary of the lexer: LaTeX commands, Unicode signs, words and units, as tables. */
#include <string.h>

#include "names.h"

const char *const FUNCTION_NAMES[FUNCTION_COUNT] = {
#define FUNCTION_STRING(name) #name,
    FUNCTIONS(FUNCTION_STRING)
#undef FUNCTION_STRING
};

/* Other spellings of functions, with and without a backslash. */
static const struct {
    const char *name;
    Function function;
} FUNCTION_SPELLINGS[] = {
    {"tg", FUNCTION_tan},         {"ctg", FUNCTION_cot},        {"cosec", FUNCTION_csc},
    {"asin", FUNCTION_arcsin},    {"acos", FUNCTION_arccos},    {"atan", FUNCTION_arctan},
    {"arctg", FUNCTION_arctan},   {"asinh", FUNCTION_arcsinh},  {"acosh", FUNCTION_arccosh},
    {"atanh", FUNCTION_arctanh},  {"arsinh", FUNCTION_arcsinh}, {"arcosh", FUNCTION_arccosh},
    {"artanh", FUNCTION_arctanh}, {"sgn", FUNCTION_sgn},        {"sign", FUNCTION_sgn},
    {"Re", FUNCTION_re},          {"Im", FUNCTION_im},          {"ceiling", FUNCTION_ceil},
    {"cbrt", FUNCTION_root},
};

static const Command COMMANDS[] = {
    /* with arguments */
    {"frac", COMMAND_ARGUMENTS, 2, "frac"},
    {"dfrac", COMMAND_ARGUMENTS, 2, "frac"},
    {"tfrac", COMMAND_ARGUMENTS, 2, "frac"},
    {"cfrac", COMMAND_ARGUMENTS, 2, "frac"},
    {"binom", COMMAND_ARGUMENTS, 2, "binom"},
    {"dbinom", COMMAND_ARGUMENTS, 2, "binom"},
    {"tbinom", COMMAND_ARGUMENTS, 2, "binom"},
    {"sqrt", COMMAND_ARGUMENTS, 1, "sqrt"},
    {"overline", COMMAND_DECORATION, 1, "bar"},
    {"bar", COMMAND_DECORATION, 1, "bar"},
    {"vec", COMMAND_DECORATION, 1, "vec"},
    {"overrightarrow", COMMAND_DECORATION, 1, "vec"},
    {"mathbf", COMMAND_DECORATION, 1, ""},
    {"boldsymbol", COMMAND_DECORATION, 1, ""},
    {"bm", COMMAND_DECORATION, 1, ""},
    {"hat", COMMAND_DECORATION, 1, "hat"},
    {"widehat", COMMAND_DECORATION, 1, "hat"},
    {"tilde", COMMAND_DECORATION, 1, "tilde"},
    {"widetilde", COMMAND_DECORATION, 1, "tilde"},
    {"dot", COMMAND_DECORATION, 1, "dot"},
    {"ddot", COMMAND_DECORATION, 1, "ddot"},
    {"mathcal", COMMAND_DECORATION, 1, "cal"},
    {"mathscr", COMMAND_DECORATION, 1, "cal"},
    {"mathfrak", COMMAND_DECORATION, 1, "frak"},
    {"widehat", COMMAND_DECORATION, 1, "hat"},
    {"overarc", COMMAND_DECORATION, 1, "arc"},
    {"mathbb", COMMAND_BLACKBOARD, 1, ""},
    {"Bbb", COMMAND_BLACKBOARD, 1, ""},
    {"begin", COMMAND_BEGIN, 0, NULL},
    {"end", COMMAND_END, 0, NULL},
    {"text", COMMAND_PROSE, 1, NULL},
    {"textbf", COMMAND_PROSE, 1, NULL},
    {"textit", COMMAND_PROSE, 1, NULL},
    {"textrm", COMMAND_PROSE, 1, NULL},
    {"textnormal", COMMAND_PROSE, 1, NULL},
    {"textsf", COMMAND_PROSE, 1, NULL},
    {"texttt", COMMAND_PROSE, 1, NULL},
    {"emph", COMMAND_PROSE, 1, NULL},
    {"mbox", COMMAND_PROSE, 1, NULL},
    {"hbox", COMMAND_PROSE, 1, NULL},
    {"mathrm", COMMAND_PROSE, 1, NULL},
    {"rm", COMMAND_SKIP, 0, NULL},
    {"mathit", COMMAND_PROSE, 1, NULL},
    {"mathsf", COMMAND_PROSE, 1, NULL},
    {"mathtt", COMMAND_PROSE, 1, NULL},
    {"operatorname", COMMAND_PROSE, 1, NULL},
    {"boxed", COMMAND_SKIP, 0, NULL},
    {"fbox", COMMAND_SKIP, 0, NULL},
    {"underline", COMMAND_SKIP, 0, NULL},
    {"hspace", COMMAND_SKIP_ARGUMENT, 0, NULL},
    {"vspace", COMMAND_SKIP_ARGUMENT, 0, NULL},
    {"phantom", COMMAND_SKIP_ARGUMENT, 0, NULL},
    {"label", COMMAND_SKIP_ARGUMENT, 0, NULL},
    {"tag", COMMAND_SKIP_ARGUMENT, 0, NULL},
    {"sum", COMMAND_OPERATOR, 0, "sum"},
    {"prod", COMMAND_OPERATOR, 0, "prod"},
    {"int", COMMAND_OPERATOR, 0, "int"},
    {"iint", COMMAND_OPERATOR, 0, "int"},
    {"iiint", COMMAND_OPERATOR, 0, "int"},
    {"oint", COMMAND_OPERATOR, 0, "int"},
    {"lim", COMMAND_OPERATOR, 0, "lim"},
    {"partial", COMMAND_OPERATOR, 0, "partial"},
    {"nabla", COMMAND_OPERATOR, 0, "nabla"},
    {"pmod", COMMAND_OPERATOR, 0, "pmod"},
    {"choose", COMMAND_OPERATOR, 0, "choose"},
    {"over", COMMAND_OPERATOR, 0, "over"},
    /* marks */
    {"cdot", COMMAND_MARK, '*', NULL},
    {"times", COMMAND_MARK, '*', NULL},
    {"ast", COMMAND_MARK, '*', NULL},
    {"div", COMMAND_MARK, '/', NULL},
    {"pm", COMMAND_MARK, MARK_PLUSMINUS, NULL},
    {"mp", COMMAND_MARK, MARK_MINUSPLUS, NULL},
    {"le", COMMAND_MARK, MARK_LE, NULL},
    {"leq", COMMAND_MARK, MARK_LE, NULL},
    {"leqslant", COMMAND_MARK, MARK_LE, NULL},
    {"leqq", COMMAND_MARK, MARK_LE, NULL},
    {"ge", COMMAND_MARK, MARK_GE, NULL},
    {"geq", COMMAND_MARK, MARK_GE, NULL},
    {"geqslant", COMMAND_MARK, MARK_GE, NULL},
    {"geqq", COMMAND_MARK, MARK_GE, NULL},
    {"lt", COMMAND_MARK, '<', NULL},
    {"gt", COMMAND_MARK, '>', NULL},
    {"ne", COMMAND_MARK, MARK_NE, NULL},
    {"neq", COMMAND_MARK, MARK_NE, NULL},
    {"approx", COMMAND_MARK, MARK_APPROX, NULL},
    {"approxeq", COMMAND_MARK, MARK_APPROX, NULL},
    {"simeq", COMMAND_MARK, MARK_APPROX, NULL},
    {"equiv", COMMAND_MARK, MARK_EQUIV, NULL},
    {"in", COMMAND_MARK, MARK_IN, NULL},
    {"subset", COMMAND_MARK, MARK_SUBSET, NULL},
    {"subseteq", COMMAND_MARK, MARK_SUBSET, NULL},
    {"cup", COMMAND_MARK, MARK_UNION, NULL},
    {"bigcup", COMMAND_MARK, MARK_UNION, NULL},
    {"cap", COMMAND_MARK, MARK_INTERSECT, NULL},
    {"setminus", COMMAND_MARK, MARK_SETMINUS, NULL},
    {"backslash", COMMAND_MARK, MARK_SETMINUS, NULL},
    {"land", COMMAND_MARK, MARK_AND, NULL},
    {"wedge", COMMAND_MARK, MARK_AND, NULL},
    {"lor", COMMAND_MARK, MARK_OR, NULL},
    {"vee", COMMAND_MARK, MARK_OR, NULL},
    {"lbrace", COMMAND_MARK, MARK_SET_OPEN, NULL},
    {"rbrace", COMMAND_MARK, MARK_SET_CLOSE, NULL},
    {"lbrack", COMMAND_MARK, '[', NULL},
    {"rbrack", COMMAND_MARK, ']', NULL},
    {"lfloor", COMMAND_MARK, MARK_FLOOR_OPEN, NULL},
    {"rfloor", COMMAND_MARK, MARK_FLOOR_CLOSE, NULL},
    {"lceil", COMMAND_MARK, MARK_CEIL_OPEN, NULL},
    {"rceil", COMMAND_MARK, MARK_CEIL_CLOSE, NULL},
    {"langle", COMMAND_MARK, '(', NULL},
    {"rangle", COMMAND_MARK, ')', NULL},
    {"vert", COMMAND_MARK, MARK_BAR, NULL},
    {"lvert", COMMAND_MARK, MARK_BAR, NULL},
    {"rvert", COMMAND_MARK, MARK_BAR, NULL},
    {"Vert", COMMAND_MARK, MARK_NORM, NULL},
    {"lVert", COMMAND_MARK, MARK_NORM, NULL},
    {"rVert", COMMAND_MARK, MARK_NORM, NULL},
    {"mid", COMMAND_MARK, MARK_SUCH_THAT, NULL},
    {"colon", COMMAND_MARK, ':', NULL},
    {"cr", COMMAND_MARK, MARK_ROW, NULL},
    {"circ", COMMAND_MARK, MARK_DEGREE, NULL},
    {"degree", COMMAND_MARK, MARK_DEGREE, NULL},
    {"emptyset", COMMAND_MARK, MARK_EMPTY_SET, NULL},
    {"varnothing", COMMAND_MARK, MARK_EMPTY_SET, NULL},
    {"forall", COMMAND_MARK, MARK_FOR_ALL, NULL},
    {"angle", COMMAND_MARK, MARK_ANGLE, NULL},
    {"measuredangle", COMMAND_MARK, MARK_ANGLE, NULL},
    {"triangle", COMMAND_MARK, MARK_TRIANGLE, NULL},
    {"bmod", COMMAND_OPERATOR, 0, "mod"},
    {"mod", COMMAND_OPERATOR, 0, "mod"},
    {"to", COMMAND_MARK, MARK_ARROW, NULL},
    {"rightarrow", COMMAND_MARK, MARK_ARROW, NULL},
    {"Rightarrow", COMMAND_MARK, MARK_ARROW, NULL},
    {"implies", COMMAND_MARK, MARK_ARROW, NULL},
    {"iff", COMMAND_MARK, MARK_ARROW, NULL},
    {"ldots", COMMAND_MARK, MARK_DOTS, NULL},
    {"cdots", COMMAND_MARK, MARK_DOTS, NULL},
    {"dots", COMMAND_MARK, MARK_DOTS, NULL},
    {"dotsc", COMMAND_MARK, MARK_DOTS, NULL},
    {"dotsb", COMMAND_MARK, MARK_DOTS, NULL},
    {"infty", COMMAND_CONSTANT, 'o', NULL},
    {"infin", COMMAND_CONSTANT, 'o', NULL},
    {"pi", COMMAND_CONSTANT, 'p', NULL},
    {"uppi", COMMAND_CONSTANT, 'p', NULL},
    /* white space and style */
    {"left", COMMAND_DELIMITER, 0, NULL},
    {"right", COMMAND_DELIMITER, 0, NULL},
    {"big", COMMAND_DELIMITER, 0, NULL},
    {"Big", COMMAND_DELIMITER, 0, NULL},
    {"bigg", COMMAND_DELIMITER, 0, NULL},
    {"Bigg", COMMAND_DELIMITER, 0, NULL},
    {"bigl", COMMAND_DELIMITER, 0, NULL},
    {"bigr", COMMAND_DELIMITER, 0, NULL},
    {"Bigl", COMMAND_DELIMITER, 0, NULL},
    {"Bigr", COMMAND_DELIMITER, 0, NULL},
    {"biggl", COMMAND_DELIMITER, 0, NULL},
    {"biggr", COMMAND_DELIMITER, 0, NULL},
    {"Biggl", COMMAND_DELIMITER, 0, NULL},
    {"Biggr", COMMAND_DELIMITER, 0, NULL},
    {"middle", COMMAND_DELIMITER, 0, NULL},
    {"quad", COMMAND_SKIP, 1, NULL},
    {"qquad", COMMAND_SKIP, 1, NULL},
    {"displaystyle", COMMAND_SKIP, 0, NULL},
    {"textstyle", COMMAND_SKIP, 0, NULL},
    {"limits", COMMAND_SKIP, 0, NULL},
    {"nolimits", COMMAND_SKIP, 0, NULL},
    {"mathstrut", COMMAND_SKIP, 0, NULL},
    {"strut", COMMAND_SKIP, 0, NULL},
    {"bf", COMMAND_SKIP, 0, NULL},
    {"it", COMMAND_SKIP, 0, NULL},
    {"hfill", COMMAND_SKIP, 0, NULL},
    {"thinspace", COMMAND_SKIP, 0, NULL},
    {"allowbreak", COMMAND_SKIP, 0, NULL},
    {"nonumber", COMMAND_SKIP, 0, NULL},
    {"therefore", COMMAND_SKIP, 0, NULL},
    {"hline", COMMAND_SKIP, 0, NULL},
    {"prime", COMMAND_SYMBOL, 0, "'"},
    /* letters; the var- forms are the same letter */
    {"alpha", COMMAND_SYMBOL, 0, "alpha"},
    {"beta", COMMAND_SYMBOL, 0, "beta"},
    {"gamma", COMMAND_SYMBOL, 0, "gamma"},
    {"delta", COMMAND_SYMBOL, 0, "delta"},
    {"epsilon", COMMAND_SYMBOL, 0, "epsilon"},
    {"varepsilon", COMMAND_SYMBOL, 0, "epsilon"},
    {"zeta", COMMAND_SYMBOL, 0, "zeta"},
    {"eta", COMMAND_SYMBOL, 0, "eta"},
    {"theta", COMMAND_SYMBOL, 0, "theta"},
    {"vartheta", COMMAND_SYMBOL, 0, "theta"},
    {"iota", COMMAND_SYMBOL, 0, "iota"},
    {"kappa", COMMAND_SYMBOL, 0, "kappa"},
    {"lambda", COMMAND_SYMBOL, 0, "lambda"},
    {"mu", COMMAND_SYMBOL, 0, "mu"},
    {"nu", COMMAND_SYMBOL, 0, "nu"},
    {"xi", COMMAND_SYMBOL, 0, "xi"},
    {"rho", COMMAND_SYMBOL, 0, "rho"},
    {"varrho", COMMAND_SYMBOL, 0, "rho"},
    {"sigma", COMMAND_SYMBOL, 0, "sigma"},
    {"tau", COMMAND_SYMBOL, 0, "tau"},
    {"upsilon", COMMAND_SYMBOL, 0, "upsilon"},
    {"phi", COMMAND_SYMBOL, 0, "phi"},
    {"varphi", COMMAND_SYMBOL, 0, "phi"},
    {"chi", COMMAND_SYMBOL, 0, "chi"},
    {"psi", COMMAND_SYMBOL, 0, "psi"},
    {"omega", COMMAND_SYMBOL, 0, "omega"},
    {"Gamma", COMMAND_SYMBOL, 0, "Gamma"},
    {"Delta", COMMAND_SYMBOL, 0, "Delta"},
    {"Theta", COMMAND_SYMBOL, 0, "Theta"},
    {"Lambda", COMMAND_SYMBOL, 0, "Lambda"},
    {"Xi", COMMAND_SYMBOL, 0, "Xi"},
    {"Pi", COMMAND_SYMBOL, 0, "Pi"},
    {"Sigma", COMMAND_SYMBOL, 0, "Sigma"},
    {"Phi", COMMAND_SYMBOL, 0, "Phi"},
    {"Psi", COMMAND_SYMBOL, 0, "Psi"},
    {"Omega", COMMAND_SYMBOL, 0, "Omega"},
    {"ell", COMMAND_SYMBOL, 0, "ell"},
    {"hbar", COMMAND_SYMBOL, 0, "hbar"},
    {"imath", COMMAND_SYMBOL, 0, "i"},
    {"jmath", COMMAND_SYMBOL, 0, "j"},
    {"perp", COMMAND_MARK, MARK_FIGURE, "perp"},
    {"parallel", COMMAND_MARK, MARK_FIGURE, "parallel"},
    {"cong", COMMAND_MARK, MARK_FIGURE, "cong"},
    {"sim", COMMAND_MARK, MARK_FIGURE, "sim"},
};

/* Unicode signs that stand for a mark or a letter's name. */
static const Sign SIGNS[] = {
    {0x00D7, '*', NULL},
    {0x00F7, '/', NULL},
    {0x00B7, '*', NULL},
    {0x22C5, '*', NULL},
    {0x2217, '*', NULL},
    {0x2219, '*', NULL},
    {0x2022, '*', NULL},
    {0x2212, '-', NULL},
    {0x2010, '-', NULL},
    {0x2011, '-', NULL},
    {0x2013, '-', NULL},
    {0x2014, '-', NULL},
    {0x2215, '/', NULL},
    {0x2044, '/', NULL},
    {0x2264, MARK_LE, NULL},
    {0x2265, MARK_GE, NULL},
    {0x2A7D, MARK_LE, NULL},
    {0x2A7E, MARK_GE, NULL},
    {0x2266, MARK_LE, NULL},
    {0x2267, MARK_GE, NULL},
    {0x2260, MARK_NE, NULL},
    {0x2248, MARK_APPROX, NULL},
    {0x2243, MARK_APPROX, NULL},
    {0x2261, MARK_EQUIV, NULL},
    {0x2208, MARK_IN, NULL},
    {0x2282, MARK_SUBSET, NULL},
    {0x2286, MARK_SUBSET, NULL},
    {0x222A, MARK_UNION, NULL},
    {0x2229, MARK_INTERSECT, NULL},
    {0x2216, MARK_SETMINUS, NULL},
    {0x2227, MARK_AND, NULL},
    {0x2228, MARK_OR, NULL},
    {0x00B1, MARK_PLUSMINUS, NULL},
    {0x2213, MARK_MINUSPLUS, NULL},
    {0x230A, MARK_FLOOR_OPEN, NULL},
    {0x230B, MARK_FLOOR_CLOSE, NULL},
    {0x2308, MARK_CEIL_OPEN, NULL},
    {0x2309, MARK_CEIL_CLOSE, NULL},
    {0x2223, MARK_SUCH_THAT, NULL},
    {0x2225, MARK_NORM, NULL},
    {0x2236, ':', NULL},
    {0x00B0, MARK_DEGREE, NULL},
    {0x2218, MARK_DEGREE, NULL},
    {0x2205, MARK_EMPTY_SET, NULL},
    {0x2200, MARK_FOR_ALL, NULL},
    {0x2220, MARK_ANGLE, NULL},
    {0x25B3, MARK_TRIANGLE, NULL},
    {0x2192, MARK_ARROW, NULL},
    {0x21D2, MARK_ARROW, NULL},
    {0x21D4, MARK_ARROW, NULL},
    {0x2026, MARK_DOTS, NULL},
    {0x22EF, MARK_DOTS, NULL},
    {0x3001, ',', NULL},
    {0x3002, '.', NULL},
    {0x27E8, '(', NULL},
    {0x27E9, ')', NULL},
    {0x3010, '[', NULL},
    {0x3011, ']', NULL},
    {0x2032, '\'', NULL},
    {0x2033, '\'', NULL},
    {0x2019, '\'', NULL},
    {0x211D, MARK_NUMBERS, "R"},
    {0x2124, MARK_NUMBERS, "Z"},
    {0x2115, MARK_NUMBERS, "N"},
    {0x211A, MARK_NUMBERS, "Q"},
    {0x2102, MARK_NUMBERS, "C"},
    {0x2113, 0, "ell"},
    {0x03B1, 0, "alpha"},
    {0x03B2, 0, "beta"},
    {0x03B3, 0, "gamma"},
    {0x03B4, 0, "delta"},
    {0x03B5, 0, "epsilon"},
    {0x03B6, 0, "zeta"},
    {0x03B7, 0, "eta"},
    {0x03B8, 0, "theta"},
    {0x03B9, 0, "iota"},
    {0x03BA, 0, "kappa"},
    {0x03BB, 0, "lambda"},
    {0x03BC, 0, "mu"},
    {0x00B5, 0, "mu"},
    {0x03BD, 0, "nu"},
    {0x03BE, 0, "xi"},
    {0x03C1, 0, "rho"},
    {0x03C3, 0, "sigma"},
    {0x03C4, 0, "tau"},
    {0x03C5, 0, "upsilon"},
    {0x03C6, 0, "phi"},
    {0x03D5, 0, "phi"},
    {0x03C7, 0, "chi"},
    {0x03C8, 0, "psi"},
    {0x03C9, 0, "omega"},
    {0x0393, 0, "Gamma"},
    {0x0394, 0, "Delta"},
    {0x2206, 0, "Delta"},
    {0x0398, 0, "Theta"},
    {0x039B, 0, "Lambda"},
    {0x03A3, 0, "Sigma"},
    {0x03A6, 0, "Phi"},
    {0x03A8, 0, "Psi"},
    {0x03A9, 0, "Omega"},
};

/* Short letter runs that are words, not products of letters. Longer ones are words anyway. */
static const char *const SHORT_WORDS[] = {
    "no",  "No",  "It",  "on",  "of",  "to",  "is",  "it",  "in",   "at",  "by",  "as",
    "or",  "if",  "be",  "we",  "he",  "me",  "my",  "up",  "us",   "so",  "do",  "go",
    "an",  "am",  "pm",  "and", "the", "for", "all", "any", "are",  "not", "but", "can",
    "has", "had", "was", "one", "two", "six", "ten", "odd", "yes",  "few", "how", "its",
    "now", "out", "per", "way", "who", "why", "you", "day", "days", "min", "sec", "hrs",
    "ft",  "cm",  "mm",  "km",  "kg",  "mg",  "ml",  "mL",  "in",   "lb",  "lbs", "oz",
    "hr",  "mph", "kph", "kmh", "gal", "pct", "deg", "rad", "red",  "sum", "mod", "let",
    "set", "end", "new", "old", "big", "low", "top", "sun", "mon",  "tue", "wed", "thu",
    "fri", "sat", "may", "jan", "feb", "mar", "apr", "jun", "jul",  "aug", "sep", "oct",
    "nov", "dec", "boy", "man", "men", "her", "his", "she", "tie",  "win", "won",
};

static int compare_names(Text name, const char *other) {
    const size_t size = strlen(other);
    const int order = memcmp(name.data, other, name.size < size ? name.size : size);
    return order != 0 ? order : (name.size > size) - (name.size < size);
}

/* The tables are small and the compiler lays them out as they stand here, in groups a reader can
 * follow; an index over the first letter makes the search short. */
const Command *find_command(Text name) {
    for (size_t i = 0; i < sizeof COMMANDS / sizeof *COMMANDS; i++)
        if (COMMANDS[i].name[0] == name.data[0] && compare_names(name, COMMANDS[i].name) == 0)
            return &COMMANDS[i];
    return NULL;
}

bool find_function(Text name, Function *function) {
    for (int i = 0; i < FUNCTION_factorial; i++) { /* those after it are written otherwise */
        if (compare_names(name, FUNCTION_NAMES[i]) == 0) {
            *function = (Function)i;
            return true;
        }
    }
    static const Function OTHERS[] = {FUNCTION_gcd, FUNCTION_lcm, FUNCTION_max, FUNCTION_min};
    for (size_t i = 0; i < sizeof OTHERS / sizeof *OTHERS; i++) {
        if (compare_names(name, FUNCTION_NAMES[OTHERS[i]]) == 0) {
            *function = OTHERS[i];
            return true;
        }
    }
    for (size_t i = 0; i < sizeof FUNCTION_SPELLINGS / sizeof *FUNCTION_SPELLINGS; i++) {
        if (compare_names(name, FUNCTION_SPELLINGS[i].name) == 0) {
            *function = FUNCTION_SPELLINGS[i].function;
            return true;
        }
    }
    return false;
}

const Sign *find_sign(uint32_t character) {
    for (size_t i = 0; i < sizeof SIGNS / sizeof *SIGNS; i++)
        if (SIGNS[i].character == character) return &SIGNS[i];
    return NULL;
}

bool is_short_word(Text name) {
    char lower[4];
    if (name.size > 4) return false;
    for (size_t i = 0; i < name.size; i++) lower[i] = (char)(name.data[i] | 0x20);
    for (size_t i = 0; i < sizeof SHORT_WORDS / sizeof *SHORT_WORDS; i++) {
        if (compare_names(name, SHORT_WORDS[i]) == 0 ||
            (name.size >= 3 && compare_names((Text){lower, name.size}, SHORT_WORDS[i]) == 0)) {
            return true;
        }
    }
    return false;
}
