/* Small work on expressions: copies, substitution, symbols, and a canonical text. */
#include <stdlib.h>
#include <string.h>

#include "expression.h"

Node *node_new(Arena *arena, NodeKind kind, uint32_t count) {
    Node *node = arena_take(arena, sizeof *node);
    if (node == NULL) return NULL;
    *node = (Node){.kind = kind, .places = -1, .count = count};
    if (count > 0) {
        node->children = arena_take(arena, count * sizeof *node->children);
        if (node->children == NULL) return NULL;
        memset(node->children, 0, count * sizeof *node->children);
    }
    return node;
}

Node *node_number(Arena *arena, int64_t value) {
    Node *node = node_new(arena, NODE_NUMBER, 0);
    return node != NULL && rational_from_int64(arena, value, &node->number) ? node : NULL;
}

bool is_scalar(const Node *node) {
    switch (node->kind) {
    case NODE_NUMBER:
    case NODE_SYMBOL:
    case NODE_CONSTANT:
    case NODE_BASED: return true;
    case NODE_QUANTITY:
    case NODE_SUM:
    case NODE_PRODUCT:
    case NODE_QUOTIENT:
    case NODE_POWER:
    case NODE_NEGATE:
    case NODE_CALL:
    case NODE_APPLY:
    case NODE_PERCENT: break;
    default: return false;
    }
    for (uint32_t i = 0; i < node->count; i++)
        if (!is_scalar(node->children[i])) return false;
    return node->kind != NODE_QUANTITY || text_equal(node->text, TEXT("degree"));
}

Node *node_copy(Arena *arena, const Node *node, uint32_t extra) {
    Node *copy = arena_take(arena, sizeof *copy);
    if (copy == NULL) return NULL;
    *copy = *node;
    copy->children = arena_take(arena, (node->count + extra + 1) * sizeof *copy->children);
    if (copy->children == NULL) return NULL;
    if (node->count > 0)
        memcpy(copy->children, node->children, node->count * sizeof *node->children);
    return copy;
}

Node *node_difference(Arena *arena, const Node *a, const Node *b) {
    Node *negative = node_new(arena, NODE_NEGATE, 1), *sum = node_new(arena, NODE_SUM, 2);
    if (negative == NULL || sum == NULL) return NULL;
    negative->children[0] = (Node *)b;
    sum->children[0] = (Node *)a;
    sum->children[1] = negative;
    return sum;
}

Node *node_substitute(Arena *arena, const Node *node, Text name, const Node *value) {
    if (node->kind == NODE_SYMBOL && text_equal(node->text, name)) return (Node *)value;
    if (node->count == 0) return (Node *)node;
    Node *copy = node_copy(arena, node, 0);
    for (uint32_t i = 0; copy != NULL && i < copy->count; i++) {
        copy->children[i] = node_substitute(arena, node->children[i], name, value);
        if (copy->children[i] == NULL) return NULL;
    }
    return copy;
}

bool node_contains(const Node *node, NodeKind kind) {
    if (node->kind == kind) return true;
    for (uint32_t i = 0; i < node->count; i++)
        if (node_contains(node->children[i], kind)) return true;
    return false;
}

static uint64_t mix(uint64_t hash, uint64_t value) {
    hash = (hash ^ value) * 0x9E3779B97F4A7C15u;
    return hash ^ (hash >> 29);
}

static uint64_t mix_integer(uint64_t hash, Integer value) {
    hash = mix(hash, value.negative);
    for (uint32_t i = 0; i < value.count; i++) hash = mix(hash, value.limbs[i]);
    return hash;
}

uint64_t node_hash(const Node *node) {
    uint64_t hash =
        mix(mix(mix(14695981039346656037u, node->kind), (uint64_t)node->mark), node->function);
    for (size_t i = 0; i < node->text.size; i++)
        hash = mix(hash, (unsigned char)node->text.data[i]);
    if (node->kind == NODE_NUMBER || node->kind == NODE_BASED)
        hash = mix_integer(mix_integer(hash, node->number.numerator), node->number.denominator);
    for (uint32_t i = 0; i < node->count; i++) hash = mix(hash, node_hash(node->children[i]));
    return hash;
}

bool scope_find(const Scope *scope, Text name, int64_t *value) {
    for (; scope != NULL; scope = scope->outer) {
        if (text_equal(scope->name, name)) {
            *value = scope->value;
            return true;
        }
    }
    return false;
}

Text bound_name(const Node *variable) {
    return variable->kind == NODE_CONSTANT ? TEXT("i") : variable->text;
}

