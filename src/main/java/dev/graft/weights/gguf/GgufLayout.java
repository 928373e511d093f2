package dev.graft.weights.gguf;

import dev.graft.weights.Dtype;
import dev.graft.weights.TensorInfo;

/** A tensor as a written file has it; row-major, its rows are whole blocks. */
record GgufLayout(String name, GgmlType type, long[] shape) {
  /**
   * @throws IllegalArgumentException for another type than F32, F16 or BF16
   */
  static GgufLayout of(TensorInfo info) {
    GgmlType type =
        switch (info.dtype()) {
          case F32 -> GgmlType.F32;
          case F16 -> GgmlType.F16;
          case BF16 -> GgmlType.BF16;
          case F64, I64, I32, I8, U8, BOOL ->
              throw new IllegalArgumentException(
                  "tensor %s is %s, not F32, F16 or BF16".formatted(info.name(), info.dtype()));
        };
    return new GgufLayout(info.name(), type, info.shape());
  }

  public long bytes() {
    return type.bytes(new TensorInfo(name, Dtype.F32, shape).elements());
  }
}
