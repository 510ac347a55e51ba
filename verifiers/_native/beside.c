/* Is a box a piece of a larger formula? "x = \boxed{7}" states 7; "2 + \boxed{7}" does not, nor
 * does "x > \boxed{7}" or "\sqrt{\boxed{7}}". */
#include "answer.h"

#include <string.h>

enum { FAR = 1000 }; /* bytes on either side of a box within which its formula stands */

static Text without_last(Text text, size_t size) { return text_slice(text, 0, text.size - size); }

static char last_byte(Text text) { return text.size > 0 ? text.data[text.size - 1] : '\0'; }

static bool is_one_of(char byte, const char *list) {
    return byte != '\0' && strchr(list, byte) != NULL;
}

Beside beside_box(Text text, const Box *box) {
    text.size = text.size - box->end > FAR ? box->end + FAR : text.size;
    size_t start = box->start > FAR ? box->start - FAR : 0;
    for (size_t i = start; i + 1 < box->start; i++) {
        if (text.data[i] == '\n' && text.data[i + 1] == '\n') {
            start = i + 2;
        }
    }
    for (size_t at = start; at < box->start;) {
        Piece piece;
        if (!formula_at(text, at, &piece)) {
            const char next = at + 1 < text.size ? text.data[at + 1] : '\0';
            at += 1 + (text.data[at] == '\\' && (next == '\\' || next == '$'));
            continue;
        }
        const size_t from = (size_t)(piece.inside.data - text.data), to = from + piece.inside.size;
        if (from <= box->start && to >= box->end) {
            return (Beside){text_slice(text, from, box->start), text_slice(text, box->end, to),
                            true};
        }
        at = piece.end;
    }
    return (Beside){text_slice(text, start, box->start), text_slice(text, box->end, text.size),
                    false};
}

/* ---- commands -------------------------------------------------------------------------------- */

/* Those in whose braces a formula stays what it is. */
static const char WRAPPERS[] =
    " text textbf textit textrm textcolor mathbf mathrm mathit mathsf mathbb boldsymbol bm bold bf "
    "mbox hbox underline uline emph color colorbox large displaystyle ensuremath "
    "operatorname "
    "textnormal rm tt texttt center centering ";
/* Those beside which a box may stand alone: relations, arrows, spaces, sizes. */
static const char APART[] =
    " approx equiv cong sim simeq doteq in to rightarrow longrightarrow leadsto implies iff mapsto "
    "leftrightarrow longleftrightarrow longmapsto therefore because quad qquad left right big bigl "
    "bigr bigg biggl biggr displaystyle textstyle large huge bf rm colon coloneqq triangleq hfill "
    "newline hline centering checkmark blacksquare square box qed qedsymbol pmod bmod mod dots "
    "ldots end begin text textbf textit textrm mathrm mathbf mbox hspace vspace tag label notag "
    "space thinspace medspace hookrightarrow rightsquigarrow eqqcolon ast star "
    "fbox boxed colorbox cm degree circ ";

/* The name of the command that ends with `text`; empty if none does. */
static Text command_before(Text text) {
    size_t start = text.size;
    while (start > 0 && is_letter(text.data[start - 1])) {
        start--;
    }
    const bool command = start > 0 && start < text.size && text.data[start - 1] == '\\';
    return command ? text_slice(text, start, text.size) : (Text){"", 0};
}

static bool is_escaped(Text text, size_t at) {
    size_t slashes = 0;
    while (slashes < at && text.data[at - slashes - 1] == '\\') {
        slashes++;
    }
    return slashes % 2 == 1;
}

/* Where the last brace opens that is not closed in text[0, end); text.size if none is. */
static size_t open_brace(Text text, size_t end) {
    size_t depth = 0;
    for (size_t at = end; at-- > 0;) {
        const char byte = text.data[at];
        if ((byte != '{' && byte != '}') || is_escaped(text, at)) {
            continue;
        }
        if (byte == '}') {
            depth++;
        } else if (depth-- == 0) {
            return at;
        }
    }
    return text.size;
}

/* Does the argument that opens at `brace`, or the one before it, belong to a command that leaves a
 * formula what it is, or to none? */
static bool is_wrapper(Text text, size_t brace) {
    Text before = text_slice(text, 0, brace);
    if (last_byte(before) == '}') { /* \textcolor{red}{...}, {\color{red}...} */
        const size_t first = open_brace(text, brace - 1);
        before = text_slice(text, 0, first < text.size ? first : 0);
        return word_in(command_before(before), WRAPPERS);
    }
    const Text name = command_before(before);
    return name.size > 0 ? word_in(name, WRAPPERS) : !is_one_of(last_byte(before), "^_]");
}

/* \sqrt{\boxed{7}}, \frac{1}{\boxed{7}}, 2^{\boxed{7}}, \phantom{\boxed{7}} */
static bool is_argument(Text left) {
    size_t brace = open_brace(left, left.size);
    for (int depth = 0; brace < left.size && depth < 8; depth++) {
        if (!is_wrapper(left, brace)) {
            return true;
        }
        const size_t outer = open_brace(left, brace);
        brace = outer < brace ? outer : left.size;
    }
    return brace < left.size;
}

