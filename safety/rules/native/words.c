/* How the characters of a text read, and what its words are: what `characters.py`, `normalise.py` and
   `patterns.py` tell with tables and expressions. */

#include "kernel.h"

/* The characters of a text, for who frees them; NULL without memory. `size` is how many. */
static Py_UCS4 *characters_of(PyObject *text, size_t *size) {
    Py_ssize_t length = PyUnicode_GetLength(text);
    if (length < 0)
        return NULL;
    *size = (size_t)length;
    return PyUnicode_AsUCS4Copy(text);
}

enum nature { ALPHANUMERIC, DECIMAL };

/* Whether Python says so of a character, asked once each; -1 where it cannot be asked. */
static int is(enum nature nature, Py_UCS4 code) {
    static uint8_t told[0x110000]; /* two bits for each nature: whether it was asked, and so */
    static const char *const names[] = {"isalnum", "isdecimal"};
    uint8_t asked = (uint8_t)(1 << 2 * nature), so = (uint8_t)(2 << 2 * nature);
    if (!(told[code] & asked)) {
        PyObject *one = PyUnicode_FromOrdinal((int)code);
        PyObject *yes = one ? PyObject_CallMethod(one, names[nature], NULL) : NULL;
        if (yes)
            told[code] |= yes == Py_True ? asked | so : asked;
        Py_XDECREF(one);
        Py_XDECREF(yes);
        if (!yes)
            return -1;
    }
    return (told[code] & so) != 0;
}

/* Whether a character is of a word, as `\w` has it; -1 where that cannot be told. */
static int is_of_word(Py_UCS4 code) {
    return code < 0x80 ? is_wordly((uint8_t)code) : is(ALPHANUMERIC, code);
}

static int is_letter(Py_UCS4 code) {
    return code >= 'a' && code <= 'z';
}

static int is_digit(Py_UCS4 code) {
    return code >= '0' && code <= '9';
}

/* Whether a character is a letter of any script, as `[^\W\d_]` has it; -1 as above. */
static int is_any_letter(Py_UCS4 code) {
    if (code < 0x80)
        return is_letter(code) || (code >= 'A' && code <= 'Z');
    int word = is(ALPHANUMERIC, code), digit = word > 0 ? is(DECIMAL, code) : 0;
    return word < 0 || digit < 0 ? -1 : word && !digit;
}

/* A text of these characters; `spare` has a byte for each. */
static PyObject *text_of(const Py_UCS4 *codes, size_t size, char *spare) {
    Py_UCS4 all = 0;
    for (size_t at = 0; at < size; at++) {
        all |= codes[at];
        spare[at] = (char)codes[at];
    }
    if (all < 0x80)
        return PyUnicode_FromStringAndSize(spare, (Py_ssize_t)size);
    int order = *(const uint8_t *)&(uint16_t){1} ? -1 : 1; /* of bytes, here */
    return PyUnicode_DecodeUTF32((const char *)codes, (Py_ssize_t)(size * sizeof *codes),
                                 "surrogatepass", &order);
}

#define READING_MAX 255 /* characters of what one character reads as */

/* What is read, and how many characters of it each character of the text became. */
struct read_text {
    Py_UCS4 *codes;
    size_t size, room;
    uint8_t *lengths;
    int irregular; /* whether any became none, or several */
};

/* Read one character by the table: what is not in it reads as itself, and so do the letters a to z,
   which are not looked up. -1 with an exception. */
