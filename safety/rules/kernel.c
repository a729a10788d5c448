/* What screening computes for every text, compiled.

   The text model: what `safety/rules/classifier.py` says with numpy, bit for bit. One pass over a
   window: hash its n-grams, words and pairs of words, look each hash up, add the rows of weights that
   are there, once each. Sums are of integers, and products and sums of doubles are done one by one in
   the order of numpy's, so both give the same bits.

   The keys of a text: what `safety/rules/keys.py` does with sets of words. A key is its hash here. Two
   keys with one hash would call a rule whose expression then finds nothing, and never hide one. */

#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030C0000
#include <Python.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#define LESSON_CHARACTERS 480
#define CODES_MAX (LESSON_CHARACTERS + 2) /* with the space before and after */
#define GRAM_MIN 3
#define GRAM_MAX 5
#define NEAR_WORDS 5
#define HASHES_MAX ((GRAM_MAX - GRAM_MIN + 1) * LESSON_CHARACTERS \
                    + (1 + NEAR_WORDS) * (LESSON_CHARACTERS / 2 + 1))
#define PLACES 8192 /* of a set of slots: a power of two, twice as many as a window has hashes */
#define COLUMNS_MAX 256
#define TAG_SHIFT 30
#define EMPTY UINT32_MAX
#if defined(__GNUC__)
#define FETCH(address) __builtin_prefetch(address)
#else
#define FETCH(address) ((void)(address))
#endif

static const uint64_t BASE = 0x9E3779B97F4A7C15u;
static const uint64_t MIX = 0xD6E8FEB86659FD93u;
static const uint64_t FIRST = 0x9FB21C651E98DF25u;

/* -- From a window to hashes ------------------------------------------------------------------ */

/* The hashes of a window, in any order, as `features` of classifier.py has them; how many. */
static size_t hashes_of(const Py_UCS4 *codes, size_t size, const uint8_t *wordly, size_t last,
                        uint64_t *hashes) {
    uint64_t sums[CODES_MAX + GRAM_MAX], down[CODES_MAX], words[CODES_MAX + NEAR_WORDS];
    uint64_t up = 1, back = 1, inverse = BASE;
    size_t count = 0, spoken = 0, begun = 0;
    int inside = 0;
    for (int step = 0; step < 5; step++)
        inverse *= 2 - BASE * inverse; /* Newton: each step doubles the bits that are right */
    sums[0] = 0;
    for (size_t at = 0; at < size; at++) {
        sums[at + 1] = sums[at] + codes[at] * up;
        down[at] = back;
        up *= BASE;
        back *= inverse;
    }
    for (size_t at = size + 1; at < size + GRAM_MAX; at++)
        sums[at] = sums[size]; /* an n-gram that would pass the end is the shorter one */
    for (size_t gram = GRAM_MIN; gram <= GRAM_MAX; gram++)
        for (size_t at = 0; at + 2 < size; at++)
            hashes[count++] = (sums[at + gram] - sums[at]) * down[at];
    for (size_t at = 0; at < size; at++) { /* the last is a space: every word ends */
        int now = wordly[codes[at] < last ? codes[at] : last];
        if (now && !inside)
            begun = at;
        else if (!now && inside)
            words[spoken++] = (sums[at] - sums[begun]) * down[begun];
        inside = now;
    }
    memset(words + spoken, 0, NEAR_WORDS * sizeof *words);
    for (size_t at = 0; at < spoken; at++) {
        uint64_t first = words[at] * FIRST;
        hashes[count++] = first;
        for (size_t near = 1; near <= NEAR_WORDS; near++)
            hashes[count++] = first + words[at + near];
    }
    return count;
}

/* The slots of those hashes that have one; how many. What is read next is called for on the way, tags
   and rows: the table is larger than any cache. */
