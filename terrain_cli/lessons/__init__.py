"""Lessons that check themselves: differentiable programming by crossing terrain.

Each folder beside this file whose name begins with a number is a lesson: texts, a task, a solution, typical mistakes, a picture,
and `check.py`, which asks and judges. Adding a lesson is adding a folder (docs/lessons.md). catalogue.py reads the folders,
workspace.py looks after the learner's files, process.py runs the learner's function in a process of its own (child.py), and
verdict.py decides from the arrays that come back.
"""
