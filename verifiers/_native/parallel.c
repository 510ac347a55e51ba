/* The same work for every text of a batch, on several threads. */
#include <pthread.h>
#include <stdatomic.h>

#include "core.h"

enum { MAX_THREADS = 64, CHUNK = 4 };

typedef struct {
    size_t count, arena_limit;
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
        const size_t first = atomic_fetch_add(&batch->next, CHUNK);
        if (first >= batch->count || atomic_load(&batch->failed)) break;
        const size_t last = batch->count - first > CHUNK ? first + CHUNK : batch->count;
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
    Batch batch = {.count = count, .arena_limit = arena_limit, .work = work, .context = context};
    atomic_init(&batch.next, 0);
    atomic_init(&batch.failed, false);
    const size_t useful = (count + CHUNK - 1) / CHUNK;
    if (threads > MAX_THREADS) threads = MAX_THREADS;
    if (threads > useful) threads = (unsigned)useful;
    pthread_t helpers[MAX_THREADS];
    unsigned started = 0; /* the caller's thread takes part: a failed start costs only speed */
    while (started + 1 < threads && pthread_create(&helpers[started], NULL, run, &batch) == 0)
        started++;
    run(&batch);
    for (unsigned i = 0; i < started; i++) pthread_join(helpers[i], NULL);
    return !atomic_load(&batch.failed);
}
