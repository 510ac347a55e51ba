/* Many judgements on several threads: extract all, find equal pairs, compare each pair once. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core.h"

enum { NO_PAIR = -1 };

typedef struct {
    const Text *completions, *references;
    Judgement *judgements;
    uint64_t *hashes; /* of every pair of reference and answer */
    size_t *unique;   /* indices of the pairs to compare, each pair once */
    JudgeOptions options;
} Work;

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static uint64_t hash_text(uint64_t hash, Text text) { /* FNV-1a */
    for (size_t i = 0; i < text.size; i++)
        hash = (hash ^ (unsigned char)text.data[i]) * 0x100000001b3u;
    return (hash ^ 0xff) * 0x100000001b3u; /* so that "ab"+"c" differs from "a"+"bc" */
}

static Rule missing_rule(Missing missing) {
    switch (missing) {
    case MISSING_EMPTY: return RULE_no_text;
    case MISSING_THINKING: return RULE_unfinished_thinking;
    case MISSING_UNCLOSED: return RULE_unclosed_answer;
    case MISSING_BLANK: return RULE_blank_answer;
    default: return RULE_no_answer_found;
    }
}

static bool inside(Text part, Text whole) {
    const uintptr_t start = (uintptr_t)whole.data, at = (uintptr_t)part.data;
    return at >= start && at + part.size <= start + whole.size;
}

static bool extract(Text completion, ExtractOptions options, Arena *arena, Judgement *judgement) {
    const Extraction found = scan_completion(arena, completion, options);
    *judgement = (Judgement){.rule = RULE_undecided,
                             .origin = found.origin,
                             .answer = found.answer,
                             .start = found.start,
                             .end = found.end};
    if (found.missing != FOUND) {
        judgement->rule = missing_rule(found.missing);
        return true;
    }
    if (found.taken_back) judgement->rule = RULE_taken_back;
    if (!inside(found.answer, completion)) { /* the arena is about to be reset */
        judgement->owned = malloc(found.answer.size + 1);
        if (judgement->owned == NULL) return false;
        memcpy(judgement->owned, found.answer.data, found.answer.size);
        judgement->answer.data = judgement->owned;
    }
    return true;
}

static bool extract_one(void *context, size_t index, Arena *arena) {
    const Work *work = context;
    Judgement *judgement = &work->judgements[index];
    const double begin = now();
    if (!extract(work->completions[index], work->options.extract, arena, judgement)) return false;
    work->hashes[index] =
        hash_text(hash_text(0xcbf29ce484222325u, work->references[index]), judgement->answer);
    judgement->seconds = now() - begin;
    return true;
}

static void compare(Text text, CompareOptions options, Arena *arena, Judgement *judgement) {
    const Extraction reference = scan_reference(arena, text);
    const bool missing = judgement->rule != RULE_undecided;
    if (reference.missing != FOUND ||
        (missing && !reference_is_readable(arena, reference.answer))) {
        judgement->rule = RULE_bad_reference;
    } else if (!missing) {
        options.prose_answer = judgement->origin == FROM_NUMBER;
        options.worked_out = true;
        judgement->rule = compare_answers(arena, reference.answer, judgement->answer, options);
    }
}

static bool compare_one(void *context, size_t index, Arena *arena) {
    const Work *work = context;
    const size_t pair = work->unique[index];
    const double begin = now();
    compare(work->references[pair], work->options.compare, arena, &work->judgements[pair]);
    work->judgements[pair].seconds += now() - begin;
    return true;
}

static bool same_pair(const Work *work, size_t a, size_t b) {
    const Judgement *left = &work->judgements[a], *right = &work->judgements[b];
    return left->rule == right->rule && left->origin == right->origin &&
           text_equal(left->answer, right->answer) &&
           text_equal(work->references[a], work->references[b]);
}

/* Writes the first index of every distinct pair to `unique` and, for every item, the index whose
 * judgement it shares to `same`. Open addressing; the table is at least twice the items. */
static size_t find_pairs(const Work *work, size_t count, size_t *same, ptrdiff_t *table,
                         size_t slots) {
    size_t distinct = 0;
    for (size_t i = 0; i < slots; i++) table[i] = NO_PAIR;
    for (size_t i = 0; i < count; i++) {
        same[i] = i;
        size_t slot = work->hashes[i] & (slots - 1);
        while (table[slot] != NO_PAIR && !same_pair(work, (size_t)table[slot], i))
            slot = (slot + 1) & (slots - 1);
        if (table[slot] == NO_PAIR) {
            table[slot] = (ptrdiff_t)i;
            work->unique[distinct++] = i;
        } else {
            same[i] = (size_t)table[slot];
        }
    }
    return distinct;
}

bool judge_batch(const Text *completions, const Text *references, size_t count,
                 JudgeOptions options, unsigned threads, Judgement *judgements) {
    size_t slots = 16;
    while (slots < 2 * count) slots *= 2;
    size_t *indices = malloc(2 * count * sizeof *indices + 1);
    ptrdiff_t *table = malloc(slots * sizeof *table);
    uint64_t *hashes = malloc(count * sizeof *hashes + 1);
    Work work = {completions, references, judgements, hashes, indices, options};
    bool done = indices != NULL && table != NULL && hashes != NULL &&
                parallel_each(count, threads, JUDGE_ARENA_LIMIT, &work, extract_one);
    if (done) {
        size_t *same = indices + count;
        const size_t distinct = find_pairs(&work, count, same, table, slots);
        done = parallel_each(distinct, threads, JUDGE_ARENA_LIMIT, &work, compare_one);
        for (size_t i = 0; i < count; i++)
            if (same[i] != i) judgements[i].rule = judgements[same[i]].rule;
    }
    free(indices);
    free(table);
    free(hashes);
    return done;
}
