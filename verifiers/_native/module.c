/* The binding: Python strings and Arrow columns in, plain tuples out. Stable ABI (abi3), so one
 * build serves CPython 3.10 and later. */
#include "binding.h"

#include <stdlib.h>
#include <string.h>

#include "chain.h"

static const char *const ORIGIN_NAMES[] = {NULL,      "box",    "tag",  "phrase",
                                           "formula", "number", "whole"};
static const char *const MISSING_NAMES[] = {NULL,       "empty", "thinking",
                                            "unclosed", "blank", "nothing"};
static const char *const DECISION_NAMES[] = {"equal", "different", "undecided", "no_answer",
                                             "bad_reference"};

static PyObject *none(void) { Py_RETURN_NONE; }

/* A part of a text, in characters. */
typedef struct {
    Py_ssize_t start, end;
} Span;

static Span span_of(Text text, size_t start, size_t end) {
    const Text rest = {text.data + start, text.size - start};
    const size_t first = text_characters(text, start);
    return (Span){(Py_ssize_t)first, (Py_ssize_t)(first + text_characters(rest, end - start))};
}

/* ---- functions of one text ---------------------------------------------------------------- */

/* What `work` makes of a str, with an arena of its own. */
static PyObject *of_text(PyObject *object, size_t arena_limit, const void *options,
                         PyObject *(*work)(Arena *arena, Text text, const void *options)) {
    PyObject *owned, *result;
    Text text;
    if (!PyUnicode_Check(object)) {
        PyErr_SetString(PyExc_TypeError, "the argument must be text");
        return NULL;
    }
    if (!borrow_text(object, &text, &owned)) return NULL;
    Arena arena;
    arena_init(&arena, arena_limit);
    result = work(&arena, text, options);
    arena_free(&arena);
    Py_XDECREF(owned);
    return result;
}

PyDoc_STRVAR(extract_doc,
             "extract(completion, *, strict=False, opening_in_prompt=False)\n--\n\n"
             "Find the answer of one completion: (origin, start, end, answer, missing).");

static PyObject *extract_text(Arena *arena, Text text, const void *options) {
    const Extraction found = scan_completion(arena, text, *(const ExtractOptions *)options);
    if (found.missing != FOUND) {
        return Py_BuildValue("(OOOOs)", Py_None, Py_None, Py_None, Py_None,
                             MISSING_NAMES[found.missing]);
    }
    const Span span = span_of(text, found.start, found.end);
    return Py_BuildValue("(snnNO)", ORIGIN_NAMES[found.origin], span.start, span.end,
                         text_to_python(found.answer), Py_None);
}

static PyObject *extract(PyObject *module, PyObject *args, PyObject *kwargs) {
    (void)module;
    static char *names[] = {"completion", "strict", "opening_in_prompt", NULL};
    PyObject *completion;
    int strict = 0, opening = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|$pp", names, &completion, &strict, &opening))
        return NULL;
    const ExtractOptions options = {.strict = strict, .opening_in_prompt = opening};
    return of_text(completion, JUDGE_ARENA_LIMIT, &options, extract_text);
}

PyDoc_STRVAR(final_doc, "final_part(completion, *, opening_in_prompt=False)\n--\n\n"
                        "Where the text between the thinking and the end of the turn stands: "
                        "(start, end), or None if the thinking never ends.");

static PyObject *final_of_text(Arena *arena, Text text, const void *options) {
    (void)arena;
    size_t start, end;
    if (!scan_final(text, *(const int *)options, &start, &end)) return none();
    const Span span = span_of(text, start, end);
    return Py_BuildValue("(nn)", span.start, span.end);
}

static PyObject *final_part(PyObject *module, PyObject *args, PyObject *kwargs) {
    (void)module;
    static char *names[] = {"completion", "opening_in_prompt", NULL};
    PyObject *completion;
    int opening = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|$p", names, &completion, &opening))
        return NULL;
    return of_text(completion, JUDGE_ARENA_LIMIT, &opening, final_of_text);
}

PyDoc_STRVAR(read_doc, "read(answer)\n--\n\nHow the engine reads an answer, or None if it cannot.");

static PyObject *read_as_text(Arena *arena, Text text, const void *options) {
    (void)options;
    const char *read = read_answer(arena, text);
    return read == NULL ? none() : PyUnicode_FromString(read);
}