static int read_one(struct read_text *read, Py_UCS4 code, PyObject *table, uint8_t *length) {
    PyObject *reading = NULL;
    if (!is_letter(code)) {
        PyObject *key = PyLong_FromUnsignedLong(code);
        reading = key ? PyDict_GetItemWithError(table, key) : NULL;
        Py_XDECREF(key);
        if (!reading && PyErr_Occurred())
            return -1;
    }
    Py_ssize_t size = reading ? PyUnicode_GetLength(reading) : 1;
    if (size < 0)
        return -1;
    if (size > READING_MAX) {
        refused("a character reads as more than it can");
        return -1;
    }
    if (read->size + (size_t)size + 1 > read->room) {
        size_t room = 2 * (read->room + READING_MAX);
        Py_UCS4 *larger = PyMem_Realloc(read->codes, room * sizeof *larger);
        if (!larger) {
            PyErr_NoMemory();
            return -1;
        }
        read->codes = larger;
        read->room = room;
    }
    if (!reading)
        read->codes[read->size] = code;
    else if (!PyUnicode_AsUCS4(reading, read->codes + read->size, size + 1, 1))
        return -1;
    read->size += (size_t)size;
    *length = (uint8_t)size;
    read->irregular |= size != 1;
    return 0;
}

/* For each character that was read, where it was written; None where nothing moved. */
static PyObject *places_of(const struct read_text *read, size_t written) {
    if (!read->irregular)
        return Py_NewRef(Py_None);
    PyObject *list = PyList_New((Py_ssize_t)read->size);
    Py_ssize_t next = 0;
    for (size_t at = 0; list && at < written; at++)
        for (uint8_t one = 0; list && one < read->lengths[at]; one++) {
            PyObject *place = PyLong_FromSize_t(at);
            if (!place || PyList_SetItem(list, next++, place) < 0)
                Py_CLEAR(list);
        }
    return list;
}

PyDoc_STRVAR(read_says, "read(text, table) -> (text, places)\n\n"
             "A text as its characters read, and where each was written; None where none moved.");

static PyObject *read_as(PyObject *Py_UNUSED(module), PyObject *arguments) {
    PyObject *text, *table, *shown = NULL, *places = NULL;
    if (!PyArg_ParseTuple(arguments, "UO!:read", &text, &PyDict_Type, &table))
        return NULL;
    size_t size = 0;
    Py_UCS4 *codes = characters_of(text, &size);
    if (!codes)
        return NULL;
    struct read_text read = {PyMem_Malloc((size + 1) * sizeof(Py_UCS4)), 0, size + 1,
                             PyMem_Malloc(size + 1), 0};
    int wrong = read.codes && read.lengths ? 0 : -1;
    if (wrong)
        PyErr_NoMemory();
    for (size_t at = 0; at < size && !wrong; at++)
        wrong = read_one(&read, codes[at], table, read.lengths + at);
    char *spare = wrong ? NULL : PyMem_Malloc(read.size + 1);
    if (spare && (shown = text_of(read.codes, read.size, spare)))
        places = places_of(&read, size);
    else if (!wrong && !spare)
        PyErr_NoMemory();
    PyMem_Free(spare);
    PyMem_Free(read.codes);
    PyMem_Free(read.lengths);
    PyMem_Free(codes);
    if (!places)
        Py_CLEAR(shown);
    return shown ? Py_BuildValue("NN", shown, places) : NULL;
}

PyDoc_STRVAR(one_byte_says, "one_byte(text, table, other) -> bytes\n\n"
             "A byte for each character of a text: its own in ASCII, else that of the table, or `other`.");

static PyObject *one_byte(PyObject *Py_UNUSED(module), PyObject *arguments) {
    PyObject *text, *table, *whole = NULL;
    unsigned char other;
    if (!PyArg_ParseTuple(arguments, "UO!b:one_byte", &text, &PyDict_Type, &table, &other))
        return NULL;
    size_t size = 0;
    Py_UCS4 *codes = characters_of(text, &size);
    if (codes)
        whole = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)size);
    uint8_t *bytes = whole ? (uint8_t *)PyBytes_AsString(whole) : NULL;
    for (size_t at = 0; whole && at < size; at++) {
        bytes[at] = codes[at] < 0x80 ? (uint8_t)codes[at] : other;
        if (codes[at] < 0x80)
            continue;
        PyObject *key = PyLong_FromUnsignedLong(codes[at]);
        PyObject *byte = key ? PyDict_GetItemWithError(table, key) : NULL;
        Py_XDECREF(key);
        if (byte)
            bytes[at] = (uint8_t)PyLong_AsUnsignedLongMask(byte);
        if (PyErr_Occurred())
            Py_CLEAR(whole);
    }
    PyMem_Free(codes);
    return whole;
}

