package dev.graft.weights;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/** Quantised weights as the tensors of a checkpoint that bitsandbytes has written. */
public final class QuantisedFiles {
  private static final String STATE = ".quant_state.bitsandbytes__";

  private QuantisedFiles() {}

  /**
   * @param parameter name of the weight, such as {@code model.layers.0.mlp.up_proj.weight}
   */
  public static List<NamedTensor> tensors(String parameter, FourBitTensor weight) {
    List<NamedTensor> all = new ArrayList<>();
    all.add(bytes(parameter, Dtype.U8, weight.packed(), weight.packed().length, 1));
    all.add(floats(parameter + ".quant_map", weight.levels()));
    QuantState.Nested state = null;
    switch (weight.absmax()) {
      case BlockScales.Plain(float[] values) -> all.add(floats(parameter + ".absmax", values));
      case BlockScales.Nested nested -> {
        byte[] codes = nested.codes();
        all.add(bytes(parameter + ".absmax", Dtype.U8, codes, codes.length));
        all.add(floats(parameter + ".nested_absmax", nested.absmax()));
        all.add(floats(parameter + ".nested_quant_map", nested.map()));
        state = new QuantState.Nested(nested.blockSize(), nested.offset());
      }
    }
    byte[] json =
        new QuantState(weight.type(), weight.blockSize(), weight.dtype(), weight.shape(), state)
            .json();
    all.add(bytes(parameter + STATE + weight.type().quantType(), Dtype.U8, json, json.length));
    return all;
  }

  /** The scales stand beside the weight: {@code <module>.SCB}. */
  public static List<NamedTensor> tensors(String parameter, Int8Tensor weight) {
    String module = parameter.substring(0, parameter.length() - ".weight".length());
    return List.of(
        bytes(parameter, Dtype.I8, weight.values(), weight.shape()),
        floats(module + ".SCB", weight.scb()));
  }

  private static NamedTensor bytes(String name, Dtype dtype, byte[] values, long... shape) {
    return new NamedTensor(
        name, dtype, shape, ByteBuffer.wrap(values).order(ByteOrder.LITTLE_ENDIAN));
  }

  private static NamedTensor floats(String name, float[] values) {
    ByteBuffer data =
        ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    data.asFloatBuffer().put(values);
    return new NamedTensor(name, Dtype.F32, new long[] {values.length}, data);
  }
}
