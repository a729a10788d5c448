/* The text model: what `safety/rules/classifier.py` says with numpy, bit for bit. One pass over a
   window: hash its n-grams, words and pairs of words, look each hash up, add the rows of weights that
   are there, once each. Sums are of integers, and products and sums of doubles are done one by one in
   the order of numpy's, so both give the same bits. */

#include "kernel.h"
#include <math.h>

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

/* What a window is judged by: each column's weight in a slot, and what a sum of these says. */
struct table {
    const uint8_t *wordly;
    const uint16_t *tags;
    const int8_t *weights;
    const double *scale, *bias;
    size_t last, columns; /* the last of `wordly` */
    int shift;
};

/* Write the raw scores of a window, and which share of its features is known. -1: an exception. */
static int told(PyObject *window, const struct table *table, double *out, double *share) {
    Py_UCS4 codes[CODES_MAX + 1];
    uint64_t hashes[HASHES_MAX];
    uint32_t known[HASHES_MAX];
    int32_t sums[COLUMNS_MAX] = {0};
    Py_ssize_t length = PyUnicode_GetLength(window);
    if (length > LESSON_CHARACTERS)
        refused("a window is longer than a window can be");
    if (length < 0 || length > LESSON_CHARACTERS
        || !PyUnicode_AsUCS4(window, codes + 1, CODES_MAX, 0))
        return -1;
    size_t size = (size_t)length + 2;
    codes[0] = codes[size - 1] = ' ';
    size_t count = hashes_of(codes, size, table->wordly, table->last, hashes);
    size_t found = slots_of(hashes, count, table->tags, table->shift, table->weights,
                            table->columns, known);
    add_rows(known, found, table->weights, table->columns, sums);
    double features = count ? (double)count : 1.0, root = sqrt(features);
    for (size_t column = 0; column < table->columns; column++)
        out[column] = table->scale[column] * (double)sums[column] / root + table->bias[column];
    *share = (double)found / features;
    return 0;
}

/* The same of several windows: the highest of each column, but of the last and the share the mean. */
static PyObject *told_all(PyObject *windows, const struct table *table, double *out) {
    double each[COLUMNS_MAX], share, shares = 0.0, lasts = 0.0;
    Py_ssize_t count = PyList_Size(windows);
    size_t last = table->columns - 1;
    if (count < 1)
        return refused("a text has a window at least");
    for (Py_ssize_t at = 0; at < count; at++) {
        if (told(PyList_GetItem(windows, at), table, at ? each : out, &share) < 0)
            return NULL;
        for (size_t column = 0; at && column < last; column++)
            out[column] = each[column] > out[column] ? each[column] : out[column];
        lasts += at ? each[last] : out[last];
        shares += share;
    }
    out[last] = lasts / (double)count;
    return PyFloat_FromDouble(shares / (double)count);
}

PyDoc_STRVAR(logits_says, "logits(windows, wordly, tags, weights, scale, bias, logits) -> float\n\n"
             "Writes the raw scores of the windows of a text into `logits`; the share of their features\n"
             "that is known.");

static PyObject *logits(PyObject *Py_UNUSED(module), PyObject *arguments) {
    PyObject *windows, *share = NULL;
    Py_buffer wordly, tags, weights, scale, bias, out;
    if (!PyArg_ParseTuple(arguments, "O!y*y*y*y*y*w*:logits", &PyList_Type, &windows, &wordly, &tags,
                          &weights, &scale, &bias, &out))
        return NULL;
    size_t slots = (size_t)tags.len / sizeof(uint16_t);
    struct table table = {wordly.buf, tags.buf, weights.buf, scale.buf, bias.buf,
                          (size_t)wordly.len - 1, (size_t)scale.len / sizeof(double), 64};
    for (size_t left = slots; left > 1; left /= 2)
        table.shift--;
    if (wordly.len < 1 || slots < 2 || slots > UINT32_MAX / 2 || slots & (slots - 1))
        refused("the number of slots is no power of two");
    else if (table.columns < 1 || table.columns > COLUMNS_MAX || bias.len != scale.len
             || out.len != scale.len || (size_t)weights.len != slots * table.columns)
        refused("the table, its scale and its bias do not belong together");
    else
        share = told_all(windows, &table, out.buf);
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

PyMethodDef model_functions[] = {
    {"logits", logits, METH_VARARGS, logits_says},
    {"chances", chances, METH_VARARGS, chances_says},
    {NULL, NULL, 0, NULL},
};