/* ---- the left side --------------------------------------------------------------------------- */

/* Drops spaces, \quad, \left(, an opening parenthesis or a brace that say nothing about a value. */
static Text trim_left_side(Text left, bool formula) {
    static const char SPACES[] =
        " quad qquad left big bigl bigg biggl displaystyle textstyle large huge bf rm ";
    for (size_t size = left.size + 1; size != left.size;) {
        size = left.size;
        const char last = last_byte(left), before = last_byte(without_last(left, left.size > 0));
        if (formula && is_one_of(last, ",;:! {$") && is_escaped(left, left.size - 1)) {
            left = without_last(left, 2);
        } else if (is_one_of(last, formula ? " \t\r\n~&{([" : " \t~$`(")) {
            left = without_last(left, 1);
        } else if (!formula && last == '*' && before == '*') {
            left = without_last(left, 2);
        } else if (!formula && before == '\\' && is_one_of(last, "([")) {
            left = without_last(left, 2);
        } else {
            const Text name = command_before(left);
            if (word_in(name, SPACES) || word_in(name, WRAPPERS)) {
                left = without_last(left, name.size + 1);
            }
        }
    }
    return left;
}

/* A whole group before the box: text and its like says something, any other is a factor. */
static bool is_factor_group(Text left) {
    const size_t brace = open_brace(left, left.size - 1);
    if (brace == left.size || is_escaped(left, left.size - 1)) {
        return true;
    }
    const Text name = command_before(text_slice(left, 0, brace));
    return !word_in(name, WRAPPERS) && !word_in(name, APART);
}

/* "(1)", "(a)" and nothing before it: the label of a part. */
static bool is_part_label(Text left) {
    left = text_trim(left);
    return left.size <= 5 && text_starts(left, TEXT("("));
}

static bool ends_any(Text text, const Text *list, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (text_ends(text, list[i])) {
            return true;
        }
    }
    return false;
}

static bool begins_with_any(Text text, const Text *list, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (text_continues(text, 0, list[i])) {
            return true;
        }
    }
    return false;
}

static const Text OPERATORS[] = {LITERAL("×"), LITERAL("÷"), LITERAL("≠"), LITERAL("≤"),
                                 LITERAL("≥"), LITERAL("√"), LITERAL("⋅"), LITERAL("∙"),
                                 LITERAL("≮"), LITERAL("≯"), LITERAL("∫")};
/* Commands that join a box to what stands beside it, where no dollar says that a formula it is. */
static const char JOINING[] =
    " times cdot div pm mp le leq leqslant ge geq geqslant lt gt ne neq ll gg sqrt frac dfrac "
    "tfrac "
    "sin cos tan log ln exp arcsin arccos arctan sum int prod lim cup cap setminus circ ast ";

/* Is what ends here a number or a letter that an operator could join? */
static bool is_operand(Text left) {
    const char last = last_byte(left);
    if (is_digit(last) || is_one_of(last, ")}$")) {
        return true;
    }
    const char before = left.size > 1 ? left.data[left.size - 2] : ' ';
    return is_letter(last) && !is_letter(before) && before != '<' && before != '/';
}

static bool joined_left_in_prose(Text left) {
    const char last = last_byte(left);
    if (ends_any(left, OPERATORS, COUNT(OPERATORS)) || word_in(command_before(left), JOINING)) {
        return true;
    }
    if (!is_one_of(last, "+-*/<>^")) {
        return false;
    }
    Text before = without_last(left, 1);
    while (last_byte(before) == ' ') {
        before = without_last(before, 1);
    }
    return is_operand(before);
}

static bool joined_left_in_formula(Text left) {
    const char last = last_byte(left);
    const Text name = command_before(left);
    if (name.size > 0) {
        return !word_in(name, APART);
    }
    if (last == '}') {
        return is_factor_group(left);
    }
    if (last == '>') { /* an arrow */
        return !is_one_of(last_byte(without_last(left, 1)), "-=");
    }
    if (last == ')') {
        return !is_part_label(left);
    }
    if (last == '\\' || last == ']') { /* a new line: \\, \\[2pt] */
        const Text line = text_slice(left, left.size > 12 ? left.size - 12 : 0, left.size);
        return !text_contains(line, TEXT("\\\\"));
    }
    return is_letter(last) || is_digit(last) || is_one_of(last, "+*/^_<|!'") ||
           ends_any(left, OPERATORS, COUNT(OPERATORS));
}

/* A sign that is the box's own: "= -\boxed{7}". */
static Text without_sign(Text left, bool formula) {
    static const Text SIGNS[] = {LITERAL("-"), LITERAL("−"), LITERAL("\\pm"), LITERAL("±")};
    for (size_t i = 0; i < COUNT(SIGNS); i++) {
        if (!text_ends(left, SIGNS[i])) {
            continue;
        }
        const Text before = trim_left_side(without_last(left, SIGNS[i].size), formula);
        const bool begins = before.size == 0 || is_one_of(last_byte(before), "=,;:");
        return begins || (formula && text_ends(before, TEXT("\\approx"))) ? before : left;
    }
    return left;
}