static PyObject *read_text(PyObject *module, PyObject *object) {
    (void)module;
    return of_text(object, JUDGE_ARENA_LIMIT, NULL, read_as_text);
}

PyDoc_STRVAR(reference_doc,
             "reference_answer(reference)\n--\n\nThe answer a reference states (the content of its "
             "box, what follows ####, or all of it), or None.");

static PyObject *stated(Arena *arena, Text text, const void *options) {
    (void)options;
    const Extraction found = scan_reference(arena, text);
    return found.missing == FOUND ? text_to_python(found.answer) : none();
}

static PyObject *reference_answer(PyObject *module, PyObject *object) {
    (void)module;
    return of_text(object, JUDGE_ARENA_LIMIT, NULL, stated);
}

PyDoc_STRVAR(words_doc, "words(text)\n--\n\nThe words that count_words counts, one by one: tuples "
                        "(start, end, script index, weight, number of the sentence).");

static PyObject *list_words(const Text text, const Words *words) {
    PyObject *list = PyList_New((Py_ssize_t)words->length);
    size_t byte = 0, character = 0;
    for (size_t i = 0; list != NULL && i < words->length; i++) {
        const Word *word = &words->list[i];
        const Text before = {text.data + byte, text.size - byte};
        if (word->start >= byte) /* but for a label, which is told of late */
            character += text_characters(before, word->start - byte);
        else
            character = text_characters(text, word->start);
        byte = word->start;
        const Text rest = {text.data + byte, text.size - byte};
        const size_t length = text_characters(rest, word->end - byte);
        PyObject *item =
            Py_BuildValue("(nninn)", (Py_ssize_t)character, (Py_ssize_t)(character + length),
                          (int)word->script, (Py_ssize_t)word->weight, (Py_ssize_t)word->sentence);
        if (item == NULL || PyList_SetItem(list, (Py_ssize_t)i, item) < 0) Py_CLEAR(list);
    }
    return list;
}

static PyObject *words_of_text(Arena *arena, Text text, const void *options) {
    (void)options;
    Words words;
    return words_of(arena, text, &words) ? list_words(text, &words) : PyErr_NoMemory();
}

static PyObject *words_in(PyObject *module, PyObject *object) {
    (void)module;
    return of_text(object, SIZE_MAX, NULL, words_of_text);
}

PyDoc_STRVAR(
    compare_doc,
    "compare(reference, answer, *, tolerance=-1.0, ordered=False, ignore_units=False)\n"
    "--\n\nCompare two answers, neither a completion: the index of the rule that decided.");

static PyObject *compare(PyObject *module, PyObject *args, PyObject *kwargs) {
    (void)module;
    static char *names[] = {"reference", "answer", "tolerance", "ordered", "ignore_units", NULL};
    PyObject *objects[2], *owned[2] = {NULL, NULL}, *result = NULL;
    Text reference, answer;
    double tolerance = -1.0;
    int ordered = 0, ignore_units = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "UU|$dpp", names, &objects[0], &objects[1],
                                     &tolerance, &ordered, &ignore_units)) {
        return NULL;
    }
    if (borrow_text(objects[0], &reference, &owned[0]) &&
        borrow_text(objects[1], &answer, &owned[1])) {
        Rule rule;
        Py_BEGIN_ALLOW_THREADS Arena arena;
        arena_init(&arena, JUDGE_ARENA_LIMIT);
        rule = compare_answers(&arena, reference, answer,
                               (CompareOptions){.tolerance = tolerance,
                                                .ordered = ordered,
                                                .ignore_units = ignore_units});
        arena_free(&arena);
        Py_END_ALLOW_THREADS result = PyLong_FromLong((long)rule);
    }
    Py_XDECREF(owned[0]);
    Py_XDECREF(owned[1]);
    return result;
}

/* ---- functions of a column of texts ------------------------------------------------------- */

/* Calls `work` for every text on up to `threads` threads, and returns a list of what `convert`
 * makes of each of the results, which are `size` bytes each. Both are given the job. */
typedef struct Job {
    size_t size;
    bool (*work)(void *job, size_t index, Arena *arena);
    PyObject *(*convert)(const struct Job *job, size_t index);
    const void *options;
    Column column;
    void *results;
} Job;

