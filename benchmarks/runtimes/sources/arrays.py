"""Twenty-four arrays of 4 MiB; each line of input is answered with their size and addresses."""

import json
import sys

import numpy

arrays = [numpy.ones(1 << 19) for _ in range(24)]
print("ready", flush=True)
PAGE = 4096
for _ in sys.stdin:
    # malloc's note lies before an array's first byte, in a page that is not the array's alone.
    places = [(each.ctypes.data & -PAGE, each.ctypes.data + each.nbytes) for each in arrays]
    owned = {"NumPy arrays": [(start, (end + PAGE - 1) & -PAGE) for start, end in places]}
    print(json.dumps({"nbytes": sum(each.nbytes for each in arrays), "owned": owned}), flush=True)
