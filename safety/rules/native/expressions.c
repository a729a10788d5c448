/* The expressions of the packs: what RE2 finds, found by going back where a way fails, which costs nothing
   before the first text and next to nothing on few words. A search that takes long is given up: RE2, which
   never goes back, does it then.

   Where a step of a program leads is counted from itself, so that a part can be written down again. */

#include "kernel.h"
#include <stddef.h>

#define DEPTH_MAX 24        /* groups inside each other */
#define STEPS_MAX (1 << 15) /* of a program */
#define SETS_MAX 512
#define TIMES_MAX 64 /* that a part is written down */
#define CHOICE_MIN 4 /* alternatives of which a byte tells the few that may be meant */
#define CHOICE_MAX 1024
#define LISTS_MAX (1 << 15)
#define WAYS_MAX 2048 /* open at once in a search */
#define EFFORT_EACH 64 /* steps of a search, a byte of the text */
#define EFFORT_MIN 20000

enum kind {
    BYTE,   /* this byte */
    SET,    /* one byte of a set */
    EITHER, /* go on; else there */
    RATHER, /* go there; else on */
    GO,     /* there */
    CHOICE, /* those alternatives that may begin with the next byte, one after the other */
    BEGIN,  /* the text begins here */
    END,    /* and ends here */
    DONE,
};

struct step {
    uint16_t kind, what; /* what: a byte, or the number of a set or of a choice */
    int32_t there;
};

/* Of each byte, and of the end, where the list of its alternatives begins: how far from the choice each
   stands, up to a 0. */
struct choice {
    uint16_t lists[257];
};

struct set {
    uint32_t bits[8];
};

struct program {
    struct set first; /* the bytes that it may begin with */
    struct step *steps;
    struct set *sets;
    struct choice *choices;
    uint16_t *lists;
};

static int has_byte(const struct set *set, uint8_t byte) {
    return set->bits[byte / 32] >> (byte % 32) & 1;
}

static void put_byte(struct set *set, unsigned byte) {
    set->bits[byte / 32] |= UINT32_C(1) << (byte % 32);
}

/* -- From an expression to a program ------------------------------------------------------------- */

struct writer {
    const uint8_t *source, *end;
    struct step *steps;
    struct set *sets;
    struct choice *choices;
    uint16_t *lists; /* has room for LISTS_MAX */
    size_t count, room, sets_count, choices_count, lists_count;
    const char *wrong; /* what it cannot read */
};

static void emit(struct writer *writer, enum kind kind, uint16_t what, int32_t there) {
    if (writer->count == STEPS_MAX)
        writer->wrong = "it is too long";
    if (writer->wrong)
        return;
    if (writer->count == writer->room) {
        struct step *larger = PyMem_Realloc(writer->steps, 2 * writer->room * sizeof *larger);
        if (!larger) {
            writer->wrong = "there is no memory";
            return;
        }
        writer->steps = larger;
        writer->room *= 2;
    }
    writer->steps[writer->count++] = (struct step){(uint16_t)kind, what, there};
}

/* Put one step before those from `at` on; what leads from one of them to another stays. */
static void insert(struct writer *writer, size_t at, enum kind kind, int32_t there) {
    emit(writer, kind, 0, there);
    if (writer->wrong)
        return;
    memmove(writer->steps + at + 1, writer->steps + at, (writer->count - 1 - at) * sizeof(struct step));
    writer->steps[at] = (struct step){(uint16_t)kind, 0, there};
}

static void emit_set(struct writer *writer, const struct set *set) {
    size_t at = 0;
    while (at < writer->sets_count && memcmp(writer->sets + at, set, sizeof *set))
        at++;
    if (at == SETS_MAX)
        writer->wrong = "it has too many sets";
    else if (at == writer->sets_count)
        writer->sets[writer->sets_count++] = *set;
    emit(writer, SET, (uint16_t)at, 0);
}

/* Add what an escaped letter stands for: a kind of bytes, or itself. */
static void put_escaped(struct set *set, uint8_t letter) {
    for (unsigned byte = 0; byte < 256; byte++)
        switch (letter) {
        case 'w':
        case 'W':
            if (is_wordly((uint8_t)byte) == (letter == 'w'))
                put_byte(set, byte);
            break;
        case 'd':
            if (byte >= '0' && byte <= '9')
                put_byte(set, byte);
            break;
        case 's':
            if (byte == ' ' || byte == '\t' || byte == '\n' || byte == '\f' || byte == '\r')
                put_byte(set, byte);
            break;
        default:
            if (byte == letter)
                put_byte(set, byte);
        }
}