static PyObject *job_list(const Job *job) {
    PyObject *list = PyList_New((Py_ssize_t)job->column.count);
    for (size_t i = 0; list != NULL && i < job->column.count; i++) {
        PyObject *item = job->convert(job, i);
        if (item == NULL || PyList_SetItem(list, (Py_ssize_t)i, item) < 0) Py_CLEAR(list);
    }
    return list;
}

static PyObject *job_run(Job *job, PyObject *texts, unsigned threads) {
    PyObject *list = NULL;
    if (column_from_python(&job->column, "completions", texts)) {
        bool done = false;
        job->results = PyMem_Calloc(job->column.count + 1, job->size);
        if (job->results != NULL) {
            Py_BEGIN_ALLOW_THREADS done =
                parallel_each(job->column.count, threads, SIZE_MAX, job, job->work);
            Py_END_ALLOW_THREADS
        }
        list = done ? job_list(job) : PyErr_NoMemory();
        PyMem_Free(job->results);
    }
    column_free(&job->column);
    return list;
}

PyDoc_STRVAR(judge_doc,
             "judge(completions, references, *, strict=False, opening_in_prompt=False, "
             "tolerance=-1.0, ordered=False, ignore_units=False, threads=1, rules_only=False)\n"
             "--\n\nJudge completions[i] against references[i]: a list of tuples (rule index, "
             "origin, start, end, answer, seconds), or of rule indices alone.");

static PyObject *judgement_rule(const Job *job, size_t index) {
    return PyLong_FromLong((long)((const Judgement *)job->results)[index].rule);
}

static PyObject *judgement_to_python(const Job *job, size_t index) {
    const Judgement *judgement = (const Judgement *)job->results + index;
    if (judgement->origin == FROM_NONE) {
        return Py_BuildValue("(iOOOOd)", (int)judgement->rule, Py_None, Py_None, Py_None, Py_None,
                             judgement->seconds);
    }
    const Span span = span_of(job->column.texts[index], judgement->start, judgement->end);
    return Py_BuildValue("(isnnNd)", (int)judgement->rule, ORIGIN_NAMES[judgement->origin],
                         span.start, span.end, text_to_python(judgement->answer),
                         judgement->seconds);
}

static PyObject *judge_columns(Job *job, const Column *references, unsigned threads) {
    const size_t count = job->column.count;
    if (count != references->count) {
        return PyErr_Format(PyExc_ValueError, "%zu completions but %zu references", count,
                            references->count);
    }
    Judgement *judgements = job->results = PyMem_Calloc(count + 1, sizeof *judgements);
    if (judgements == NULL) return PyErr_NoMemory();
    bool done;
    Py_BEGIN_ALLOW_THREADS done =
        judge_batch(job->column.texts, references->texts, count,
                    *(const JudgeOptions *)job->options, threads, judgements);
    Py_END_ALLOW_THREADS PyObject *list = done ? job_list(job) : PyErr_NoMemory();
    for (size_t i = 0; i < count; i++) free(judgements[i].owned);
    PyMem_Free(judgements);
    return list;
}

static PyObject *judge(PyObject *module, PyObject *args, PyObject *kwargs) {
    (void)module;
    static char *names[] = {"completions", "references", "strict",       "opening_in_prompt",
                            "tolerance",   "ordered",    "ignore_units", "threads",
                            "rules_only",  NULL};
    PyObject *completions, *references, *list = NULL;
    int strict = 0, opening = 0, ordered = 0, ignore_units = 0, rules_only = 0;
    double tolerance = -1.0;
    unsigned threads = 1;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO|$ppdppIp", names, &completions, &references,
                                     &strict, &opening, &tolerance, &ordered, &ignore_units,
                                     &threads, &rules_only)) {
        return NULL;
    }
    const JudgeOptions options = {
        .extract = {.strict = strict, .opening_in_prompt = opening},
        .compare = {.tolerance = tolerance, .ordered = ordered, .ignore_units = ignore_units}};
    Job job = {.convert = rules_only ? judgement_rule : judgement_to_python, .options = &options};
    Column reference_column = {0};
    if (column_from_python(&job.column, "completions", completions) &&
        column_from_python(&reference_column, "references", references)) {
        list = judge_columns(&job, &reference_column, threads);
    }
    column_free(&job.column);
    column_free(&reference_column);
    return list;
}

PyDoc_STRVAR(ngrams_doc, "ngrams(completions, size, *, threads=1)\n--\n\n"
                         "Count the n-grams of words of each text: tuples (total, distinct).");

