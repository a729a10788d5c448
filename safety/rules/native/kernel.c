/* The module: all that is compiled under one name, and what it was compiled from. */

#include "kernel.h"

PyObject *refused(const char *what) {
    PyErr_SetString(PyExc_ValueError, what);
    return NULL;
}

static int filled(PyObject *module) {
    if (PyModule_AddFunctions(module, model_functions) < 0
        || PyModule_AddFunctions(module, keys_functions) < 0
        || PyModule_AddFunctions(module, words_functions) < 0
        || PyModule_AddFunctions(module, expressions_functions) < 0)
        return -1;
    return PyModule_AddStringConstant(module, "source", SOURCE);
}

static PyModuleDef_Slot slots[] = {{Py_mod_exec, filled}, {0, NULL}};

static struct PyModuleDef kernel = {
    PyModuleDef_HEAD_INIT, "_kernel", "What screening computes for every text, compiled.", 0, NULL, slots, NULL, NULL,
    NULL,
};

PyMODINIT_FUNC PyInit__kernel(void) {
    return PyModuleDef_Init(&kernel);
}