static int is_escape(uint8_t letter) { /* that is known: a sign, or one of those above */
    return !is_wordly(letter) || letter == 'w' || letter == 'W' || letter == 'd' || letter == 's';
}

static void write_class(struct writer *writer) {
    struct set set = {{0}};
    int other = writer->source < writer->end && *writer->source == '^', first = 1;
    writer->source += other;
    for (; writer->source < writer->end && (*writer->source != ']' || first); first = 0) {
        uint8_t from = *writer->source++;
        if (from == '[') {
            writer->wrong = "a class stands inside a class";
            return;
        }
        if (from == '\\') {
            if (writer->source == writer->end || !is_escape(*writer->source)) {
                writer->wrong = "an escape is unknown";
                return;
            }
            from = *writer->source++;
            if (is_wordly(from)) {
                put_escaped(&set, from);
                continue;
            }
        }
        uint8_t to = from;
        if (writer->end - writer->source > 1 && *writer->source == '-' && writer->source[1] != ']') {
            to = writer->source[1];
            writer->source += 2;
            if (to == '\\' || to < from) {
                writer->wrong = "a range is none";
                return;
            }
        }
        for (unsigned byte = from; byte <= to; byte++)
            put_byte(&set, byte);
    }
    if (writer->source == writer->end) {
        writer->wrong = "a class has no end";
        return;
    }
    writer->source++;
    for (size_t word = 0; other && word < 8; word++)
        set.bits[word] = ~set.bits[word];
    emit_set(writer, &set);
}

static void write_choice(struct writer *writer, int depth);

static void write_atom(struct writer *writer, int depth) {
    uint8_t byte = *writer->source++;
    struct set set = {{0}};
    switch (byte) {
    case '(':
        if (writer->end - writer->source < 2 || writer->source[0] != '?' || writer->source[1] != ':') {
            writer->wrong = "a group captures or looks around";
            return;
        }
        writer->source += 2;
        if (depth == DEPTH_MAX) {
            writer->wrong = "groups stand too deep";
            return;
        }
        write_choice(writer, depth + 1);
        if (!writer->wrong && writer->source == writer->end)
            writer->wrong = "a group has no end";
        writer->source += !writer->wrong; /* it ended at its bracket */
        return;
    case '[':
        write_class(writer);
        return;
    case '\\':
        if (writer->source == writer->end || !is_escape(*writer->source)) {
            writer->wrong = "an escape is unknown";
            return;
        }
        byte = *writer->source++;
        put_escaped(&set, byte);
        if (is_wordly(byte))
            emit_set(writer, &set);
        else
            emit(writer, BYTE, byte, 0);
        return;
    case '^':
        emit(writer, BEGIN, 0, 0);
        return;
    case '$':
        emit(writer, END, 0, 0);
        return;
    case '.':
    case '*':
    case '+':
    case '?':
    case '{':
        writer->wrong = "a sign has nothing before it";
        return;
    default:
        emit(writer, BYTE, byte, 0);
    }
}

static unsigned read_number(struct writer *writer) {
    unsigned number = 0, digits = 0;
    for (; writer->source < writer->end && *writer->source >= '0' && *writer->source <= '9'; digits++)
        number = 10 * number + *writer->source++ - '0';
    if (!digits || digits > 3)
        writer->wrong = "a number of times is none";
    return number;
}

/* How often the part before may come: at least and at most, 0 without end. 0 where nothing is said. */
static int read_times(struct writer *writer, unsigned *least, unsigned *most) {
    uint8_t sign = writer->source < writer->end ? *writer->source : 0;
    if (sign != '?' && sign != '*' && sign != '+' && sign != '{')
        return 0;
    writer->source++;
    *least = sign == '+';
    *most = sign == '?';
    if (sign != '{')
        return 1;
    *least = *most = read_number(writer);
    int endless = 0;
    if (writer->source < writer->end && *writer->source == ',') {
        writer->source++;
        endless = writer->source < writer->end && *writer->source == '}';
        *most = endless ? 0 : read_number(writer);
    }
    if (!writer->wrong && !endless && (*most < *least || !*most))
        writer->wrong = "it may come less often than it must, or never";
    if (writer->source == writer->end || *writer->source++ != '}')
        writer->wrong = "a number of times has no end";
    return 1;
}

