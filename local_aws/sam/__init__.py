"""The synthesized template in real Lambda containers: `sam local` on a Docker engine, with the local servers behind
it.
"""
