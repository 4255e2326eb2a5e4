"""Orchestration without I/O. What a workflow does is stored in histories: see docs/operations before changing it.

Nothing is imported here: in the tests the sandbox runs this file, and the workflow's own, anew for each workflow.
"""
