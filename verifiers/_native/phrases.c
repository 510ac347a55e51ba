/* The phrases that announce an answer. A phrase is a noun ("answer", "答案"), perhaps an adjective
 * or "to the question", and a copula (":", "is", "是"); or the noun alone as the heading of a line.
 */
#include "answer.h"

typedef struct {
    const char *text;
    size_t size;
    bool direct; /* what follows needs no copula, as in "उत्तर 42 है" or "故选C" */
} Phrase;

#define NOUN(literal) {(literal), sizeof(literal) - 1, false}
#define DIRECT(literal) {(literal), sizeof(literal) - 1, true}

/* Matched without regard to the case of ASCII letters, which are written small here. */
static const Phrase NOUNS[] = {
    NOUN("answers"), /* English */
    NOUN("answer"),
    NOUN("答案"),   /* Chinese */
    NOUN("答え"),   /* Japanese */
    NOUN("答"),     /* Chinese, Japanese: 答：42 */
    DIRECT("故选"), /* Chinese, multiple choice */
    DIRECT("所以选"),
    DIRECT("因此选"),
    DIRECT("应选"),
    NOUN("correct choice"), /* English, multiple choice */
    NOUN("correct option"),
    NOUN("解答"),      /* Japanese */
    NOUN("정답"),      /* Korean */
    NOUN("답"),        /* Korean */
    NOUN("réponse"),   /* French */
    NOUN("antwort"),   /* German */
    NOUN("respuesta"), /* Spanish */
    NOUN("resposta"),  /* Portuguese */
    NOUN("risposta"),  /* Italian */
    NOUN("Ответ"),     /* Russian */
    NOUN("ответ"),
    NOUN("Đáp án"), /* Vietnamese */
    NOUN("đáp án"),
    NOUN("Đáp số"),
    NOUN("đáp số"),
    DIRECT("الإجابة"), /* Arabic */
    DIRECT("الجواب"),
    DIRECT("الاجابة"),
    DIRECT("उत्तर"), /* Hindi */
};

/* Longer ones first where one begins another. A word of Latin script must end where it ends. */
static const Phrase COPULAS[] = {
    NOUN("："),       NOUN(":"),       NOUN("="),       NOUN("is"),     NOUN("should be"),
    NOUN("would be"), NOUN("will be"), NOUN("must be"), NOUN("equals"), NOUN("was"),
    NOUN("are"),      NOUN("应该是"),  NOUN("应该为"),  NOUN("应为"),   NOUN("应是"),
    NOUN("就是"),     NOUN("是"),      NOUN("选"),      NOUN("为"),     NOUN("為"),
    NOUN("は"),       NOUN("은"),      NOUN("는"),      NOUN("est"),    NOUN("ist"),
    NOUN("lautet"),   NOUN("es"),      NOUN("é"),       NOUN("è"),      NOUN("là"),
    NOUN("هي"),       NOUN("هو"),      NOUN("है"),       NOUN("—"),      NOUN("–"),
};

/* What may stand between the noun and the copula. */
static const char ADJECTIVES[] =
    " final finale finales correct correcta correcto correcte corretta correta richtige here then "
    "therefore thus cuối cùng النهائية الصحيحة अंतिम सही ";
static const char PREPOSITIONS[] = " to for of à a zu auf alla para ";

static bool word_goes_on(Text text, size_t at) {
    return at < text.size && (is_letter(text.data[at]) || (unsigned char)text.data[at] >= 0xC3) &&
           (is_letter(text.data[at]) || (unsigned char)text.data[at] < 0xD8);
}

static const Phrase *phrase_at(const Phrase *table, size_t count, Text text, size_t at) {
    for (size_t i = 0; i < count && at < text.size; i++) {
        Text literal = {table[i].text, table[i].size};
        if ((text.data[at] | 32) != (literal.data[0] | 32) || !text_continues(text, at, literal)) {
            continue;
        }
        bool latin = is_letter(literal.data[0]) || is_letter(literal.data[literal.size - 1]) ||
                     text_equal(literal, TEXT("é")) || text_equal(literal, TEXT("è"));
        if (!latin || !word_goes_on(text, at + literal.size)) {
            return &table[i];
        }
    }
    return NULL;
}

