/* The same work for every text of a batch, on several threads. */
#include <pthread.h>
#include <stdatomic.h>

#include "core.h"

enum { MAX_THREADS = 64, PIECES = 8, LARGEST = 32 };

typedef struct {
    size_t count, piece, arena_limit; /* piece: texts that a thread takes at a time */
    bool (*work)(void *context, size_t index, Arena *arena);
    void *context;
    atomic_size_t next;
    atomic_bool failed;
} Batch;

static void *run(void *argument) {
    Batch *batch = argument;
    Arena arena;
    arena_init(&arena, batch->arena_limit);
    for (;;) {
        const size_t first = atomic_fetch_add(&batch->next, batch->piece);
        if (first >= batch->count || atomic_load(&batch->failed)) break;
        const size_t left = batch->count - first;
        const size_t last = first + (left < batch->piece ? left : batch->piece);
        for (size_t i = first; i < last; i++) {
            if (!batch->work(batch->context, i, &arena)) atomic_store(&batch->failed, true);
            arena_reset(&arena);
        }
    }
    arena_free(&arena);
    return NULL;
}

bool parallel_each(size_t count, unsigned threads, size_t arena_limit, void *context,
                   bool (*work)(void *context, size_t index, Arena *arena)) {
    if (threads > MAX_THREADS) threads = MAX_THREADS;
    if (threads > count) threads = (unsigned)count;
    /* Small, so that no thread waits long for the last; not smaller, as neighbours share a line of
     * the cache. */
    size_t piece = threads > 0 ? count / (PIECES * threads) : 0;
    piece = piece < 1 ? 1 : piece > LARGEST ? LARGEST : piece;
    Batch batch = {.count = count,
                   .piece = piece,
                   .arena_limit = arena_limit,
                   .work = work,
                   .context = context};
    atomic_init(&batch.next, 0);
    atomic_init(&batch.failed, false);
    pthread_t helpers[MAX_THREADS];
    unsigned started = 0; /* the caller's thread takes part: a failed start costs only speed */
    while (started + 1 < threads && pthread_create(&helpers[started], NULL, run, &batch) == 0)
        started++;
    run(&batch);
    for (unsigned i = 0; i < started; i++) pthread_join(helpers[i], NULL);
    return !atomic_load(&batch.failed);
}