/* Write once more the `size` steps that stand at `at`. */
static void again(struct writer *writer, size_t at, size_t size) {
    for (size_t step = 0; step < size && !writer->wrong; step++)
        emit(writer, writer->steps[at + step].kind, writer->steps[at + step].what,
             writer->steps[at + step].there);
}

static void repeat(struct writer *writer, size_t at) {
    unsigned least = 0, most = 0;
    if (!read_times(writer, &least, &most) || writer->wrong)
        return;
    int lazy = writer->source < writer->end && *writer->source == '?';
    writer->source += lazy;
    if (writer->source < writer->end && (*writer->source == '+' || *writer->source == '*'
                                         || *writer->source == '?' || *writer->source == '{')) {
        writer->wrong = "what is repeated is repeated";
        return;
    }
    size_t size = writer->count - at;
    enum kind skip = lazy ? RATHER : EITHER, back = lazy ? EITHER : RATHER;
    if (least > TIMES_MAX || most > TIMES_MAX) {
        writer->wrong = "it comes too often";
        return;
    }
    for (unsigned time = 1; time < least; time++)
        again(writer, at, size);
    size_t last = at + size * (least ? least - 1 : 0);
    if (!most && least) { /* the last one over and over */
        emit(writer, back, 0, -(int32_t)size);
    } else if (!most) {
        insert(writer, at, skip, (int32_t)size + 2);
        emit(writer, back, 0, -(int32_t)size);
    } else {
        /* Each one more inside the one before: where it is not there, all is over. */
        unsigned more = most - least;
        if (!least) {
            insert(writer, at, skip, 0);
            last = at + 1;
            more--;
        }
        for (unsigned time = 0; time < more; time++) {
            emit(writer, skip, 0, 0);
            again(writer, last, size);
        }
        if (writer->wrong)
            return;
        size_t first = least ? last + size : at, over = writer->count;
        for (size_t step = first; step < over; step += size + 1)
            writer->steps[step].there = (int32_t)(over - step);
    }
}

/* Add the bytes that what is written from a step on may begin with; all where it may be nothing. */
static void first_bytes(const struct writer *writer, size_t at, uint8_t *seen, struct set *first) {
    while (at < writer->count && !seen[at]) {
        const struct step *step = writer->steps + at;
        seen[at] = 1;
        switch (step->kind) {
        case BYTE:
            put_byte(first, step->what);
            return;
        case SET:
            for (size_t word = 0; word < 8; word++)
                first->bits[word] |= writer->sets[step->what].bits[word];
            return;
        case EITHER:
        case RATHER:
            first_bytes(writer, (size_t)((ptrdiff_t)at + step->there), seen, first);
            at++;
            break;
        case GO:
            at = (size_t)((ptrdiff_t)at + step->there);
            break;
        case BEGIN:
            at++;
            break;
        case CHOICE: /* the alternatives stand one behind the other, and know where the next is */
            first_bytes(writer, (size_t)((ptrdiff_t)at + step->there), seen, first);
            at++;
            break;
        default:
            memset(first, 0xFF, sizeof *first);
            return;
        }
    }
    if (at >= writer->count)
        memset(first, 0xFF, sizeof *first);
}

/* Make a choice of the alternatives that begin at these steps: who meets the first of them goes to those
   alone that may be meant. Where there is no room they stay as they are, which is slower. */