static size_t skip_marks(Text text, size_t at) {
    while (at < text.size &&
           (text.data[at] == ' ' || text.data[at] == '\t' || text.data[at] == '*' ||
            text.data[at] == '_' || text.data[at] == '`' || text.data[at] == '"')) {
        at++;
    }
    return at;
}

/* "### ✅ Final Answer", "**The answer": nothing but marks and a few known words before the noun.
 */
static bool heads_line(Text text, size_t noun) {
    size_t start = noun;
    while (start > 0 && noun - start < 64 && text.data[start - 1] != '\n') {
        start--;
    }
    if (start > 0 && text.data[start - 1] != '\n') {
        return false;
    }
    Text before = text_slice(text, start, noun);
    size_t at = 0;
    Piece piece;
    while (piece_next(before, &at, &piece)) {
        if (piece.kind == PIECE_FORMULA || piece.digits ||
            (piece.kind == PIECE_WORD && !word_in(piece.inside, " the my your final correct so "
                                                                "最终 最后 la le die der 最終 "))) {
            return false;
        }
    }
    return true;
}

static size_t line_end(Text text, size_t at) {
    while (at < text.size && text.data[at] != '\n') {
        at++;
    }
    return at;
}

/* The statement runs to the end of its sentence or line; formulas protect what is in them. */
static Text statement_from(Text text, size_t start) {
    size_t at = start, next;
    Piece formula;
    bool said = false;
    char last = '\0'; /* the last byte that is not white space */
    while (at < text.size) {
        if (formula_at(text, at, &formula)) {
            at = formula.end;
            said = true;
            continue;
        }
        char byte = text.data[at];
        if (byte == '\n') {
            size_t after = skip_marks(text, at + 1);
            if (said && last != ':' && !text_continues(text, after, TEXT("\\[")) &&
                !text_continues(text, after, TEXT("$$"))) {
                break;
            }
            at++;
            continue;
        }
        bool environment = text_continues(text, at, TEXT("\\begin{"));
        if (environment) { /* one piece of math, over several lines */
            bool open;
            size_t scanned, end = math_run(text, at, &open, &scanned);
            said = true;
            at = end > at ? end : at + 1;
            continue;
        }
        if (text_continues(text, at, TEXT("```"))) { /* a fence, with the name of its language */
            at = line_end(text, at);
            continue;
        }
        if (said && sentence_ends(text, at, &next)) {
            at = next;
            break;
        }
        said = said || !(byte == ' ' || byte == '\t' || byte == '\r' || byte == '*' ||
                         byte == '_' || byte == '#' || byte == '>' || byte == ':' || byte == '-');
        last = byte == ' ' || byte == '\t' || byte == '\r' ? last : byte;
        at++;
    }
    return text_trim(text_slice(text, start, at));
}

static bool starts_math(Text text, size_t at) {
    if (at >= text.size) {
        return false;
    }
    Piece piece;
    return is_digit(text.data[at]) || text.data[at] == '\\' || formula_at(text, at, &piece) ||
           ((text.data[at] == '-' || text.data[at] == '$') && at + 1 < text.size &&
            is_digit(text.data[at + 1]));
}

/* After a noun that ends at `at`: where its statement begins. */
static bool statement_start(Text text, size_t noun, size_t at, bool direct, size_t *start) {
    const size_t copulas = sizeof COPULAS / sizeof *COPULAS;
    size_t from = at;
    unsigned words = 0;
    bool preposition = false;
    for (;;) {
        at = skip_marks(text, at);
        if (at < text.size && text.data[at] == ')') {
            at = skip_marks(text, at + 1);
        }
        const Phrase *copula = phrase_at(COPULAS, copulas, text, at);
        if (copula != NULL && !(preposition && copula->text[0] == '=')) {
            at = skip_marks(text, at + copula->size);
            copula = phrase_at(COPULAS, 3, text, at); /* "is: 42" */
            *start = copula != NULL ? skip_marks(text, at + copula->size) : at;
            return true;
        }
        if (at >= text.size || text.data[at] == '\n' || text.data[at] == '\r') {
            *start = at;
            return words == 0 && at < text.size && heads_line(text, noun);
        }
        size_t next = at;
        Piece piece;
        Text near = text_slice(text, 0, text.size - at > 64 ? at + 64 : text.size);
        if (!piece_next(near, &next, &piece) || piece.kind == PIECE_MARK || piece.digits ||
            piece.kind == PIECE_FORMULA ||
            !(preposition || word_in(piece.inside, ADJECTIVES) ||
              word_in(piece.inside, PREPOSITIONS)) ||
            ++words > 7) {
            break;
        }
        preposition = preposition || word_in(piece.inside, PREPOSITIONS);
        at = next;
    }
    *start = skip_marks(text, from);
    if (text_ends(text_slice(text, 0, from), TEXT("选"))) { /* "故选B", but not "故选3人" */
        return direct && *start < text.size && !is_digit(text.data[*start]);
    }
    return direct || (starts_math(text, *start) && heads_line(text, noun));
}