static bool ngrams_work(void *argument, size_t index, Arena *arena) {
    const Job *job = argument;
    const size_t *size = job->options;
    return ngrams_count(arena, job->column.texts[index], *size, (Ngrams *)job->results + index);
}

static PyObject *ngrams_convert(const Job *job, size_t index) {
    const Ngrams *found = (const Ngrams *)job->results + index;
    return Py_BuildValue("(nn)", (Py_ssize_t)found->total, (Py_ssize_t)found->distinct);
}

static PyObject *ngrams(PyObject *module, PyObject *args, PyObject *kwargs) {
    (void)module;
    static char *names[] = {"completions", "size", "threads", NULL};
    PyObject *texts;
    Py_ssize_t given;
    unsigned threads = 1;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "On|$I", names, &texts, &given, &threads))
        return NULL;
    if (given < 1) {
        PyErr_Format(PyExc_ValueError, "size must be at least 1, got %zd", given);
        return NULL;
    }
    const size_t size = (size_t)given;
    Job job = {
        .size = sizeof(Ngrams), .work = ngrams_work, .convert = ngrams_convert, .options = &size};
    return job_run(&job, texts, threads);
}

PyDoc_STRVAR(loops_doc, "loops(completions, repeats, least, *, threads=1)\n--\n\n"
                        "Find the loop at the end of each text, of at least `repeats` pieces and "
                        "`least` bytes: tuples (start, end, piece) of characters, or None.");

typedef struct {
    size_t repeats, least;
} LoopOptions;

static bool loops_work(void *argument, size_t index, Arena *arena) {
    const Job *job = argument;
    const LoopOptions *options = job->options;
    return loop_find(arena, job->column.texts[index], options->repeats, options->least,
                     (Loop *)job->results + index);
}

static PyObject *loops_convert(const Job *job, size_t index) {
    const Loop *found = (const Loop *)job->results + index;
    if (found->period == 0) return none();
    const Text text = job->column.texts[index];
    const Span loop = span_of(text, found->start, found->end);
    const Span piece = span_of(text, found->start, found->start + found->period);
    return Py_BuildValue("(nnn)", loop.start, loop.end, piece.end - piece.start);
}

static PyObject *loops(PyObject *module, PyObject *args, PyObject *kwargs) {
    (void)module;
    static char *names[] = {"completions", "repeats", "least", "threads", NULL};
    PyObject *texts;
    Py_ssize_t repeats, least;
    unsigned threads = 1;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "Onn|$I", names, &texts, &repeats, &least,
                                     &threads))
        return NULL;
    if (repeats < 2 || least < 0) {
        PyErr_SetString(PyExc_ValueError, "repeats must be at least 2, and least not negative");
        return NULL;
    }
    const LoopOptions options = {(size_t)repeats, (size_t)least};
    Job job = {
        .size = sizeof(Loop), .work = loops_work, .convert = loops_convert, .options = &options};
    return job_run(&job, texts, threads);
}

/* ---- form and language -------------------------------------------------------------------- */

static bool text_from_item(PyObject *sequence, Py_ssize_t index, Text *text) {
    PyObject *item = PyTuple_GetItem(sequence, index), *owned;
    if (item == NULL) return false;
    if (!PyUnicode_Check(item)) {
        PyErr_SetString(PyExc_TypeError, "the tags of a scheme must be text");
        return false;
    }
    if (!borrow_text(item, text, &owned)) return false;
    if (owned == NULL) return true; /* the tuple keeps the bytes */
    Py_DECREF(owned);
    PyErr_SetString(PyExc_ValueError, "the tags of a scheme must be valid Unicode");
    return false;
}

