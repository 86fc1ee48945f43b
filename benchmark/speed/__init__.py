"""How fast the library is beside its peers: `python -m benchmark bench`; no stage of dvc.yaml is in here.

Read `lines` for what is measured, `alternating` for how, and `peers` and `trainers` for against what.
"""
