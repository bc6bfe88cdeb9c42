"""The libraries a model was trained with, in an environment of its own where the server has others.

requirements.py decides whether one is needed and what it holds, locks.py resolves that once into a lock that is stored
with the version, builds.py makes and finds the folder. Nothing is imported here: scripts/ use package_index.py before
anything is installed.
"""