/* (tags, turn ends, whether the opening tag stands in the prompt) */
static bool scheme_from_python(PyObject *tuple, Scheme *scheme) {
    PyObject *tags, *ends;
    int opening_in_prompt;
    memset(scheme, 0, sizeof *scheme);
    if (!PyArg_ParseTuple(tuple, "O!O!p", &PyTuple_Type, &tags, &PyTuple_Type, &ends,
                          &opening_in_prompt))
        return false;
    const Py_ssize_t count = PyTuple_Size(ends);
    if (PyTuple_Size(tags) != TAG_COUNT || count > MAX_TURN_ENDS) {
        PyErr_Format(PyExc_ValueError, "a scheme has %d tags and at most %d turn ends",
                     (int)TAG_COUNT, (int)MAX_TURN_ENDS);
        return false;
    }
    for (Py_ssize_t i = 0; i < TAG_COUNT; i++)
        if (!text_from_item(tags, i, &scheme->tags[i])) return false;
    for (Py_ssize_t i = 0; i < count; i++)
        if (!text_from_item(ends, i, &scheme->turn_ends[i])) return false;
    scheme->turn_end_count = (size_t)count;
    scheme->opening_in_prompt = opening_in_prompt;
    scheme_prepare(scheme);
    return true;
}

PyDoc_STRVAR(format_doc,
             "check_format(completions, scheme, *, threads=1, rules_only=False)\n--\n\n"
             "Check every text against a scheme (tags, turn ends, opening in prompt): tuples (rule "
             "index, start, end, text, tags in place, tags expected), or rule indices alone.");

static bool format_work(void *argument, size_t index, Arena *arena) {
    const Job *job = argument;
    (void)arena;
    ((Format *)job->results)[index] = format_check(job->column.texts[index], job->options);
    return true;
}

static PyObject *format_convert(const Job *job, size_t index) {
    const Format *found = (const Format *)job->results + index;
    const Text text = job->column.texts[index];
    const Text part = {text.data + found->start, found->end - found->start};
    const Span span = span_of(text, found->start, found->end);
    return Py_BuildValue("(innNII)", (int)found->rule, span.start, span.end, text_to_python(part),
                         found->tags_in_place, found->tags_expected);
}

static PyObject *format_rule(const Job *job, size_t index) {
    return PyLong_FromLong((long)((const Format *)job->results)[index].rule);
}

static PyObject *check_format(PyObject *module, PyObject *args, PyObject *kwargs) {
    (void)module;
    static char *names[] = {"completions", "scheme", "threads", "rules_only", NULL};
    PyObject *texts, *tuple;
    unsigned threads = 1;
    int rules_only = 0;
    Scheme scheme;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO!|$Ip", names, &texts, &PyTuple_Type, &tuple,
                                     &threads, &rules_only) ||
        !scheme_from_python(tuple, &scheme))
        return NULL;
    Job job = {.size = sizeof(Format),
               .work = format_work,
               .convert = rules_only ? format_rule : format_convert,
               .options = &scheme};
    return job_run(&job, texts, threads);
}

PyDoc_STRVAR(
    count_words_doc,
    "count_words(completions, scheme, *, threads=1, counts_only=False)\n--\n\n"
    "Count the words of the thinking of every text, or of all of it if the scheme is None: "
    "tuples (start, end, ((script index, words), ...)), or the last of these alone; None "
    "without thinking.");

typedef struct {
    bool found;
    size_t start, end;
    size_t counts[SCRIPT_COUNT];
} Counted;

static bool count_words_work(void *argument, size_t index, Arena *arena) {
    const Job *job = argument;
    const Text text = job->column.texts[index];
    Counted *counted = (Counted *)job->results + index;
    Words words;
    (void)arena;
    counted->end = text.size;
    counted->found =
        job->options == NULL || format_thinking(text, job->options, &counted->start, &counted->end);
    if (!counted->found) return true;
    const Text thinking = {text.data + counted->start, counted->end - counted->start};
    if (!words_of(NULL, thinking, &words)) return false;
    memcpy(counted->counts, words.counts, sizeof counted->counts);
    return true;
}

static PyObject *word_counts(const Job *job, size_t index) {
    const Counted *counted = (const Counted *)job->results + index;
    if (!counted->found) return none();
    Py_ssize_t scripts = 0;
    for (int i = 0; i < SCRIPT_COUNT; i++) scripts += counted->counts[i] > 0;
    PyObject *counts = PyTuple_New(scripts);
    scripts = 0;
    for (int i = 0; counts != NULL && i < SCRIPT_COUNT; i++) {
        if (counted->counts[i] == 0) continue;
        PyObject *entry = Py_BuildValue("(in)", i, (Py_ssize_t)counted->counts[i]);
        if (entry == NULL || PyTuple_SetItem(counts, scripts++, entry) < 0) Py_CLEAR(counts);
    }
    return counts;
}