bool mentions_subscript(const Node *node, Text name) {
    if (node->kind == NODE_SYMBOL || node->kind == NODE_APPLY) {
        const char *mark =
            node->text.size > 0 ? memchr(node->text.data, '_', node->text.size) : NULL;
        for (size_t i = mark == NULL ? node->text.size : (size_t)(mark - node->text.data) + 1;
             i + name.size <= node->text.size; i++) {
            if (memcmp(node->text.data + i, name.data, name.size) == 0) return true;
        }
    }
    for (uint32_t i = 0; i < node->count; i++)
        if (mentions_subscript(node->children[i], name)) return true;
    return false;
}

/* ---- symbols ------------------------------------------------------------------------------ */

ptrdiff_t symbols_find(const Symbols *symbols, Text name) {
    for (uint32_t i = 0; i < symbols->count; i++)
        if (text_equal(symbols->names[i], name)) return (ptrdiff_t)i;
    return -1;
}

static void collect(Symbols *symbols, const Node *node, const Scope *bound) {
    if (node->kind == NODE_SYMBOL) {
        for (const Scope *scope = bound; scope != NULL; scope = scope->outer)
            if (text_equal(scope->name, node->text)) return;
        if (symbols_find(symbols, node->text) >= 0) return;
        if (symbols->count == MAX_SYMBOLS)
            symbols->overflow = true;
        else
            symbols->names[symbols->count++] = node->text;
        return;
    }
    const bool big = node->kind == NODE_CALL &&
                     (node->function == FUNCTION_sum || node->function == FUNCTION_prod);
    const Scope inner = {big ? bound_name(node->children[0]) : TEXT(""), 0, bound};
    for (uint32_t i = big ? 1 : 0; i < node->count; i++)
        collect(symbols, node->children[i], big && i == 3 ? &inner : bound);
}

void symbols_collect(Symbols *symbols, const Node *node) { collect(symbols, node, NULL); }

/* ---- canonical text ----------------------------------------------------------------------- */

typedef struct {
    char *data;
    size_t size, capacity;
    Arena *arena;
} Writer;

static void write_bytes(Writer *writer, const char *data, size_t size) {
    if (writer->size + size + 1 > writer->capacity) {
        const size_t capacity = 2 * (writer->size + size) + 64;
        char *grown = arena_take(writer->arena, capacity);
        if (grown == NULL) return;
        if (writer->size > 0) memcpy(grown, writer->data, writer->size);
        writer->data = grown;
        writer->capacity = capacity;
    }
    if (size > 0) memcpy(writer->data + writer->size, data, size);
    writer->size += size;
    writer->data[writer->size] = 0;
}

static void write_string(Writer *writer, const char *string) {
    write_bytes(writer, string, strlen(string));
}

static int compare_strings(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void write_mark(Writer *writer, int mark) {
    static const struct {
        int mark;
        const char *text;
    } MARKS[] = {{MARK_LE, "<="},           {MARK_GE, ">="},       {MARK_NE, "!="},
                 {MARK_APPROX, "~"},        {MARK_EQUIV, "=="},    {MARK_IN, " in "},
                 {MARK_SUBSET, " subset "}, {MARK_AND, " and "},   {MARK_OR, " or "},
                 {MARK_PLUSMINUS, "+-"},    {MARK_MINUSPLUS, "-+"}};
    for (size_t i = 0; i < sizeof MARKS / sizeof *MARKS; i++) {
        if (MARKS[i].mark == mark) {
            write_string(writer, MARKS[i].text);
            return;
        }
    }
    const char byte = (char)mark;
    if (mark > 0 && mark < 128) write_bytes(writer, &byte, 1);
}

/* Gathers the operands of nested sums or products, so that (a + b) + c and a + (b + c) agree. */
static uint32_t operands(const Node *node, NodeKind kind, const Node **items, uint32_t count,
                         uint32_t limit) {
    if (node->kind != kind || node->applied) {
        if (count < limit) items[count] = node;
        return count + 1;
    }
    for (uint32_t i = 0; i < node->count; i++)
        count = operands(node->children[i], kind, items, count, limit);
    return count;
}

static void write_sorted(Writer *writer, const Node *node, const char *separator) {
    enum { LIMIT = 64 };
    const Node *items[LIMIT];
    const char *texts[LIMIT];
    const uint32_t count = operands(node, node->kind, items, 0, LIMIT);
    if (count > LIMIT) {
        write_string(writer, "?");
        for (uint32_t i = 0; i < node->count; i++)
            write_string(writer, node_canonical(writer->arena, node->children[i]));
        return;
    }
    for (uint32_t i = 0; i < count; i++) texts[i] = node_canonical(writer->arena, items[i]);
    qsort(texts, count, sizeof *texts, compare_strings);
    write_string(writer, "(");
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0) write_string(writer, separator);
        write_string(writer, texts[i]);
    }
    write_string(writer, ")");
}

static void write_node(Writer *writer, const Node *node);

