/* The keys of a text, and what they call: what `safety/rules/keys.py` does with sets of words. A key is
   its hash here. Two keys with one hash would call a rule whose expression then finds nothing, and never
   hide one. */

#include "kernel.h"

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

#define PARTS_MAX 64

/* A key of a text, by its hash, and the parts it stands in: a bit for each. */
struct key {
    uint64_t hash, parts;
};

/* The known keys of a part of a text as they are found, some more than once. */
struct found {
    const uint8_t *noted;
    struct key *keys;
    size_t count, room;
    uint64_t part;
    int failed;
};

static void add(struct found *found, uint64_t state) {
    uint64_t hash = hash_of(state), bit = hash >> NOTED_SHIFT;
    if (!(found->noted[bit / 8] >> (bit % 8) & 1) || found->failed)
        return;
    if (found->count == found->room) {
        struct key *larger = PyMem_Realloc(found->keys, 2 * found->room * sizeof *larger);
        if (!larger) {
            found->failed = 1;
            return;
        }
        found->keys = larger;
        found->room *= 2;
    }
    found->keys[found->count++] = (struct key){hash, found->part};
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

/* The keys of a text in a table: a power of two of places, some of them empty. */
struct keys {
    const struct key *table;
    size_t places;
};

/* The parts of a text that have a key. */
static uint64_t parts_of(const struct keys *keys, uint64_t hash) {
    size_t place = hash & (keys->places - 1);
    while (keys->table[place].hash && keys->table[place].hash != hash)
        place = (place + 1) & (keys->places - 1);
    return keys->table[place].parts;
}

static PyObject *as_table(const struct found *found) {
    size_t places = 16;
    while (places < 2 * found->count)
        places *= 2;
    PyObject *whole = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)(places * sizeof(struct key)));
    if (!whole)
        return NULL;
    struct key *table = (struct key *)PyBytes_AsString(whole);
    memset(table, 0, places * sizeof *table);
    for (size_t at = 0; at < found->count; at++) {
        uint64_t hash = found->keys[at].hash;
        size_t place = hash & (places - 1);
        while (table[place].hash && table[place].hash != hash)
            place = (place + 1) & (places - 1);
        table[place].hash = hash;
        table[place].parts |= found->keys[at].parts;
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

/* In which of `parts` there is all that a call needs; of a far one, all but its first key may be
   anywhere. `called` is what it calls. A broken table sets `wrong`. */
static uint64_t fulfilled(const struct calls *calls, uint64_t at, const struct keys *keys,
                          uint64_t parts, uint64_t *called, int *wrong) {
    const uint64_t *call = numbers(calls, at, 3);
    *wrong |= !call;
    if (!call)
        return 0;
    uint64_t far = call[0], each = call[2];
    *called = call[1];
    if (!(call = numbers(calls, at + 3, each)) || !numbers(calls, at + 3 + each, 1)) {
        *wrong = 1;
        return 0;
    }
    for (uint64_t one = 0; one < each && parts; one++) {
        uint64_t there = parts_of(keys, call[one]);
        parts &= far && there ? UINT64_MAX : there;
    }
    at += 3 + each;
    for (uint64_t choices = calls->table[at++]; choices && parts; choices--) {
        const uint64_t *size = numbers(calls, at, 1), *choice;
        if (!size || !(choice = numbers(calls, at + 1, *size))) {
            *wrong = 1;
            return 0;
        }
        uint64_t there = 0;
        for (uint64_t one = 0; one < *size && (parts & ~there); one++)
            there |= parts_of(keys, choice[one]);
        parts &= far && there ? UINT64_MAX : there;
        at += 1 + *size;
    }
    return parts;
}

/* Numbers that grow. */
struct row {
    uint64_t *numbers;
    size_t count, room;
};

static int push(struct row *row, uint64_t number) {
    if (row->count == row->room) {
        size_t room = row->room ? 2 * row->room : 64;
        uint64_t *larger = PyMem_Realloc(row->numbers, room * sizeof *larger);
        if (!larger) {
            PyErr_NoMemory();
            return -1;
        }
        row->numbers = larger;
        row->room = room;
    }
    row->numbers[row->count++] = number;
    return 0;
}

/* Add the hashes of a set of keys: a key is bytes, or two of them, for two words in a row. With `call`,
   that is added after each. */
static int push_keys(struct row *row, PyObject *keys, const uint64_t *call) {
    PyObject *each = PyObject_GetIter(keys), *one;
    int wrong = each ? 0 : -1;
    while (!wrong && (one = PyIter_Next(each))) {
        const char *first, *second = NULL;
        Py_ssize_t sizes[2] = {0, 0};
        uint64_t state = BASIS;
        if (PyTuple_Check(one))
            wrong = PyArg_ParseTuple(one, "y#y#:key", &first, sizes, &second, sizes + 1) ? 0 : -1;
        else
            wrong = PyArg_Parse(one, "y#", &first, sizes) ? 0 : -1;
        for (Py_ssize_t at = 0; !wrong && at < sizes[0]; at++)
            state = more(state, (uint8_t)first[at]);
        if (!wrong && second)
            state = more(state, ' ');
        for (Py_ssize_t at = 0; !wrong && at < sizes[1]; at++)
            state = more(state, (uint8_t)second[at]);
        wrong = wrong || push(row, hash_of(state)) || (call && push(row, *call)) ? -1 : 0;
        Py_DECREF(one);
    }
    Py_XDECREF(each);
    return wrong || PyErr_Occurred() ? -1 : 0;
}

/* Add what a pattern needs to `calls`, and to `rarest` its rarest keys, each with where that stands. */
static int push_call(struct row *calls, struct row *rarest, PyObject *pattern, Py_ssize_t number) {
    PyObject *first, *each, *others;
    int far;
    uint64_t here = calls->count;
    if (!PyTuple_Check(pattern)
        || !PyArg_ParseTuple(pattern, "pOOO!:pattern", &far, &first, &each, &PyTuple_Type, &others))
        return -1;
    if (push_keys(rarest, first, &here) || push(calls, (uint64_t)far)
        || push(calls, (uint64_t)number) || push(calls, 0) || push_keys(calls, each, NULL))
        return -1;
    calls->numbers[here + 2] = calls->count - here - 3;
    if (push(calls, (uint64_t)PyTuple_Size(others)))
        return -1;
    for (Py_ssize_t at = 0; at < PyTuple_Size(others); at++) {
        size_t size = calls->count;
        if (push(calls, 0) || push_keys(calls, PyTuple_GetItem(others, at), NULL))
            return -1;
        calls->numbers[size] = calls->count - size - 1;
    }
    return 0;
}

/* The table of calls: places, lists, calls. Where one stands is told in numbers from the beginning. */
static PyObject *as_calls(const struct row *calls, const struct row *rarest) {
    size_t keys = rarest->count / 2, places = 1, distinct = 0;
    while (places < 2 * keys)
        places *= 2;
    uint64_t *slots = PyMem_Calloc(places, 2 * sizeof *slots); /* a hash, then how many calls it has */
    if (!slots)
        return PyErr_NoMemory();
    for (size_t at = 0; at < keys; at++) {
        uint64_t hash = rarest->numbers[2 * at];
        size_t place = hash & (places - 1);
        while (slots[2 * place] && slots[2 * place] != hash)
            place = (place + 1) & (places - 1);
        distinct += !slots[2 * place];
        slots[2 * place] = hash;
        slots[2 * place + 1]++;
    }
    size_t lists = 1 + 2 * places, begun = lists + distinct + keys, next = lists;
    PyObject *whole = PyBytes_FromStringAndSize(
        NULL, (Py_ssize_t)((begun + calls->count) * sizeof(uint64_t)));
    uint64_t *table = whole ? (uint64_t *)PyBytes_AsString(whole) : NULL;
    for (size_t place = 0; whole && place < places; place++) {
        uint64_t size = slots[2 * place + 1];
        table[1 + 2 * place] = slots[2 * place];
        table[2 + 2 * place] = size ? next : 0;
        if (size)
            table[next] = 0; /* filled below */
        next += size ? 1 + size : 0;
    }
    for (size_t at = 0; whole && at < keys; at++) {
        uint64_t hash = rarest->numbers[2 * at];
        size_t place = hash & (places - 1);
        while (table[1 + 2 * place] != hash)
            place = (place + 1) & (places - 1);
        uint64_t *list = table + table[2 + 2 * place];
        list[++list[0]] = begun + rarest->numbers[2 * at + 1];
    }
    if (whole) {
        table[0] = places;
        for (size_t at = 0; at < calls->count; at++)
            table[begun + at] = calls->numbers[at];
    }
    PyMem_Free(slots);
    return whole;
}

PyDoc_STRVAR(calls_says, "calls(patterns) -> bytes\n\n"
             "The table of what calls each of some patterns, by its place in the list: whether it is far,\n"
             "its rarest keys, those of which all must be there, and choices of which one must.");

static PyObject *calls(PyObject *Py_UNUSED(module), PyObject *argument) {
    struct row calls = {NULL, 0, 0}, rarest = {NULL, 0, 0};
    int wrong = !PyList_Check(argument);
    if (wrong)
        refused("patterns stand in a list");
    for (Py_ssize_t at = 0; !wrong && at < PyList_Size(argument); at++)
        wrong = push_call(&calls, &rarest, PyList_GetItem(argument, at), at);
    PyObject *table = NULL;
    if (!wrong)
        table = as_calls(&calls, &rarest);
    else if (!PyErr_Occurred())
        refused("a pattern is four things in a tuple");
    PyMem_Free(calls.numbers);
    PyMem_Free(rarest.numbers);
    return table;
}

PyDoc_STRVAR(noted_says, "noted(keys) -> bytes\n\nWhich hashes some keys have, roughly.");

static PyObject *noted(PyObject *Py_UNUSED(module), PyObject *argument) {
    struct row hashes = {NULL, 0, 0};
    PyObject *whole = NULL;
    if (!push_keys(&hashes, argument, NULL))
        whole = PyBytes_FromStringAndSize(NULL, NOTED_BYTES);
    uint8_t *bits = whole ? (uint8_t *)PyBytes_AsString(whole) : NULL;
    if (bits)
        memset(bits, 0, NOTED_BYTES);
    for (size_t at = 0; bits && at < hashes.count; at++) {
        uint64_t bit = hashes.numbers[at] >> NOTED_SHIFT;
        bits[bit / 8] |= (uint8_t)(1u << (bit % 8));
    }
    PyMem_Free(hashes.numbers);
    return whole;
}

PyDoc_STRVAR(keys_says, "keys(noted, data, parts) -> bytes\n\n"
             "The keys of the parts of a text, at most 64 spans of it, whose hash is `noted`.");

/* Add the keys of one part, given as a tuple of where it starts and ends. */
static int add_part(struct found *found, PyObject *part, const Py_buffer *data) {
    Py_ssize_t start, end;
    if (!PyTuple_Check(part) || !PyArg_ParseTuple(part, "nn", &start, &end))
        return -1;
    if (start < 0 || end < start || end > data->len)
        return -1;
    add_keys(found, data->buf, (size_t)start, (size_t)end);
    return 0;
}

static PyObject *keys(PyObject *Py_UNUSED(module), PyObject *arguments) {
    Py_buffer noted, data;
    PyObject *parts, *table = NULL;
    if (!PyArg_ParseTuple(arguments, "y*y*O!:keys", &noted, &data, &PyList_Type, &parts))
        return NULL;
    Py_ssize_t count = PyList_Size(parts);
    int wrong = noted.len != NOTED_BYTES || count > PARTS_MAX;
    struct found found = {noted.buf, PyMem_Malloc(64 * sizeof(struct key)), 0, 64, 1, 0};
    for (Py_ssize_t at = 0; found.keys && at < count && !wrong; at++) {
        wrong = add_part(&found, PyList_GetItem(parts, at), &data);
        found.part <<= 1;
    }
    if (wrong && !PyErr_Occurred())
        refused("at most 64 parts of a text lie within it, and what is noted has a fixed size");
    else if (!wrong)
        table = found.keys && !found.failed ? as_table(&found) : PyErr_NoMemory();
    PyMem_Free(found.keys);
    PyBuffer_Release(&noted);
    PyBuffer_Release(&data);
    return table;
}

/* Who asks what keys call: all of it in a list with its parts, or in which parts anything is. */
struct asked {
    PyObject *objects, *list; /* NULL for who asks where */
    uint64_t parts;
};

/* Add what a key calls that stands in some parts. 1: the table is broken; -1: an exception. */
static int heard(const struct calls *calls, uint64_t at, const struct keys *keys, uint64_t parts,
                 struct asked *asked) {
    const uint64_t *size = numbers(calls, at, 1), *each;
    if (!size || !(each = numbers(calls, at + 1, *size)))
        return 1;
    for (uint64_t one = 0; one < *size; one++) {
        uint64_t called = 0;
        int wrong = 0;
        uint64_t there = fulfilled(calls, each[one], keys, parts, &called, &wrong);
        asked->parts |= there;
        if (wrong || (asked->list && called >= (uint64_t)PyTuple_Size(asked->objects)))
            return 1;
        if (!there || !asked->list)
            continue;
        PyObject *pair = Py_BuildValue("KO", (unsigned long long)there,
                                       PyTuple_GetItem(asked->objects, (Py_ssize_t)called));
        wrong = !pair || PyList_Append(asked->list, pair) < 0;
        Py_XDECREF(pair);
        if (wrong)
            return -1;
    }
    return 0;
}

static int hear(const struct calls *calls, const struct keys *keys, struct asked *asked) {
    uint64_t places = calls->table < calls->end ? calls->table[0] : 0;
    const uint64_t *slots = numbers(calls, 1, places < UINT32_MAX ? 2 * places : UINT64_MAX);
    int wrong = !slots || !places || places & (places - 1) ? 1 : 0;
    /* From the smaller side: of a group most keys are few, of all rules those of the text are. */
    if (!wrong && places <= keys->places) {
        for (uint64_t slot = 0; slot < places && !wrong; slot++) {
            uint64_t parts = slots[2 * slot] ? parts_of(keys, slots[2 * slot]) : 0;
            if (parts)
                wrong = heard(calls, slots[2 * slot + 1], keys, parts, asked);
        }
    } else if (!wrong) {
        for (size_t at = 0; at < keys->places && !wrong; at++) {
            const struct key *key = keys->table + at;
            uint64_t slot = key->hash & (places - 1), looked = 0;
            if (!key->hash)
                continue;
            while (looked++ < places && slots[2 * slot] && slots[2 * slot] != key->hash)
                slot = (slot + 1) & (places - 1);
            if (slots[2 * slot] == key->hash)
                wrong = heard(calls, slots[2 * slot + 1], keys, key->parts, asked);
        }
    }
    return wrong;
}

/* Whether this is a table as `keys` makes them: a power of two of places, one of them empty. */
static int is_table(const Py_buffer *buffer, struct keys *keys) {
    size_t at = 0;
    keys->table = buffer->buf;
    keys->places = (size_t)buffer->len / sizeof(struct key);
    while (at < keys->places && keys->table[at].hash)
        at++;
    return (size_t)buffer->len == keys->places * sizeof(struct key)
           && !(keys->places & (keys->places - 1)) && at < keys->places;
}

static int ask(PyObject *arguments, const char *format, PyObject **objects, struct asked *asked) {
    Py_buffer table, buffer;
    struct keys keys;
    if (!PyArg_ParseTuple(arguments, format, &table, &buffer, &PyTuple_Type, objects))
        return -1;
    struct calls calls = {table.buf,
                          (const uint64_t *)table.buf + (size_t)table.len / sizeof(uint64_t)};
    asked->objects = objects ? *objects : NULL;
    int wrong = is_table(&buffer, &keys) ? hear(&calls, &keys, asked) : 1;
    if (wrong == 1)
        refused("a table of calls, or of keys, is broken");
    PyBuffer_Release(&table);
    PyBuffer_Release(&buffer);
    return wrong;
}

PyDoc_STRVAR(called_says, "called(table, keys, objects) -> list\n\n"
             "Those of `objects` that the keys of a text call, each after the parts where they do.");

static PyObject *called(PyObject *Py_UNUSED(module), PyObject *arguments) {
    PyObject *objects;
    struct asked asked = {NULL, PyList_New(0), 0};
    if (asked.list && ask(arguments, "y*y*O!:called", &objects, &asked))
        Py_CLEAR(asked.list);
    return asked.list;
}

PyDoc_STRVAR(where_says, "where(table, keys) -> int\n\n"
             "In which parts of a text its keys call anything: a bit for each.");

static PyObject *where(PyObject *Py_UNUSED(module), PyObject *arguments) {
    struct asked asked = {NULL, NULL, 0};
    return ask(arguments, "y*y*:where", NULL, &asked) ? NULL
                                                      : PyLong_FromUnsignedLongLong(asked.parts);
}

PyMethodDef keys_functions[] = {
    {"noted", noted, METH_O, noted_says},
    {"calls", calls, METH_O, calls_says},
    {"keys", keys, METH_VARARGS, keys_says},
    {"called", called, METH_VARARGS, called_says},
    {"where", where, METH_VARARGS, where_says},
    {NULL, NULL, 0, NULL},
};