static size_t slots_of(uint64_t *hashes, size_t count, const uint16_t *tags, int shift,
                       const int8_t *weights, size_t columns, uint32_t *slots) {
    size_t known = 0;
    for (size_t at = 0; at < count; at++) {
        uint64_t hash = (hashes[at] ^ (hashes[at] >> 32)) * MIX;
        hashes[at] = hash;
        FETCH(tags + (hash >> shift));
    }
    for (size_t at = 0; at < count; at++) {
        uint32_t slot = (uint32_t)(hashes[at] >> shift);
        slots[known] = slot; /* without a branch: nobody can guess which are known */
        known += tags[slot] == (uint16_t)((hashes[at] >> TAG_SHIFT) | 1);
    }
    for (size_t at = 0; at < known; at++) {
        FETCH(weights + (size_t)slots[at] * columns);
        FETCH(weights + (size_t)(slots[at] + 1) * columns - 1);
    }
    return known;
}

/* Add the rows of these slots to `sums`, each slot once. */
static void add_rows(const uint32_t *slots, size_t known, const int8_t *weights, size_t columns,
                     int32_t *sums) {
    uint32_t seen[PLACES];
    size_t places = 16;
    while (places < 2 * known)
        places *= 2;
    memset(seen, 0xFF, places * sizeof *seen); /* EMPTY */
    for (size_t at = 0; at < known; at++) {
        uint32_t slot = slots[at];
        size_t place = (slot * 2654435761u) & (places - 1);
        while (seen[place] != EMPTY && seen[place] != slot)
            place = (place + 1) & (places - 1);
        if (seen[place] == slot)
            continue;
        seen[place] = slot;
        const int8_t *row = weights + (size_t)slot * columns;
        for (size_t column = 0; column < columns; column++)
            sums[column] += row[column];
    }
}

/* -- From a text to the rules that may match --------------------------------------------------- */

#define SHORTEST 2 /* letters of a key that is the beginning or the end of a word */
#define LONGEST 6
#define INSIDE 4 /* letters of a key that stands anywhere in a word */
#define NOTED_SHIFT 45 /* of a hash: its bit among those that say which keys are known */
#define NOTED_BYTES (1u << (64 - NOTED_SHIFT - 3))

static const uint64_t BASIS = 0xCBF29CE484222325u, PRIME = 0x100000001B3u; /* FNV-1a */

static uint64_t more(uint64_t state, uint8_t byte) {
    return (state ^ byte) * PRIME;
}

static uint64_t hash_of(uint64_t state) {
    uint64_t hash = (state ^ (state >> 32)) * MIX;
    hash ^= hash >> 29;
    return hash ? hash : 1; /* 0 is an empty place */
}

static int is_wordly(uint8_t byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9')
           || (byte >= 'A' && byte <= 'Z') || byte == '_';
}

/* The known keys of a text as they are found, some more than once. */
struct found {
    const uint8_t *noted;
    uint64_t *hashes;
    size_t count, room;
    int failed;
};

static void add(struct found *found, uint64_t state) {
    uint64_t hash = hash_of(state), bit = hash >> NOTED_SHIFT;
    if (!(found->noted[bit / 8] >> (bit % 8) & 1) || found->failed)
        return;
    if (found->count == found->room) {
        uint64_t *larger = PyMem_Realloc(found->hashes, 2 * found->room * sizeof *larger);
        if (!larger) {
            found->failed = 1;
            return;
        }
        found->hashes = larger;
        found->room *= 2;
    }
    found->hashes[found->count++] = hash;
}

/* The keys that are parts of a word. */
static void add_parts(struct found *found, const uint8_t *word, size_t size) {
    size_t longest = size < LONGEST ? size : LONGEST;
    uint64_t head = BASIS;
    for (size_t at = 0; at < longest; at++) {
        head = more(head, word[at]);
        if (at + 1 >= SHORTEST)
            add(found, more(head, '*'));
    }
    for (size_t letters = SHORTEST; letters <= longest; letters++) {
        uint64_t tail = more(BASIS, '*');
        for (size_t at = size - letters; at < size; at++)
            tail = more(tail, word[at]);
        add(found, tail);
    }
    for (size_t at = 0; at + INSIDE <= size; at++) {
        uint64_t inside = more(BASIS, '*');
        for (size_t next = at; next < at + INSIDE; next++)
            inside = more(inside, word[next]);
        add(found, more(inside, '*'));
    }
}

