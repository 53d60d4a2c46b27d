// Whether the browser computes four numbers at once: onnxruntime-web has no other build.

/** The smallest module with a SIMD instruction: a function that makes a vector of a number and drops it. */
const MODULE = [0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 10, 9, 1, 7, 0, 65, 0, 253, 15, 26, 11];

export function hasSimd(): boolean {
  return typeof WebAssembly === "object" && WebAssembly.validate(new Uint8Array(MODULE));
}
