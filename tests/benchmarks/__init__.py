"""What kagsync costs, measured beside its peers on the same work: `python -m tests.benchmarks`.

Figures depend on the machine, and on what else it does: only ratios of runs made in turns are compared, and
nothing here is asserted.
"""