static void add_keys(struct found *found, const uint8_t *data, size_t start, size_t end) {
    uint8_t seen[256] = {0};
    uint64_t before = 0; /* the word just before, as far as its hash goes; 0: there is none */
    add(found, BASIS);   /* the key of every text */
    for (size_t at = start; at < end;) {
        uint8_t byte = data[at];
        if (!is_wordly(byte)) {
            if (byte > ' ' && !seen[byte]) {
                seen[byte] = 1;
                add(found, more(BASIS, byte));
            }
            at++;
            continue;
        }
        size_t begun = at;
        uint64_t word = BASIS, pair = more(before, ' ');
        int digits = 0;
        for (; at < end && is_wordly(data[at]); at++) {
            word = more(word, data[at]);
            pair = more(pair, data[at]);
            digits |= data[at] >= '0' && data[at] <= '9';
        }
        add(found, word);
        if (before)
            add(found, pair);
        if (digits)
            add(found, more(BASIS, 1));
        add_parts(found, data + begun, at - begun);
        before = word;
    }
}

/* Whether a set of hashes has this one. */
static int has(const uint64_t *set, size_t places, uint64_t hash) {
    size_t place = hash & (places - 1);
    while (set[place] && set[place] != hash)
        place = (place + 1) & (places - 1);
    return set[place] == hash;
}

static PyObject *as_set(const struct found *found) {
    size_t places = 16;
    while (places < 2 * found->count)
        places *= 2;
    PyObject *whole = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)(places * sizeof(uint64_t)));
    if (!whole)
        return NULL;
    uint64_t *set = (uint64_t *)PyBytes_AsString(whole);
    memset(set, 0, places * sizeof *set);
    for (size_t at = 0; at < found->count; at++) {
        uint64_t hash = found->hashes[at];
        size_t place = hash & (places - 1);
        while (set[place] && set[place] != hash)
            place = (place + 1) & (places - 1);
        set[place] = hash;
    }
    return whole;
}

/* A table of calls: how many places it has, a power of two; of each place a hash and where its list
   stands; then lists (how many calls, and where each stands) and calls (whether it is far, what it
   calls, the hashes of which all must be there, then choices of which one must). */
struct calls {
    const uint64_t *table, *end;
};

/* `count` numbers that stand at `at`; NULL when the table is too short for them. */
static const uint64_t *numbers(const struct calls *calls, uint64_t at, uint64_t count) {
    uint64_t size = (uint64_t)(calls->end - calls->table);
    return at <= size && count <= size - at ? calls->table + at : NULL;
}

/* Whether what a call needs is there: 1 or 0, or -1 when the table is broken. `called` is what for. */
static int fulfilled(const struct calls *calls, uint64_t at, const uint64_t *part, size_t part_places,
                     const uint64_t *text, size_t text_places, uint64_t *called) {
    const uint64_t *call = numbers(calls, at, 3);
    if (!call)
        return -1;
    const uint64_t *there = call[0] ? text : part;
    size_t places = call[0] ? text_places : part_places;
    uint64_t each = call[2];
    *called = call[1];
    if (!(call = numbers(calls, at + 3, each)) || !numbers(calls, at + 3 + each, 1))
        return -1;
    for (uint64_t one = 0; one < each; one++)
        if (!has(there, places, call[one]))
            return 0;
    at += 3 + each;
    for (uint64_t choices = calls->table[at++]; choices; choices--) {
        const uint64_t *size = numbers(calls, at, 1), *choice;
        if (!size || !(choice = numbers(calls, at + 1, *size)))
            return -1;
        uint64_t one = 0;
        while (one < *size && !has(there, places, choice[one]))
            one++;
        if (one == *size)
            return 0;
        at += 1 + *size;
    }
    return 1;
}

/* -- What Python calls ------------------------------------------------------------------------- */

