"""Two lossless codestreams of one 16 x 16 image, value (16 row + column) x 7 modulo 2048.

Encoded by imagecodecs 2026 (OpenJPH 0.26, its own lossless JPEG), which the tests do not need.
"""

import base64

import numpy as np

VALUES = np.arange(256, dtype=np.uint16).reshape(16, 16) * 7 % 2048
HTJ2K = base64.b64decode(
    "/0//UQApQAAAAAAQAAAAEAAAAAAAAAAAAAAAEAAAABAAAAAAAAAAAAABDwEB/1AACAACAAAACv9SAAwAAgAB"
    "AAUEBEAB/1wAEyCIkJCQkJCQkJCQkJCQiIiI/2QAFwABT3BlbkpQSCBWZXIgMC4yNi4zLv+QAAoAAAAAAHYA"
    "Af+TwAAmv/sFB3QAAMAAEsAAEoD+AId0AP4Ch3QAwAASwAATAN4AAnQA/PMAg1QAwAATwAAVQO7uoKfCdQD2"
    "7e3twDGB7LYAwAAq4AAWiCRJkufAp6enQngA3l6v1+v1ev2IQHv2IQHsugD/2Q=="
)
JPEG_LOSSLESS = base64.b64decode(
    "/9j/xAAXAAEBAQEAAAAAAAAAAAAAAAAGBwMQ/8MACxAAEAAQAQARAP/aAAgBAAAGAADt999999999999997g"
    "4cOHDhw4cOHDhw4cOLg4cOHDhw4cOHDhw4cOLg4cOHDhw4cOHDhw4cOLg4cOHDhw4cOHDhw4cOLg4cOHDhw4"
    "cOHDhw4cOLg4cOHDhw4cOHDhw4cOLg4cOHDhw4cOHDhw4cOLg4cOHDhw4cOHDhw4cOLg4cOHDhw4cOHDhw4c"
    "OLg4cOHDhw4cOHDhw4cOLg4cOHDhw4cOHDhw4cOLg4cOHDhw4cOHDhw4cOLg4cOHDhw4cOHDhw4cOLg4cOHD"
    "hw4cOHDhw4cOLg4cOHDhw4cOHDhw4cOA/9k="
)