static bool is_joined_left(Text left, bool formula) {
    if (is_argument(left)) {
        return true;
    }
    const Text near = without_sign(left, formula);
    left = trim_left_side(near, formula);
    if (left.size == 0) {
        return false;
    }
    return formula ? is_one_of(last_byte(left), "-") || text_ends(left, TEXT("−")) ||
                         joined_left_in_formula(left)
                   : joined_left_in_prose(left);
}

/* ---- the right side -------------------------------------------------------------------------- */

static Text skip_right(Text right, size_t size) { return text_slice(right, size, right.size); }

static char first_byte(Text text) { return text.size > 0 ? text.data[0] : '\0'; }

/* The name of the command that begins here; empty if none does. */
static Text command_behind(Text text) {
    size_t end = 1;
    while (first_byte(text) == '\\' && end < text.size && is_letter(text.data[end])) {
        end++;
    }
    return end > 1 ? text_slice(text, 1, end) : (Text){"", 0};
}

/* Drops spaces and what closes a group: of \left( \boxed{7} \right) both sides are then bare. */
static Text trim_right_side(Text right) {
    for (size_t size = right.size + 1; size != right.size;) {
        size = right.size;
        const char first = first_byte(right), next = right.size > 1 ? right.data[1] : '\0';
        const Text name = command_behind(right);
        if (first == '\\' && is_one_of(next, ",;:! }")) {
            right = skip_right(right, 2);
        } else if (is_one_of(first, " \t\r\n~&})]")) {
            right = skip_right(right, 1);
        } else if (word_in(name, " right big bigr bigg biggr quad qquad ")) {
            right = skip_right(right, name.size + 1);
        }
    }
    return right;
}

static bool joined_right_in_formula(Text right) {
    right = trim_right_side(right);
    const char first = first_byte(right), next = right.size > 1 ? right.data[1] : ' ';
    const Text name = command_behind(right);
    if (name.size > 0) {
        return !word_in(name, APART) && !text_equal(name, TEXT("Omega")); /* ohms */
    }
    if (first == '(') { /* "(cm)", "(\text{as wanted})" */
        return is_digit(next) || next == '-' ||
               (is_letter(next) && right.size > 2 && !is_letter(right.data[2]));
    }
    if (first == '-' || first == '=') { /* an arrow, or an equation */
        return first == '-' && next != '>';
    }
    return is_digit(first) || (is_letter(first) && !is_letter(next)) ||
           is_one_of(first, "[+*/^_<>!|") || begins_with_any(right, OPERATORS, COUNT(OPERATORS)) ||
           text_starts(right, TEXT("−")) || text_starts(right, TEXT("·"));
}

static bool begins_operand(Text right) {
    while (first_byte(right) == ' ') {
        right = skip_right(right, 1);
    }
    const char first = first_byte(right), next = right.size > 1 ? right.data[1] : ' ';
    return is_digit(first) || is_one_of(first, "$\\(") ||
           (is_letter(first) && !is_letter(next) && next != '>');
}

static bool joined_right_in_prose(Text right) {
    size_t at = 0;
    while (at < right.size &&
           (is_one_of(right.data[at], " $`}~") || text_continues(right, at, TEXT("**")) ||
            text_continues(right, at, TEXT("\\)")) || text_continues(right, at, TEXT("\\]")))) {
        at += is_one_of(right.data[at], " $`}~") ? 1 : 2;
    }
    right = skip_right(right, at);
    if (begins_with_any(right, OPERATORS, COUNT(OPERATORS)) ||
        word_in(command_behind(right), JOINING)) {
        return true;
    }
    const bool dash = text_starts(right, TEXT("−")) || text_starts(right, TEXT("–"));
    return (dash && begins_operand(skip_right(right, 3))) ||
           (is_one_of(first_byte(right), "+-*/<>^") && begins_operand(skip_right(right, 1)));
}

bool is_piece(Text text, const Box *box, size_t end) {
    const Beside beside = beside_box(text, box);
    const size_t own = end - box->end;
    Text right = skip_right(beside.right, own < beside.right.size ? own : beside.right.size);
    if (is_joined_left(beside.left, beside.formula)) {
        return true;
    }
    return beside.formula ? joined_right_in_formula(right) : joined_right_in_prose(right);
}

bool is_hidden(Text text, const Box *box) {
    const Text before = text_slice(text, 0, box->start);
    for (size_t at = before.size; at >= 4; at--) {
        if (text_continues(before, at - 3, TEXT("-->"))) {
            break;
        }
        if (text_continues(before, at - 4, TEXT("<!--"))) {
            return true;
        }
    }
    size_t at = box->start; /* "% \boxed{7}", but not "50% \boxed{8}" */
    while (at > 0 && is_one_of(text.data[at - 1], " $")) {
        at--;
    }
    if (at == 0 || text.data[at - 1] != '%') {
        return false;
    }
    while (at > 0 && is_one_of(text.data[at - 1], " %")) {
        at--;
    }
    return at == 0 || !(is_digit(text.data[at - 1]) || is_one_of(text.data[at - 1], "\\})$"));
}