static void choose(struct writer *writer, const size_t *starts, size_t count) {
    struct set firsts[CHOICE_MAX];
    uint8_t *seen = PyMem_Malloc(writer->count);
    struct choice *larger = PyMem_Realloc(writer->choices,
                                          (writer->choices_count + 1) * sizeof *larger);
    writer->choices = larger ? larger : writer->choices;
    for (size_t one = 0; seen && one < count; one++) {
        memset(firsts + one, 0, sizeof *firsts);
        memset(seen, 0, writer->count);
        first_bytes(writer, starts[one], seen, firsts + one);
    }
    if (seen && larger) {
        struct choice *choice = larger + writer->choices_count;
        size_t begun = writer->lists_count, last = 0;
        for (unsigned byte = 0; byte <= 256; byte++) {
            size_t list = writer->lists_count, size = 0;
            for (size_t one = 0; one < count && list + size < LISTS_MAX - 1; one++)
                if (has_byte(firsts + one, (uint8_t)byte)) /* at the end as a 0: what may be nothing */
                    writer->lists[list + size++] = (uint16_t)(starts[one] - (starts[0] - 1));
            if (list + size >= LISTS_MAX - 1) {
                writer->lists_count = begun;
                PyMem_Free(seen);
                return;
            }
            writer->lists[list + size++] = 0;
            if (byte && !memcmp(writer->lists + last, writer->lists + list, size * sizeof(uint16_t))) {
                list = last; /* as the byte before has it */
            } else {
                last = list;
                writer->lists_count += size;
            }
            choice->lists[byte] = (uint16_t)list;
        }
        writer->steps[starts[0] - 1].kind = CHOICE;
        writer->steps[starts[0] - 1].what = (uint16_t)writer->choices_count++;
    }
    PyMem_Free(seen);
}

/* Alternatives, each a row of parts, up to a closing bracket or the end. */
static void write_choice(struct writer *writer, int depth) {
    size_t begun = writer->count, count = 0, starts[CHOICE_MAX];
    for (;; count++) {
        size_t start = writer->count;
        while (writer->source < writer->end && *writer->source != '|' && *writer->source != ')'
               && !writer->wrong) {
            size_t at = writer->count;
            write_atom(writer, depth);
            if (!writer->wrong)
                repeat(writer, at);
        }
        int more = !writer->wrong && writer->source < writer->end && *writer->source == '|';
        if (count < CHOICE_MAX)
            starts[count] = start + (size_t)more; /* behind what tells where the next is */
        if (!more)
            break;
        writer->source++;
        insert(writer, start, EITHER, (int32_t)(writer->count - start + 2));
        emit(writer, GO, 0, 0); /* to the end of all, which is not known yet */
        if (!writer->wrong)
            writer->steps[writer->count - 1].what = 1;
    }
    for (size_t step = begun; step < writer->count; step++)
        if (writer->steps[step].kind == GO && writer->steps[step].what) {
            writer->steps[step].what = 0;
            writer->steps[step].there = (int32_t)(writer->count - step);
        }
    if (++count >= CHOICE_MIN && count <= CHOICE_MAX && !writer->wrong)
        choose(writer, starts, count);
}

#define PROGRAM "aparte.program"

static void dropped(struct program *program) {
    PyMem_Free(program->steps);
    PyMem_Free(program->sets);
    PyMem_Free(program->choices);
    PyMem_Free(program->lists);
    PyMem_Free(program);
}

static void forget(PyObject *capsule) {
    struct program *program = PyCapsule_GetPointer(capsule, PROGRAM);
    dropped(program);
}

static void *copy_of(const void *from, size_t size) {
    void *copy = PyMem_Malloc(size ? size : 1);
    return copy && size ? memcpy(copy, from, size) : copy;
}

/* What was written, to keep; NULL with an exception. */
static PyObject *kept(const struct writer *writer) {
    struct program *program = PyMem_Calloc(1, sizeof *program);
    uint8_t *seen = PyMem_Calloc(writer->count, 1);
    PyObject *capsule = NULL;
    if (program && seen) {
        program->steps = copy_of(writer->steps, writer->count * sizeof(struct step));
        program->sets = copy_of(writer->sets, writer->sets_count * sizeof(struct set));
        program->choices = copy_of(writer->choices, writer->choices_count * sizeof(struct choice));
        program->lists = copy_of(writer->lists, writer->lists_count * sizeof(uint16_t));
        first_bytes(writer, 0, seen, &program->first);
    }
    if (program && program->steps && program->sets && program->choices && program->lists)
        capsule = PyCapsule_New(program, PROGRAM, forget);
    else
        PyErr_NoMemory();
    if (!capsule && program)
        dropped(program);
    PyMem_Free(seen);
    return capsule;
}