PyDoc_STRVAR(once_says, "once(text, places) -> (text, places)\n\n"
             "A text with each repeated letter written once, and the places of what is left.");

static PyObject *once(PyObject *Py_UNUSED(module), PyObject *arguments) {
    PyObject *text, *places, *shown = NULL, *kept = NULL;
    if (!PyArg_ParseTuple(arguments, "UO:once", &text, &places))
        return NULL;
    size_t size = 0, left = 0;
    Py_UCS4 *codes = characters_of(text, &size), before = 0;
    char *spare = codes ? PyMem_Malloc(size + 1) : NULL;
    if (spare && PySequence_Size(places) == (Py_ssize_t)size)
        kept = PyList_New(0);
    else if (spare && !PyErr_Occurred())
        refused("every character has a place");
    else if (codes && !spare)
        PyErr_NoMemory();
    for (size_t at = 0; kept && at < size; at++) {
        Py_UCS4 code = codes[at];
        int again = at && code == before ? is_any_letter(code) : 0;
        PyObject *place = again ? NULL : PySequence_GetItem(places, (Py_ssize_t)at);
        if (again < 0 || (!again && (!place || PyList_Append(kept, place) < 0)))
            Py_CLEAR(kept);
        Py_XDECREF(place);
        before = code;
        if (!again)
            codes[left++] = code;
    }
    if (kept && !(shown = text_of(codes, left, spare)))
        Py_CLEAR(kept);
    PyMem_Free(spare);
    PyMem_Free(codes);
    return kept ? Py_BuildValue("NN", shown, kept) : NULL;
}

PyDoc_STRVAR(begun_says, "begun(text) -> list\n\nWhere the words of a text begin.");

static PyObject *begun(PyObject *Py_UNUSED(module), PyObject *text) {
    size_t size;
    Py_UCS4 *codes = characters_of(text, &size);
    PyObject *list = codes ? PyList_New(0) : NULL;
    int inside = 0;
    for (size_t at = 0; list && at < size; at++) {
        int now = is_of_word(codes[at]);
        if (now > 0 && !inside) {
            PyObject *place = PyLong_FromSize_t(at);
            now = place && !PyList_Append(list, place) ? 1 : -1;
            Py_XDECREF(place);
        }
        if (now < 0)
            Py_CLEAR(list);
        inside = now;
    }
    PyMem_Free(codes);
    return list;
}

PyDoc_STRVAR(tokens_says, "tokens(text) -> list\n\n"
             "The runs of the letters a to z, and of digits, in order.");

static PyObject *tokens(PyObject *Py_UNUSED(module), PyObject *text) {
    size_t size = 0;
    Py_UCS4 *codes = characters_of(text, &size);
    char *token = codes ? PyMem_Malloc(size + 1) : NULL;
    PyObject *list = token ? PyList_New(0) : NULL;
    for (size_t at = 0; list && at < size;) {
        int (*same)(Py_UCS4) = is_letter(codes[at]) ? is_letter : is_digit;
        size_t long_ = 0;
        for (; at < size && same(codes[at]); at++)
            token[long_++] = (char)codes[at];
        if (!long_) {
            at++;
            continue;
        }
        PyObject *one = PyUnicode_FromStringAndSize(token, (Py_ssize_t)long_);
        if (!one || PyList_Append(list, one) < 0)
            Py_CLEAR(list);
        Py_XDECREF(one);
    }
    if (codes && !token)
        PyErr_NoMemory();
    PyMem_Free(token);
    PyMem_Free(codes);
    return list;
}

PyMethodDef words_functions[] = {
    {"read", read_as, METH_VARARGS, read_says},
    {"one_byte", one_byte, METH_VARARGS, one_byte_says},
    {"once", once, METH_VARARGS, once_says},
    {"begun", begun, METH_O, begun_says},
    {"tokens", tokens, METH_O, tokens_says},
    {NULL, NULL, 0, NULL},
};
