"""Members of trainers that people have: Lightning's, Hugging Face's, or a generator function.

Each is a module of its own, since each needs a library of its own.
"""