static PyObject *refused(const char *what) {
    PyErr_SetString(PyExc_ValueError, what);
    return NULL;
}

static PyObject *told(PyObject *window, const Py_buffer *wordly, const Py_buffer *tags,
                      const Py_buffer *weights, const Py_buffer *scale, const Py_buffer *bias,
                      const Py_buffer *logits) {
    size_t slots = (size_t)tags->len / sizeof(uint16_t);
    size_t columns = (size_t)scale->len / sizeof(double);
    Py_ssize_t length = PyUnicode_GetLength(window);
    if (length < 0)
        return NULL;
    if (length > LESSON_CHARACTERS)
        return refused("a window is longer than a window can be");
    if (wordly->len < 1 || slots < 2 || slots > UINT32_MAX / 2 || slots & (slots - 1))
        return refused("the number of slots is no power of two");
    if (columns < 1 || columns > COLUMNS_MAX || bias->len != scale->len
        || logits->len != scale->len || (size_t)weights->len != slots * columns)
        return refused("the table, its scale and its bias do not belong together");

    Py_UCS4 codes[CODES_MAX + 1];
    uint64_t hashes[HASHES_MAX];
    uint32_t known[HASHES_MAX];
    int32_t sums[COLUMNS_MAX] = {0};
    size_t size = (size_t)length + 2;
    int shift = 64;
    for (size_t left = slots; left > 1; left /= 2)
        shift--;
    if (!PyUnicode_AsUCS4(window, codes + 1, CODES_MAX, 0))
        return NULL;
    codes[0] = codes[size - 1] = ' ';
    size_t count = hashes_of(codes, size, wordly->buf, (size_t)wordly->len - 1, hashes);
    size_t found = slots_of(hashes, count, tags->buf, shift, weights->buf, columns, known);
    add_rows(known, found, weights->buf, columns, sums);

    double features = count ? (double)count : 1.0;
    double root = sqrt(features), *out = logits->buf;
    const double *by = scale->buf, *from = bias->buf;
    for (size_t column = 0; column < columns; column++)
        out[column] = by[column] * (double)sums[column] / root + from[column];
    return PyFloat_FromDouble((double)found / features);
}

PyDoc_STRVAR(logits_says, "logits(window, wordly, tags, weights, scale, bias, logits) -> float\n\n"
             "Writes the raw scores of a window into `logits`; the share of its features that is known.");

static PyObject *logits(PyObject *Py_UNUSED(module), PyObject *arguments) {
    PyObject *window;
    Py_buffer wordly, tags, weights, scale, bias, out;
    if (!PyArg_ParseTuple(arguments, "Uy*y*y*y*y*w*:logits", &window, &wordly, &tags, &weights,
                          &scale, &bias, &out))
        return NULL;
    PyObject *share = told(window, &wordly, &tags, &weights, &scale, &bias, &out);
    PyBuffer_Release(&wordly);
    PyBuffer_Release(&tags);
    PyBuffer_Release(&weights);
    PyBuffer_Release(&scale);
    PyBuffer_Release(&bias);
    PyBuffer_Release(&out);
    return share;
}

