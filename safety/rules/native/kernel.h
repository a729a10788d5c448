/* What screening computes for every text, compiled: what its parts share, and what Python calls.

   `model.c`: what the text model says of a text; `keys.c`: which rules its words call; `words.c`: how
   its characters read, and what its words are; `expressions.c`: where the expressions of rules stand. */

#ifndef APARTE_KERNEL_H
#define APARTE_KERNEL_H

#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030C0000
#include <Python.h>
#include <stdint.h>
#include <string.h>

#define MIX UINT64_C(0xD6E8FEB86659FD93) /* odd, to mix the bits of a hash */

/* Whether this is a letter or a digit of ASCII, or the line below: what rules call a word. */
static inline int is_wordly(uint8_t byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9')
           || (byte >= 'A' && byte <= 'Z') || byte == '_';
}

/* A ValueError that says what. */
PyObject *refused(const char *what);

/* The functions of each part, up to an empty one. */
extern PyMethodDef model_functions[], keys_functions[], words_functions[], expressions_functions[];

#endif