static void write_children(Writer *writer, const Node *node, const char *open,
                           const char *separator, const char *close) {
    write_string(writer, open);
    for (uint32_t i = 0; i < node->count; i++) {
        if (i > 0 && node->ops != NULL && *separator == 0)
            write_mark(writer, node->ops[i - 1]);
        else if (i > 0)
            write_string(writer, separator);
        if (node->children[i] != NULL) write_node(writer, node->children[i]);
    }
    write_string(writer, close);
}

static void write_number(Writer *writer, Rational number) {
    const char *numerator = integer_to_decimal(writer->arena, number.numerator);
    write_string(writer, numerator == NULL ? "?" : numerator);
    if (rational_is_integer(number)) return;
    const char *denominator = integer_to_decimal(writer->arena, number.denominator);
    write_string(writer, "/");
    write_string(writer, denominator == NULL ? "?" : denominator);
}

static void write_node(Writer *writer, const Node *node) {
    if (writer->arena->exhausted) return;
    switch (node->kind) {
    case NODE_NUMBER: write_number(writer, node->number); return;
    case NODE_SYMBOL:
    case NODE_NUMBERS: write_bytes(writer, node->text.data, node->text.size); return;
    case NODE_WORDS:
        write_string(writer, "\"");
        write_bytes(writer, node->text.data, node->text.size);
        write_string(writer, "\"");
        return;
    case NODE_CONSTANT:
        write_string(writer, node->mark == 'p'   ? "pi"
                             : node->mark == 'e' ? "e"
                             : node->mark == 'i' ? "i"
                                                 : "oo");
        return;
    case NODE_SUM: write_sorted(writer, node, " + "); return;
    case NODE_PRODUCT:
        if (node->applied)
            write_children(writer, node, "", " of ", "");
        else
            write_sorted(writer, node, "*");
        return;
    case NODE_QUOTIENT: write_children(writer, node, "(", "/", ")"); return;
    case NODE_POWER: write_children(writer, node, "", "^", ""); return;
    case NODE_NEGATE: write_children(writer, node, "-", "", ""); return;
    case NODE_PLUSMINUS:
        write_mark(writer, node->mark);
        write_children(writer, node, "", "", "");
        return;
    case NODE_CALL:
        write_string(writer, FUNCTION_NAMES[node->function]);
        write_children(writer, node, "(", ", ", ")");
        return;
    case NODE_APPLY:
        write_bytes(writer, node->text.data, node->text.size);
        write_children(writer, node, "(", ", ", ")");
        return;
    case NODE_PERCENT: write_children(writer, node, "", "", "%"); return;
    case NODE_BASED: {
        char base[16] = {'_', (char)('0' + node->places / 10), (char)('0' + node->places % 10), 0};
        write_bytes(writer, node->text.data, node->text.size);
        if (node->places < 10) base[1] = base[2], base[2] = 0;
        write_string(writer, base);
        return;
    }
    case NODE_QUANTITY:
        write_children(writer, node, "", "", " ");
        write_bytes(writer, node->text.data, node->text.size);
        return;
    case NODE_RATIO: write_children(writer, node, "(", " : ", ")"); return;
    case NODE_GROUP:
        if (node->mark == 0) {
            write_children(writer, node, "parts(", "; ", ")");
            return;
        }
        write_mark(writer, node->mark);
        write_children(writer, node, "", ", ", "");
        write_mark(writer, node->close);
        return;
    case NODE_SET: write_children(writer, node, "{", ", ", "}"); return;
    case NODE_BUILDER: write_children(writer, node, "{", " | ", "}"); return;
    case NODE_LIST: write_children(writer, node, "", ", ", ""); return;
    case NODE_UNION: write_children(writer, node, "(", " union ", ")"); return;
    case NODE_INTERSECTION: write_children(writer, node, "(", " intersect ", ")"); return;
    case NODE_DIFFERENCE: write_children(writer, node, "(", " minus ", ")"); return;
    case NODE_MATRIX:
        write_string(writer, node->mark == 'v' || node->mark == 'V' ? "det[" : "[");
        for (uint32_t i = 0; i < node->count; i++) {
            if (i > 0) write_string(writer, i % node->columns == 0 ? "; " : ", ");
            write_node(writer, node->children[i]);
        }
        write_string(writer, "]");
        return;
    case NODE_SYSTEM: write_children(writer, node, "", "; ", ""); return;
    case NODE_RELATION: write_children(writer, node, "", "", ""); return;
    case NODE_EMPTY_SET: write_string(writer, "{}"); return;
    case NODE_OPAQUE: write_string(writer, "<left to computer algebra>"); return;
    }
}

const char *node_canonical(Arena *arena, const Node *node) {
    Writer writer = {.arena = arena};
    write_node(&writer, node);
    return writer.data == NULL || arena->exhausted ? "" : writer.data;
}