static PyObject *likely(const Py_buffer *logits, const Py_buffer *slope, const Py_buffer *beside,
                        const Py_buffer *offset) {
    size_t columns = (size_t)logits->len / sizeof(double), chances = columns - 1;
    if (columns < 4 || columns > COLUMNS_MAX || (size_t)slope->len != chances * sizeof(double)
        || beside->len != slope->len || offset->len != slope->len)
        return refused("the scores and their calibration do not belong together");
    const double *score = logits->buf, *by = slope->buf, *heard = beside->buf, *from = offset->buf;
    size_t policies = columns - 3;
    double against[COLUMNS_MAX], chance[COLUMNS_MAX], least = INFINITY, highest = 0.0;
    for (size_t at = 0; at < policies; at++) {
        against[at] = by[at] * score[at] + heard[at] * score[policies] + from[at];
        least = against[at] < least ? against[at] : least;
    }
    for (size_t at = policies; at < chances; at++)  /* harm, and abuse */
        against[at] = by[at] * score[at] + heard[at] * -least + from[at];
    for (size_t at = 0; at < chances; at++) {
        double bounded = against[at] < 30.0 ? against[at] : 30.0;
        bounded = bounded > -30.0 ? bounded : -30.0;
        chance[at] = 1.0 / (exp(bounded) + 1.0);
        if (at < policies && chance[at] > highest)
            highest = chance[at];
    }
    double share = chance[policies] / highest;
    PyObject *scores = PyTuple_New((Py_ssize_t)policies);
    for (size_t at = 0; scores && at < policies; at++) {
        PyObject *one = PyFloat_FromDouble(chance[at] * share);
        if (!one || PyTuple_SetItem(scores, (Py_ssize_t)at, one) < 0)
            Py_CLEAR(scores);
    }
    return scores ? Py_BuildValue("Nd", scores, chance[policies + 1]) : NULL;
}

PyDoc_STRVAR(chances_says, "chances(logits, slope, beside, offset) -> (scores, abuse)\n\n"
             "Raw scores made probabilities; the likeliest policy has the chance of any harm.");

static PyObject *chances(PyObject *Py_UNUSED(module), PyObject *arguments) {
    Py_buffer logits, slope, beside, offset;
    if (!PyArg_ParseTuple(arguments, "y*y*y*y*:chances", &logits, &slope, &beside, &offset))
        return NULL;
    PyObject *told = likely(&logits, &slope, &beside, &offset);
    PyBuffer_Release(&logits);
    PyBuffer_Release(&slope);
    PyBuffer_Release(&beside);
    PyBuffer_Release(&offset);
    return told;
}

PyDoc_STRVAR(key_says, "key(key) -> int\n\nThe hash of a key.");

static PyObject *key(PyObject *Py_UNUSED(module), PyObject *argument) {
    char *bytes;
    Py_ssize_t size;
    if (PyBytes_AsStringAndSize(argument, &bytes, &size) < 0)
        return NULL;
    uint64_t state = BASIS;
    for (Py_ssize_t at = 0; at < size; at++)
        state = more(state, (uint8_t)bytes[at]);
    return PyLong_FromUnsignedLongLong(hash_of(state));
}

PyDoc_STRVAR(present_says, "present(noted, data, start, end) -> bytes\n\n"
             "The set of the keys of `data[start:end]` whose hash is `noted`.");

static PyObject *present(PyObject *Py_UNUSED(module), PyObject *arguments) {
    Py_buffer noted, data;
    Py_ssize_t start, end;
    PyObject *set = NULL;
    if (!PyArg_ParseTuple(arguments, "y*y*nn:present", &noted, &data, &start, &end))
        return NULL;
    if (noted.len != NOTED_BYTES || start < 0 || end < start || end > data.len) {
        refused("a part of a text lies within it, and what is noted has a fixed size");
    } else {
        struct found found = {noted.buf, PyMem_Malloc(64 * sizeof(uint64_t)), 0, 64, 0};
        if (found.hashes)
            add_keys(&found, data.buf, (size_t)start, (size_t)end);
        set = found.hashes && !found.failed ? as_set(&found) : PyErr_NoMemory();
        PyMem_Free(found.hashes);
    }
    PyBuffer_Release(&noted);
    PyBuffer_Release(&data);
    return set;
}

/* Add to `list` what the calls of one key call. */
static int heard(const struct calls *calls, uint64_t at, const uint64_t *part, size_t part_places,
                 const uint64_t *text, size_t text_places, PyObject *objects, PyObject *list) {
    const uint64_t *size = numbers(calls, at, 1), *each;
    if (!size || !(each = numbers(calls, at + 1, *size)))
        return -1;
    for (uint64_t one = 0; one < *size; one++) {
        uint64_t called = 0;
        int yes = fulfilled(calls, each[one], part, part_places, text, text_places, &called);
        if (yes < 0 || called >= (uint64_t)PyTuple_Size(objects))
            return -1;
        if (yes && PyList_Append(list, PyTuple_GetItem(objects, (Py_ssize_t)called)) < 0)
            return -2;
    }
    return 0;
}