PyDoc_STRVAR(expression_says, "expression(source) -> program\n\n"
             "The program of an expression of the packs, one byte a character.");

static PyObject *expression(PyObject *Py_UNUSED(module), PyObject *argument) {
    char *bytes;
    Py_ssize_t size;
    struct set sets[SETS_MAX];
    uint16_t lists[LISTS_MAX];
    if (PyBytes_AsStringAndSize(argument, &bytes, &size) < 0)
        return NULL;
    struct writer writer = {(const uint8_t *)bytes, (const uint8_t *)bytes + size,
                            PyMem_Malloc(64 * sizeof(struct step)), sets, NULL, lists, 0, 64, 0, 0, 0,
                            NULL};
    if (!writer.steps)
        return PyErr_NoMemory();
    write_choice(&writer, 0);
    if (!writer.wrong && writer.source != writer.end)
        writer.wrong = "a bracket closes nothing";
    emit(&writer, DONE, 0, 0);
    PyObject *program = writer.wrong ? refused(writer.wrong) : kept(&writer);
    PyMem_Free(writer.choices);
    PyMem_Free(writer.steps);
    return program;
}

/* -- From a program and a text to places --------------------------------------------------------- */

struct search {
    const struct program *program;
    const uint8_t *data;
    size_t end, size; /* of the part, of all data */
    size_t effort;
};

#define NOTHING SIZE_MAX
#define GIVEN_UP (SIZE_MAX - 1)

/* Whether a step wants another byte than the one at `at`. */
static int fails(const struct search *search, size_t step, size_t at) {
    const struct step *now = search->program->steps + step;
    if (now->kind == BYTE)
        return at >= search->end || search->data[at] != now->what;
    if (now->kind == SET)
        return at >= search->end || !has_byte(search->program->sets + now->what, search->data[at]);
    return 0;
}

/* Where what begins at `at` ends, between two ends of words; NOTHING, or GIVEN_UP. */
static size_t ends_at(struct search *search, size_t at) {
    struct {
        uint32_t step, at, list;
    } ways[WAYS_MAX];
    size_t open = 0, step = 0, list = 0; /* of a choice, what is left of its alternatives */
    const uint16_t *lists = search->program->lists;
    const uint8_t *data = search->data;
    for (;;) {
        if (!search->effort--)
            return GIVEN_UP;
        const struct step *now = search->program->steps + step;
        int on = 1;
        switch (now->kind) {
        case BYTE:
            on = at < search->end && data[at] == now->what;
            at++;
            step++;
            break;
        case SET:
            on = at < search->end && has_byte(search->program->sets + now->what, data[at]);
            at++;
            step++;
            break;
        case EITHER:
        case RATHER: {
            size_t there = (size_t)((ptrdiff_t)step + now->there), next = step + 1;
            size_t then = now->kind == EITHER ? there : next;
            step = now->kind == EITHER ? next : there;
            if (fails(search, step, at)) { /* as most alternatives do, at once */
                step = then;
                break;
            }
            if (fails(search, then, at))
                break;
            if (open == WAYS_MAX)
                return GIVEN_UP;
            ways[open].step = (uint32_t)then;
            ways[open].list = 0;
            ways[open++].at = (uint32_t)at;
            break;
        }
        case GO:
            step = (size_t)((ptrdiff_t)step + now->there);
            break;
        case CHOICE:
            if (!list)
                list = search->program->choices[now->what].lists[at < search->end ? data[at] : 256];
            if (!lists[list]) {
                on = 0;
                break;
            }
            if (lists[list + 1] && open == WAYS_MAX)
                return GIVEN_UP;
            if (lists[list + 1]) {
                ways[open].step = (uint32_t)step;
                ways[open].list = (uint32_t)list + 1;
                ways[open++].at = (uint32_t)at;
            }
            step += lists[list];
            list = 0;
            break;
        case BEGIN:
            on = at == 0;
            step++;
            break;
        case END:
            on = at == search->size;
            step++;
            break;
        default:
            if (at == search->size || (at < search->end && !is_wordly(data[at])))
                return at;
            on = 0;
        }
        if (on)
            continue;
        if (!open)
            return NOTHING;
        step = ways[--open].step;
        list = ways[open].list;
        at = ways[open].at;
    }
}

