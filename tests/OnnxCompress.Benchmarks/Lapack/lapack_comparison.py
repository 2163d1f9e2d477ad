"""The LAPACK side of the comparison: numpy and scipy on OpenBLAS, driven line by line through stdin.

Commands: `load CASE FOLDER` reads input.bin, `time` runs the case once and prints milliseconds, `residual` prints the
residuals of the last result, `residual-of FOLDER` prints the residuals of results written by the other side, in the same
formulas, `quit`. Threads are set by OPENBLAS_NUM_THREADS before the start.
"""
import os
import sys
import time

try:
    import numpy as np
    import scipy.linalg as sl
except ImportError as missing:
    print(f"skip {missing}", flush=True)
    sys.exit(0)

norm = np.linalg.norm


def relative(difference, scale):
    return float(norm(difference) / scale)


def orthogonality(q):
    return float(norm(q.T @ q - np.eye(q.shape[1])))


def read(folder, name, shape, dtype=np.float64):
    return np.fromfile(os.path.join(folder, name + ".bin"), dtype=dtype).reshape(shape)


class Product:
    def __init__(self, dtype):
        self.dtype = dtype

    def load(self, folder, rows, columns):
        self.a = read(folder, "input", (rows, columns)).astype(self.dtype)
        self.b = self.a[::-1].copy()

    def run(self):
        return (self.a @ self.b,)

    def results(self, folder):
        return (read(folder, "product", self.a.shape, self.dtype),)

    def residual(self, c):
        exact = self.a.astype(np.float64) @ self.b.astype(np.float64)
        return {"product": relative(c - exact, norm(exact))}


class Gram(Product):
    def run(self):
        return (self.a.T @ self.a,)

    def results(self, folder):
        n = self.a.shape[1]
        return (read(folder, "gram", (n, n)),)

    def residual(self, c):
        wide = self.a.astype(np.longdouble) if self.dtype == np.float64 and self.a.shape[0] <= 512 else self.a.astype(np.float64)
        exact = wide.T @ wide
        return {"gram": relative(c - exact, norm(exact))}


class Input:
    def load(self, folder, rows, columns):
        self.a = read(folder, "input", (rows, columns))


class Cholesky(Input):
    def run(self):
        return (np.linalg.cholesky(self.a),)

    def results(self, folder):
        return (read(folder, "factor", self.a.shape),)

    def residual(self, factor):
        return {"A-LL'": relative(factor @ factor.T - self.a, norm(self.a))}


class Eigen(Input):
    def run(self):
        return np.linalg.eigh(self.a)

    def results(self, folder):
        n = self.a.shape[0]
        vectors = read(folder, "vectors", (n, -1))
        return read(folder, "values", (vectors.shape[1],)), vectors

    def residual(self, values, vectors):
        return {"AV-VD": relative(self.a @ vectors - vectors * values, norm(self.a, 2)), "V'V-I": orthogonality(vectors)}


class TopEigen(Eigen):
    def run(self):
        n = self.a.shape[0]
        return sl.eigh(self.a, subset_by_index=[n - 64, n - 1])


class TriangularSolve(Input):
    def run(self):
        return (sl.solve_triangular(self.a, self.a.T, lower=True, check_finite=True),)

    def results(self, folder):
        return (read(folder, "solution", self.a.shape),)

    def residual(self, x):
        t = np.tril(self.a)
        return {"TX-B": relative(t @ x - self.a.T, norm(t) * norm(x))}


CASES = {
    "gemm-float": Product(np.float32),
    "gemm-double": Product(np.float64),
    "gram-float": Gram(np.float32),
    "gram-double": Gram(np.float64),
    "cholesky": Cholesky(),
    "triangular-solve": TriangularSolve(),
    "eigen": Eigen(),
    "top-eigen": TopEigen(),
}


def show(residuals):
    print(" ".join(f"{name}={value:.3e}" for name, value in residuals.items()), flush=True)


print(f"ready numpy {np.__version__}", flush=True)
case = result = None
for line in sys.stdin:
    words = line.split()
    if words[0] == "load":
        case = CASES[words[1]]
        case.load(words[2], int(words[3]), int(words[4]))
        print("loaded", flush=True)
    elif words[0] == "time":
        start = time.perf_counter()
        result = case.run()
        print(f"{(time.perf_counter() - start) * 1e3:.6f}", flush=True)
    elif words[0] == "residual":
        show(case.residual(*result))
    elif words[0] == "residual-of":
        show(case.residual(*case.results(words[1])))
    else:
        break
