/* Matrices, and what sums and products of them come to. */
#include "comparison.h"

enum { MAX_ENTRY = 4000 };

static Node *matrix_new(Arena *arena, uint32_t rows, uint32_t columns) {
    Node *matrix = node_new(arena, NODE_MATRIX, rows * columns);
    if (matrix == NULL) return NULL;
    matrix->rows = rows;
    matrix->columns = columns;
    return matrix;
}

/* Counts nodes down from `budget`; 0 where there are more. Entries of a product share their parts,
 * so that a short product of symbols may stand for more than can be walked. */
static uint32_t budget_after(const Node *node, uint32_t budget) {
    if (budget == 0) return 0;
    budget--;
    for (uint32_t i = 0; i < node->count && budget > 0; i++)
        budget = budget_after(node->children[i], budget);
    return budget;
}

/* Entries that are numbers become one node; false if an entry is too large or memory is out. */
static bool settle_entries(Arena *arena, Node *matrix) {
    for (uint32_t i = 0; matrix != NULL && i < matrix->count; i++) {
        Rational value;
        if (matrix->children[i] == NULL || budget_after(matrix->children[i], MAX_ENTRY) == 0)
            return false;
        if (!evaluate_exactly(arena, matrix->children[i], &value)) continue;
        Node *number = node_new(arena, NODE_NUMBER, 0);
        if (number == NULL) return false;
        number->number = value;
        matrix->children[i] = number;
    }
    return matrix != NULL && !arena->exhausted;
}

/* A large determinant, or a norm: a number, which we do not work out. */
static bool is_determinant(const Node *node) {
    return node->kind == NODE_MATRIX && (node->mark == 'v' || node->mark == 'V');
}

/* The matrix that a sum, product or multiple of matrices comes to; NULL if it is none. */
static const Node *matrix_value(Arena *arena, const Node *node) {
    if (node->kind == NODE_MATRIX) return is_determinant(node) ? NULL : node;
    if (node->kind == NODE_NEGATE) {
        const Node *inner = matrix_value(arena, node->children[0]);
        Rational minus_one;
        if (inner == NULL || !rational_from_int64(arena, -1, &minus_one)) return NULL;
        Node *result = matrix_new(arena, inner->rows, inner->columns);
        for (uint32_t i = 0; result != NULL && i < inner->count; i++)
            result->children[i] = scaled(arena, inner->children[i], minus_one);
        return result;
    }
    if (node->kind != NODE_SUM && node->kind != NODE_PRODUCT) return NULL;
    const Node *total = matrix_value(arena, node->children[0]);
    for (uint32_t i = 1; i < node->count; i++) {
        const Node *left = total, *right = matrix_value(arena, node->children[i]);
        const Node *factor = left == NULL ? node->children[i - 1] : node->children[i];
        if (left == NULL && right == NULL) return NULL;
        Node *result;
        if (node->kind == NODE_SUM) {
            if (left == NULL || right == NULL || left->rows != right->rows ||
                left->columns != right->columns)
                return NULL;
            result = matrix_new(arena, left->rows, left->columns);
            for (uint32_t k = 0; result != NULL && k < result->count; k++) {
                Node *sum = product_of(arena, left->children[k], right->children[k]);
                if (sum == NULL) return NULL;
                sum->kind = NODE_SUM;
                result->children[k] = sum;
            }
        } else if (left == NULL || right == NULL) {
            const Node *matrix = left == NULL ? right : left;
            if ((left == NULL && i > 1) || !is_scalar(factor)) return NULL;
            result = matrix_new(arena, matrix->rows, matrix->columns);
            for (uint32_t k = 0; result != NULL && k < result->count; k++)
                result->children[k] = product_of(arena, factor, matrix->children[k]);
        } else {
            if (left->columns != right->rows || left->columns > 16) return NULL;
            result = matrix_new(arena, left->rows, right->columns);
            for (uint32_t k = 0; result != NULL && k < result->count; k++) {
                Node *sum = node_new(arena, NODE_SUM, left->columns);
                if (sum == NULL) return NULL;
                for (uint32_t m = 0; m < left->columns; m++) {
                    sum->children[m] =
                        product_of(arena, left->children[k / right->columns * left->columns + m],
                                   right->children[m * right->columns + k % right->columns]);
                    if (sum->children[m] == NULL) return NULL;
                }
                result->children[k] = sum;
            }
        }
        if (!settle_entries(arena, result)) return NULL;
        total = result;
    }
    return total;
}

Rule compare_matrices(Compare *work, const Node *reference, const Node *answer) {
    if (is_determinant(reference) || is_determinant(answer)) {
        return reference->kind == answer->kind && reference->mark == answer->mark &&
                       reference->rows == answer->rows && reference->columns == answer->columns
                   ? compare_children(work, reference, answer, RULE_matrix)
                   : RULE_different_shape;
    }
    const Node *a = matrix_value(work->arena, reference), *b = matrix_value(work->arena, answer);
    if (work->arena->exhausted) return RULE_too_large;
    if (a != NULL && b != NULL) {
        if (a->rows != b->rows || a->columns != b->columns) return RULE_different_shape;
        return compare_children(work, a, b, RULE_matrix);
    }
    const Node *matrix = a != NULL ? a : b,
               *other = a != NULL ? answer : reference; /* a vector may be a tuple */
    if (matrix == NULL || (matrix->rows != 1 && matrix->columns != 1) || other->kind != NODE_GROUP)
        return RULE_different_shape;
    return a != NULL ? compare_children(work, matrix, other, RULE_matrix)
                     : compare_children(work, other, matrix, RULE_matrix);
}
