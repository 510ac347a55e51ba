/* LaTeX commands. */
#include "lexing.h"

static void skip_group(Lexer *lexer) { raw_group(lexer, lexer->at, &lexer->at); }

static void lex_environment(Lexer *lexer, bool begins) {
    size_t end;
    const Text name = text_trim(raw_group(lexer, lexer->at, &end));
    lexer->at = end;
    Token *token = new_token(lexer, TOKEN_COMMAND);
    token->mark = begins ? 'b' : 'e';
    token->text = name;
    lexer->math = true;
    lexer->environments += begins ? 1 : -1;
    if (lexer->environments < 0) lexer->tokens.unbalanced = true;
    size_t at = lexer->at;
    while (byte_at(lexer, at) == ' ') at++;
    if (begins && (text_equal(name, TEXT("array")) || text_equal(name, TEXT("tabular"))) &&
        byte_at(lexer, at) == '{') {
        skip_group(lexer); /* the column specification */
    }
}

static void lex_decoration(Lexer *lexer, const Command *command) {
    size_t end;
    const Text raw = text_trim(raw_group(lexer, lexer->at, &end));
    lexer->at = end;
    Token *token = new_token(lexer, TOKEN_SYMBOL);
    token->text = plain_name(lexer, command->text, TEXT(""), "", raw);
    if (raw.size == 0) lexer->tokens.broken = true;
    lex_subscript(lexer, token);
    argument_done(lexer);
}

/* Whether letters alone are decorated. */
static bool raw_letters(const Lexer *lexer) {
    size_t end;
    const Text raw = text_trim(raw_group(lexer, lexer->at, &end));
    for (size_t i = 0; i < raw.size; i++)
        if (!is_letter((unsigned char)raw.data[i])) return false;
    return true;
}

void lex_command(Lexer *lexer) {
    const size_t start = lexer->at;
    const int next = byte_at(lexer, start + 1);
    lexer->math = true;
    if (!is_letter(next)) {
        lexer->at = start + 2;
        switch (next) {
        case '\\': push_mark(lexer, MARK_ROW); return;
        case '{': push_mark(lexer, MARK_SET_OPEN); return;
        case '}': push_mark(lexer, MARK_SET_CLOSE); return;
        case '|': push_mark(lexer, MARK_NORM); return;
        case '%': push_mark(lexer, '%'); return;
        case '$': new_token(lexer, TOKEN_UNIT)->text = TEXT("dollar"); return;
        case '&': push_mark(lexer, '&'); return;
        case '(':
        case ')':
        case '[':
        case ']': /* formula delimiters */
        case ',':
        case ';':
        case ':':
        case '!':
        case ' ':
        case '>':
        case '/':
        case '\n':
        case '"':
        case '-': lexer->spaced = true; return;
        case 0: /* a stray backslash at the end */ lexer->at = start + 1; return;
        default: lexer->tokens.broken = true; return;
        }
    }
    size_t end = start + 1;
    while (is_letter(byte_at(lexer, end))) end++;
    const Text name = slice(lexer, start + 1, end);
    const Command *command = find_command(name);
    lexer->at = end;
    Function function;
    if (command == NULL &&
        text_starts(name, TEXT("quad"))) { /* \quadx, where spaces were stripped */
        lexer->at = start + 5;
        lexer->spaced = true;
        return;
    }
    if (command == NULL) {
        if (find_function(name, &function)) {
            Token *token = new_token(lexer, TOKEN_FUNCTION);
            token->function = function;
            token->text = name;
        } else {
            lexer->tokens.broken = true;
        }
        argument_done(lexer);
        return;
    }
    Token *token;
    size_t after = lexer->at;
    const bool upright = command->kind == COMMAND_PROSE ||
                         (command->kind == COMMAND_DECORATION && command->text[0] == 0);
    const Text held = upright || command->kind == COMMAND_BLACKBOARD
                          ? text_trim(raw_group(lexer, after, &after))
                          : TEXT("");
    if (upright && names_numbers(held) && numbers_expected(lexer, after, true)) {
        push_numbers(lexer, held, after); /* \mathbf{R}, k \in \mathrm{Z} */
        return;
    }
    switch (command->kind) {
    case COMMAND_ARGUMENTS:
        token = new_token(lexer, TOKEN_COMMAND);
        token->text = name_text(command->text);
        expect_arguments(lexer, command->value);
        return;
    case COMMAND_DECORATION:
        if (command->text[0] == 0 && !raw_letters(lexer))
            lexer->spaced = true; /* \mathbf{42} */
        else
            lex_decoration(lexer, command);
        return;
    case COMMAND_BLACKBOARD:
        if (text_equal(held, TEXT("P")) || text_equal(held, TEXT("E")))
            lex_decoration(lexer, command); /* \mathbb{P}(A) */
        else
            push_numbers(lexer, held, after);
        return;
    case COMMAND_BEGIN: lex_environment(lexer, true); return;
    case COMMAND_END: lex_environment(lexer, false); return;
    case COMMAND_PROSE:
        while (byte_at(lexer, lexer->at) == ' ') lexer->at++;
        if (byte_at(lexer, lexer->at) == '{' && lexer->prose_braces == 0) {
            lexer->at++;
            lexer->prose_braces = ++lexer->braces; /* its closing brace is found in lex_brace */
        }
        lexer->spaced = true;
        return;
    case COMMAND_OPERATOR:
        token = new_token(lexer, TOKEN_COMMAND);
        token->text = name_text(command->text);
        token->mark = 'o';
        return;
    case COMMAND_MARK:
        token = new_token(lexer, TOKEN_MARK);
        token->mark = command->value;
        if (command->text != NULL) token->text = name_text(command->text);
        break;
    case COMMAND_CONSTANT: new_token(lexer, TOKEN_CONSTANT)->mark = command->value; break;
    case COMMAND_DELIMITER:
        while (byte_at(lexer, lexer->at) == ' ') lexer->at++;
        if (byte_at(lexer, lexer->at) == '.') lexer->at++; /* \left. is no delimiter at all */
        return;
    case COMMAND_SYMBOL:
        token = new_token(lexer, TOKEN_SYMBOL);
        token->text = name_text(command->text);
        lex_subscript(lexer, token);
        break;
    case COMMAND_SKIP:
        lexer->spaced = true;
        lexer->apart |= command->value == 1;
        return;
    case COMMAND_SKIP_ARGUMENT: skip_group(lexer); return;
    }
    argument_done(lexer);
}