static PyObject *listed(const struct calls *calls, const uint64_t *part, size_t part_places,
                        const uint64_t *text, size_t text_places, PyObject *objects) {
    PyObject *list = PyList_New(0);
    uint64_t places = calls->table < calls->end ? calls->table[0] : 0;
    const uint64_t *slots = numbers(calls, 1, places < UINT32_MAX ? 2 * places : UINT64_MAX);
    int wrong = !slots || !places || places & (places - 1) ? -1 : 0;
    /* From the smaller side: of a group most keys are few, of all rules those of the text are. */
    if (list && !wrong && places <= part_places) {
        for (uint64_t slot = 0; slot < places && !wrong; slot++)
            if (slots[2 * slot] && has(part, part_places, slots[2 * slot]))
                wrong = heard(calls, slots[2 * slot + 1], part, part_places, text, text_places,
                              objects, list);
    } else if (list && !wrong) {
        for (size_t at = 0; at < part_places && !wrong; at++) {
            uint64_t slot = part[at] & (places - 1), looked = 0;
            if (!part[at])
                continue;
            while (looked++ < places && slots[2 * slot] && slots[2 * slot] != part[at])
                slot = (slot + 1) & (places - 1);
            if (slots[2 * slot] == part[at])
                wrong = heard(calls, slots[2 * slot + 1], part, part_places, text, text_places,
                              objects, list);
        }
    }
    if (wrong)
        Py_CLEAR(list);
    return wrong == -1 ? refused("a table of calls is broken") : list;
}

/* Whether this is a set as `present` makes them: a power of two of places, one of them empty. */
static int is_set(const Py_buffer *set) {
    size_t places = (size_t)set->len / sizeof(uint64_t), at = 0;
    const uint64_t *hashes = set->buf;
    while (at < places && hashes[at])
        at++;
    return (size_t)set->len == places * sizeof(uint64_t) && !(places & (places - 1)) && at < places;
}

PyDoc_STRVAR(called_says, "called(table, part, text, objects) -> list\n\n"
             "Those of `objects` that the keys of a part of a text call.");

static PyObject *called(PyObject *Py_UNUSED(module), PyObject *arguments) {
    Py_buffer table, part, text;
    PyObject *objects, *list;
    if (!PyArg_ParseTuple(arguments, "y*y*y*O:called", &table, &part, &text, &objects))
        return NULL;
    struct calls calls = {table.buf,
                          (const uint64_t *)table.buf + (size_t)table.len / sizeof(uint64_t)};
    if (!PyTuple_Check(objects) || !is_set(&part) || !is_set(&text))
        list = refused("what is called stands in a tuple, and keys in sets as `present` makes them");
    else
        list = listed(&calls, part.buf, (size_t)part.len / sizeof(uint64_t), text.buf,
                      (size_t)text.len / sizeof(uint64_t), objects);
    PyBuffer_Release(&table);
    PyBuffer_Release(&part);
    PyBuffer_Release(&text);
    return list;
}

static PyMethodDef functions[] = {
    {"logits", logits, METH_VARARGS, logits_says},
    {"chances", chances, METH_VARARGS, chances_says},
    {"key", key, METH_O, key_says},
    {"present", present, METH_VARARGS, present_says},
    {"called", called, METH_VARARGS, called_says},
    {NULL, NULL, 0, NULL},
};

static int named(PyObject *module) {
    return PyModule_AddStringConstant(module, "source", SOURCE);
}

static PyModuleDef_Slot slots[] = {{Py_mod_exec, named}, {0, NULL}};

static struct PyModuleDef kernel = {
    PyModuleDef_HEAD_INIT, "_kernel", "What screening computes for every text, compiled.", 0, functions, slots, NULL, NULL,
    NULL,
};

PyMODINIT_FUNC PyInit__kernel(void) {
    return PyModuleDef_Init(&kernel);
}