static PyObject *word_counts_and_span(const Job *job, size_t index) {
    const Counted *counted = (const Counted *)job->results + index;
    PyObject *counts = word_counts(job, index);
    if (counts == NULL || !counted->found) return counts;
    const Span span = span_of(job->column.texts[index], counted->start, counted->end);
    return Py_BuildValue("(nnN)", span.start, span.end, counts);
}

static PyObject *count_words(PyObject *module, PyObject *args, PyObject *kwargs) {
    (void)module;
    static char *names[] = {"completions", "scheme", "threads", "counts_only", NULL};
    PyObject *texts, *tuple;
    unsigned threads = 1;
    int counts_only = 0;
    Scheme scheme;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO|$Ip", names, &texts, &tuple, &threads,
                                     &counts_only) ||
        (tuple != Py_None && !scheme_from_python(tuple, &scheme)))
        return NULL;
    Job job = {.size = sizeof(Counted),
               .work = count_words_work,
               .convert = counts_only ? word_counts : word_counts_and_span,
               .options = tuple == Py_None ? NULL : &scheme};
    return job_run(&job, texts, threads);
}

/* ---- the tables, and the module ----------------------------------------------------------- */

static PyObject *table_of(int count, PyObject *(*entry_of)(int index)) {
    PyObject *table = PyTuple_New(count);
    for (int i = 0; table != NULL && i < count; i++) {
        PyObject *entry = entry_of(i);
        if (entry == NULL || PyTuple_SetItem(table, i, entry) < 0) Py_CLEAR(table);
    }
    return table;
}

static PyObject *rule_entry(int index) {
    const RuleFacts *facts = &RULE_FACTS[index];
    return Py_BuildValue("(sss)", facts->name, DECISION_NAMES[facts->decision], facts->sentence);
}

static PyObject *format_rule_entry(int index) {
    return Py_BuildValue("(ss)", FORMAT_RULE_FACTS[index][0], FORMAT_RULE_FACTS[index][1]);
}

static PyObject *script_entry(int index) { return PyUnicode_FromString(SCRIPT_TITLES[index]); }

static PyMethodDef methods[] = {
    {"judge", (PyCFunction)(void (*)(void))judge, METH_VARARGS | METH_KEYWORDS, judge_doc},
    {"extract", (PyCFunction)(void (*)(void))extract, METH_VARARGS | METH_KEYWORDS, extract_doc},
    {"final_part", (PyCFunction)(void (*)(void))final_part, METH_VARARGS | METH_KEYWORDS,
     final_doc},
    {"compare", (PyCFunction)(void (*)(void))compare, METH_VARARGS | METH_KEYWORDS, compare_doc},
    {"read", read_text, METH_O, read_doc},
    {"reference_answer", reference_answer, METH_O, reference_doc},
    {"ngrams", (PyCFunction)(void (*)(void))ngrams, METH_VARARGS | METH_KEYWORDS, ngrams_doc},
    {"loops", (PyCFunction)(void (*)(void))loops, METH_VARARGS | METH_KEYWORDS, loops_doc},
    {"check_format", (PyCFunction)(void (*)(void))check_format, METH_VARARGS | METH_KEYWORDS,
     format_doc},
    {"count_words", (PyCFunction)(void (*)(void))count_words, METH_VARARGS | METH_KEYWORDS,
     count_words_doc},
    {"words", words_in, METH_O, words_doc},
    {NULL, NULL, 0, NULL}};

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT,
                                        "verifiers._core",
                                        "The C core: finds answers and compares them.",
                                        -1,
                                        methods,
                                        NULL,
                                        NULL,
                                        NULL,
                                        NULL};

static bool add_constant(PyObject *module, const char *name, PyObject *value) {
    if (value != NULL && PyModule_AddObject(module, name, value) == 0) return true;
    Py_XDECREF(value);
    return false;
}

PyMODINIT_FUNC PyInit__core(void);
PyMODINIT_FUNC PyInit__core(void) {
    PyObject *module = PyModule_Create(&definition);
    if (module == NULL) return NULL;
    if (!add_constant(module, "RULES", table_of(RULE_COUNT, rule_entry)) ||
        !add_constant(module, "FORMAT_RULES", table_of(FORMAT_RULE_COUNT, format_rule_entry)) ||
        !add_constant(module, "SCRIPTS", table_of(SCRIPT_COUNT, script_entry)))
        Py_CLEAR(module);
    return module;
}