/* Where a match may begin: at the start of a text, and behind each sign. */
struct starts {
    const uint32_t *places;
    size_t count;
};

/* The number of the first start from `at` on. */
static size_t start_from(const struct starts *starts, size_t at) {
    size_t low = 0, high = starts->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (starts->places[middle] < at)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

PyDoc_STRVAR(starts_says, "starts(data) -> bytes\n\n"
             "Where in `data` an expression may begin between two ends of words, for `spans`.");

static PyObject *starts(PyObject *Py_UNUSED(module), PyObject *argument) {
    char *data;
    Py_ssize_t size, count = 1;
    if (PyBytes_AsStringAndSize(argument, &data, &size) < 0)
        return NULL;
    if (size > INT32_MAX)
        return refused("a text is that long");
    for (Py_ssize_t at = 0; at < size; at++)
        count += !is_wordly((uint8_t)data[at]);
    PyObject *found = PyBytes_FromStringAndSize(NULL, count * (Py_ssize_t)sizeof(uint32_t));
    if (!found)
        return NULL;
    char *place = PyBytes_AsString(found);
    for (uint32_t at = 0; at <= (uint32_t)size; at++)
        if (!at || !is_wordly((uint8_t)data[at - 1])) {
            memcpy(place, &at, sizeof at);
            place += sizeof at;
        }
    return found;
}

PyDoc_STRVAR(spans_says, "spans(program, data, starts, start, end, most) -> list or None\n\n"
             "The first spans in `data[start:end]` that the expression of a program has, between two ends\n"
             "of words, each after the one before; None where the search takes too long.");

/* The first spans in a list; None where the search is given up. */
static PyObject *found_spans(struct search *search, const struct starts *starts, size_t place,
                             Py_ssize_t most) {
    const struct set *first = &search->program->first;
    PyObject *list = PyList_New(0);
    size_t start = start_from(starts, place ? place + 1 : 0); /* there is a sign between two */
    while (list && PyList_Size(list) < most && start < starts->count) {
        size_t at = starts->places[start++], last;
        if (at > search->end)
            break;
        if (at < search->end && !has_byte(first, search->data[at]))
            continue;
        last = ends_at(search, at);
        if (last == GIVEN_UP) {
            Py_DECREF(list);
            return Py_NewRef(Py_None);
        }
        if (last == NOTHING)
            continue;
        PyObject *span = last > at ? Py_BuildValue("(nn)", (Py_ssize_t)at, (Py_ssize_t)last) : NULL;
        if (last > at && (!span || PyList_Append(list, span) < 0))
            Py_CLEAR(list);
        Py_XDECREF(span);
        place = last > place ? last : place + 1;
        start = start_from(starts, place + 1);
    }
    return list;
}

static PyObject *spans(PyObject *Py_UNUSED(module), PyObject *arguments) {
    PyObject *capsule, *list = NULL;
    Py_buffer whole, begun;
    Py_ssize_t start, end, most;
    if (!PyArg_ParseTuple(arguments, "Oy*y*nnn:spans", &capsule, &whole, &begun, &start, &end, &most))
        return NULL;
    const struct program *program = PyCapsule_GetPointer(capsule, PROGRAM);
    struct starts starts = {begun.buf, (size_t)begun.len / sizeof(uint32_t)};
    if (program && ((uintptr_t)begun.buf % _Alignof(uint32_t) || begun.len % (Py_ssize_t)sizeof(uint32_t))) {
        refused("starts are what `starts` wrote");
    } else if (program && (start < 0 || end < 0 || end > whole.len || whole.len > INT32_MAX)) {
        refused("a part of a text lies within it");
    } else if (program) {
        size_t length = (size_t)(end > start ? end - start : 0);
        struct search search = {program, whole.buf, (size_t)end, (size_t)whole.len,
                                EFFORT_MIN + EFFORT_EACH * length};
        list = found_spans(&search, &starts, (size_t)start, most);
    }
    PyBuffer_Release(&begun);
    PyBuffer_Release(&whole);
    return list;
}

PyMethodDef expressions_functions[] = {
    {"expression", expression, METH_O, expression_says},
    {"starts", starts, METH_O, starts_says},
    {"spans", spans, METH_VARARGS, spans_says},
    {NULL, NULL, 0, NULL},
};
