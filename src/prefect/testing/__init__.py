"""For people's own tests: an isolated store (`utilities`), a clock that needs no waiting (`clock`), the
command line in this process (`cli`).

Not here: anything that programs use outside of tests.
"""
