"""What runs inside the emulator: a model's answers to the inputs in one file, into another. Only onnxruntime and NumPy are there.

python3.11 arm_guest.py model.onnx inputs.npz answers.npz
"""

import platform
import sys

import numpy as np
import onnxruntime

model, inputs, answers = sys.argv[1:]
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
options.log_severity_level = 3
session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
given = np.load(inputs)
found = {"machine": np.array(platform.machine()), "version": np.array(onnxruntime.__version__)}
taken, made = [one.name for one in session.get_inputs()], [one.name for one in session.get_outputs()]
for number in sorted({int(name.split("/")[0]) for name in given.files}):
    said = session.run(made, {name: given[f"{number}/{name}"] for name in taken})
    found.update({f"{number}/{name}": one for name, one in zip(made, said, strict=True)})
np.savez(answers, **found)
