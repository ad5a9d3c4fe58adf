"""Layers of several nets of one shape at once, each with its backward pass written out.

The nets stand in front: K of them, N samples, D values: (K, N, D). No number of one net depends on another: a
product of matrices is made for each net by itself, and the other operations keep nets apart in memory.
"""