/* "#### 42", as in GSM8K; but "#### Step 4" and "#### 4. Check" are headings. */
static bool hashes_at(Text text, size_t at, Text *statement) {
    if (!text_continues(text, at, TEXT("####")) || (at > 0 && text.data[at - 1] != '\n')) {
        return false;
    }
    *statement = text_trim(text_slice(text, at + 4, line_end(text, at)));
    size_t dot = 0;
    while (dot < statement->size && is_digit(statement->data[dot])) {
        dot++;
    }
    bool heading = dot > 0 && dot + 1 < statement->size && statement->data[dot] == '.' &&
                   statement->data[dot + 1] == ' ';
    return statement->size > 0 && !heading && starts_math(*statement, 0) && prose_whole(*statement);
}

typedef enum { STATED, SUPPOSED, DENIED, ALTERNATIVE } Stance;

/* What the words directly before the noun make of it: "I don't think the answer is 42", "check
 * whether the answer is 42", "or the answer is 43". */
static Stance stance_before(Text text, size_t noun) {
    size_t at = noun > 48 ? noun - 48 : 0;
    Text before = text_slice(text, 0, noun);
    Piece piece;
    Stance stance = STATED;
    bool whole = at == 0;
    while (piece_next(before, &at, &piece)) {
        if (!whole) { /* perhaps half a word */
            whole = true;
        } else if (piece.kind == PIECE_MARK && piece.mark != '*' && piece.mark != '_') {
            stance = STATED;
        } else if (piece.kind == PIECE_WORD) {
            stance = word_in(piece.inside, " or oder ou maybe perhaps possibly 或 或者 ")
                         ? ALTERNATIVE
                     : word_in(piece.inside, " not don't doubt never isn't false no wrong wrongly ")
                         ? DENIED
                     : word_in(piece.inside, " if whether unless suppose assume assuming say ")
                         ? SUPPOSED
                         : stance;
        }
    }
    return stance;
}

static size_t line_start(Text text, size_t at) {
    while (at > 0 && text.data[at - 1] != '\n') {
        at--;
    }
    return at;
}

bool phrase_last(Text text, Text *statement) {
    bool first[256] = {['#'] = true};
    for (size_t i = 0; i < sizeof NOUNS / sizeof *NOUNS; i++) {
        unsigned char byte = (unsigned char)NOUNS[i].text[0];
        first[byte] = true;
        if (is_letter((char)byte)) {
            first[byte - 32] = true;
        }
    }
    for (size_t at = text.size; at-- > 0;) {
        if (!first[(unsigned char)text.data[at]]) {
            continue;
        }
        if (text.data[at] == '#') {
            if (hashes_at(text, at, statement)) {
                return true;
            }
            continue;
        }
        const Phrase *noun = phrase_at(NOUNS, sizeof NOUNS / sizeof *NOUNS, text, at);
        size_t start;
        if (noun == NULL || (is_letter(noun->text[0]) && at > 0 && is_letter(text.data[at - 1])) ||
            !statement_start(text, at, at + noun->size, noun->direct, &start)) {
            continue;
        }
        Stance stance = stance_before(text, at);
        if (stance == SUPPOSED) {
            continue;
        }
        *statement = statement_from(text, start);
        if (stance == DENIED) {
            statement->size = 0;
            return true;
        }
        if (stance == ALTERNATIVE) { /* all that the line says */
            *statement = text_trim(text_slice(text, line_start(text, at), line_end(text, at)));
            return true;
        }
        /* "I hope the answer is correct." states none. */
        Text said = *statement;
        while (said.size > 0 && !is_letter(said.data[said.size - 1]) &&
               (unsigned char)said.data[said.size - 1] < 0x80) {
            said.size--;
        }
        if (!word_in(said, " correct right helpful clear accurate ")) {
            return true;
        }
    }
    return false;
}
