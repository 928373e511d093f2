package dev.graft.weights;

import dev.graft.weights.FourBitTensor.BlockScales;
import java.lang.foreign.ValueLayout;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Converts quantised weights to and from the tensors of a checkpoint in bitsandbytes' format. */
public final class BitsAndBytesFormat {
  private static final String STATE = ".quant_state.bitsandbytes__";
  private static final int MAX_STATE = 4096;

  private BitsAndBytesFormat() {}

  /**
   * @param parameter name of the weight, such as {@code model.layers.0.mlp.up_proj.weight}
   */
  public static List<NamedTensor> tensors(String parameter, FourBitTensor weight) {
    List<NamedTensor> all = new ArrayList<>();
    all.add(NamedTensor.of(parameter, Dtype.U8, weight.packed(), weight.packed().length, 1));
    all.add(floats(parameter + ".quant_map", weight.levels()));
    QuantState.Nested state = null;
    switch (weight.absmax()) {
      case BlockScales.Plain(float[] values) -> all.add(floats(parameter + ".absmax", values));
      case BlockScales.Nested nested -> {
        byte[] codes = nested.codes();
        all.add(NamedTensor.of(parameter + ".absmax", Dtype.U8, codes, codes.length));
        all.add(floats(parameter + ".nested_absmax", nested.absmax()));
        all.add(floats(parameter + ".nested_quant_map", nested.map()));
        state = new QuantState.Nested(nested.blockSize(), nested.offset());
      }
    }
    byte[] json =
        new QuantState(weight.type(), weight.blockSize(), weight.dtype(), weight.shape(), state)
            .json();
    all.add(
        NamedTensor.of(parameter + STATE + weight.type().quantType(), Dtype.U8, json, json.length));
    return all;
  }

  /** Returns the weight and its scales, {@code <module>.SCB}. */
  public static List<NamedTensor> tensors(String parameter, Int8Tensor weight) {
    return List.of(
        NamedTensor.of(parameter, Dtype.I8, weight.values(), weight.shape()),
        floats(scb(parameter), weight.scb()));
  }

  /**
   * Returns the names of a quantised weight's tensors in a checkpoint; empty for a plain weight.
   */
  static List<String> names(Map<String, MappedTensor> checkpoint, String parameter) {
    if (checkpoint.containsKey(scb(parameter))) {
      return Stream.of(parameter, scb(parameter), module(parameter) + ".weight_format")
          .filter(checkpoint::containsKey)
          .toList();
    }
    MappedTensor state = state(checkpoint, parameter);
    if (state == null) return List.of();
    return Stream.concat(
            Stream.of("", ".absmax", ".quant_map", ".nested_absmax", ".nested_quant_map")
                .map(suffix -> parameter + suffix),
            Stream.of(state.name()))
        .filter(checkpoint::containsKey)
        .toList();
  }

  /**
   * Reads a weight that is quantised according to {@link #names}.
   *
   * @param shape shape of the original weight
   */
  static StoredWeight read(Map<String, MappedTensor> checkpoint, String parameter, long... shape) {
    MappedTensor state = state(checkpoint, parameter);
    return state == null
        ? eightBit(checkpoint, parameter, shape)
        : fourBit(checkpoint, parameter, state, shape);
  }

  private static @Nullable MappedTensor state(
      Map<String, MappedTensor> checkpoint, String parameter) {
    for (FourBitTensor.FourBitType type : FourBitTensor.FourBitType.values()) {
      MappedTensor state = checkpoint.get(parameter + STATE + type.quantType());
      if (state != null) return state;
    }
    return null;
  }

  private static FourBitTensor fourBit(
      Map<String, MappedTensor> checkpoint, String parameter, MappedTensor tensor, long... shape) {
    if (tensor.dtype() != Dtype.U8 || tensor.info().elements() > MAX_STATE) {
      throw new BadModel(
          "tensor " + tensor.name() + " must be U8 with at most " + MAX_STATE + " elements");
    }
    QuantState state =
        QuantState.parse(tensor.name(), tensor.data().toArray(ValueLayout.JAVA_BYTE));
    if (!Arrays.equals(state.shape(), shape)) {
      throw new BadModel(
          "tensor %s has shape %s, but config.json requires %s"
              .formatted(tensor.name(), Arrays.toString(state.shape()), Arrays.toString(shape)));
    }
    long size = new TensorInfo(parameter, state.dtype(), shape).elements();
    long blocks = Math.ceilDiv(size, (long) state.blockSize());
    Part part = new Part(checkpoint, parameter);
    QuantState.Nested nested = state.nested();
    BlockScales scales;
    if (nested == null) {
      scales = new BlockScales.Plain(part.floats(".absmax", blocks));
    } else {
      scales =
          new BlockScales.Nested(
              part.bytes(".absmax", Dtype.U8, blocks),
              part.floats(".nested_quant_map", 256),
              part.floats(".nested_absmax", Math.ceilDiv(blocks, (long) nested.blockSize())),
              nested.offset(),
              nested.blockSize());
    }
    return new FourBitTensor(
        state.type(),
        state.dtype(),
        shape,
        state.blockSize(),
        part.bytes("", Dtype.U8, Math.ceilDiv(size, 2L)),
        part.floats(".quant_map", 16),
        scales);
  }

  private static Int8Tensor eightBit(
      Map<String, MappedTensor> checkpoint, String parameter, long... shape) {
    MappedTensor format = checkpoint.get(module(parameter) + ".weight_format");
    if (format != null
        && (format.dtype() != Dtype.U8
            || format.info().elements() != 1
            || format.data().get(ValueLayout.JAVA_BYTE, 0) != 0)) {
      throw new BadModel(
          "tensor " + format.name() + " selects a layout other than rows, which is not supported");
    }
    MappedTensor weight = checkpoint.get(parameter);
    if (shape.length != 2 || weight == null || !Arrays.equals(weight.shape(), shape)) {
      throw new BadModel(
          "tensor %s is missing or does not have shape %s"
              .formatted(parameter, Arrays.toString(shape)));
    }
    byte[] values = new Part(checkpoint, parameter).bytes("", Dtype.I8, shape[0] * shape[1]);
    float[] scb = new Part(checkpoint, module(parameter)).floats(".SCB", shape[0]);
    return new Int8Tensor(shape, values, scb);
  }

  /** Tensors with a common prefix, which are read with their expected sizes. */
  private record Part(Map<String, MappedTensor> checkpoint, String prefix) {
    private MappedTensor find(String suffix, Dtype dtype, long size) {
      MappedTensor found = checkpoint.get(prefix + suffix);
      if (found == null)
        throw new BadModel("the checkpoint does not contain the tensor " + prefix + suffix);
      if (found.dtype() != dtype || found.info().elements() != size) {
        throw new BadModel(
            "tensor %s is %s of %d elements, not %s of %d"
                .formatted(found.name(), found.dtype(), found.info().elements(), dtype, size));
      }
      if (size > Integer.MAX_VALUE - 8) {
        throw new BadModel("tensor " + found.name() + " is too large");
      }
      return found;
    }

    byte[] bytes(String suffix, Dtype dtype, long size) {
      return find(suffix, dtype, size).data().toArray(ValueLayout.JAVA_BYTE);
    }

    float[] floats(String suffix, long size) {
      float[] values = find(suffix, Dtype.F32, size).toFloats();
      for (float value : values) {
        if (!Float.isFinite(value)) {
          throw new BadModel("tensor " + prefix + suffix + " contains infinity or NaN");
        }
      }
      return values;
    }
  }

  private static String scb(String parameter) {
    return module(parameter) + ".SCB";
  }

  private static String module(String parameter) {
    return parameter.substring(0, Math.max(0, parameter.lastIndexOf('.')));
  }

  private static NamedTensor floats(String name, float[] values) {
    return NamedTensor.of(name, values, values.length);
  }

  /**
   * The settings that bitsandbytes stores with a 4-bit weight: JSON in a tensor of bytes.
   *
   * @param nested settings of double quantisation, or null
   */
  record QuantState(
      FourBitTensor.FourBitType type,
      int blockSize,
      Dtype dtype,
      long[] shape,
      @Nullable Nested nested) {
    /** Block sizes that bitsandbytes supports. */
    private static final List<Integer> BLOCK_SIZES =
        List.of(32, 64, 128, 256, 512, 1024, 2048, 4096);

    public record Nested(int blockSize, float offset) {}

    /** Returns JSON in the exact format of Python's {@code json.dumps}. */
    byte[] json() {
      StringBuilder json = new StringBuilder();
      json.append("{\"quant_type\": \"").append(type.quantType());
      json.append("\", \"blocksize\": ").append(blockSize);
      json.append(", \"dtype\": \"").append(dtype.torchName());
      json.append("\", \"shape\": ").append(Arrays.toString(shape));
      if (nested != null) {
        json.append(", \"nested_blocksize\": ").append(nested.blockSize);
        json.append(", \"nested_dtype\": \"float32\"");
        json.append(", \"nested_offset\": ").append(pythonFloat(nested.offset));
      }
      return json.append('}').toString().getBytes(StandardCharsets.UTF_8);
    }

    /**
     * @param name name of the tensor
     * @throws BadModel if it is not in bitsandbytes' format
     */
    static QuantState parse(String name, byte[] json) {
      JsonFields state = JsonFields.parse("tensor " + name, json);
      FourBitTensor.FourBitType type =
          choice(state, "quant_type", FourBitTensor.FourBitType.values(), each -> each.quantType());
      Dtype dtype =
          choice(state, "dtype", new Dtype[] {Dtype.F32, Dtype.F16, Dtype.BF16}, Dtype::torchName);
      long[] shape =
          state.ints("shape", 1, Integer.MAX_VALUE).stream()
              .mapToLong(Integer::longValue)
              .toArray();
      Nested nested = null;
      if (state.has("nested_blocksize")) {
        if (!state.textOr("nested_dtype", "float32").equals("float32")) {
          throw state.bad("nested_dtype", "is " + state.shown("nested_dtype") + ", not float32");
        }
        double offset = state.requireDouble("nested_offset", -Float.MAX_VALUE, Float.MAX_VALUE);
        nested = new Nested(blockSize(state, "nested_blocksize"), (float) offset);
      }
      return new QuantState(type, blockSize(state, "blocksize"), dtype, shape, nested);
    }

    private static <T> T choice(
        JsonFields state, String field, T[] values, Function<T, String> name) {
      String given = state.text(field);
      for (T value : values) if (name.apply(value).equals(given)) return value;
      throw state.bad(
          field,
          "is "
              + state.shown(field)
              + "; must be "
              + Arrays.toString(values).toLowerCase(Locale.ROOT));
    }

    private static int blockSize(JsonFields state, String field) {
      int size = state.requireInt(field, 1, 4096);
      if (!BLOCK_SIZES.contains(size))
        throw state.bad(field, "is " + size + "; must be one of " + BLOCK_SIZES);
      return size;
    }

    /**
     * Returns Python's repr: the fewest digits that identify the double, an exponent outside
     * 1e-4..1e16.
     */
    static String pythonFloat(double value) {
      if (value == 0) return 1 / value < 0 ? "-0.0" : "0.0";
      BigDecimal shortest = new BigDecimal(Double.toString(value)).stripTrailingZeros();
      int exponent = shortest.precision() - shortest.scale() - 1;
      if (exponent >= -4 && exponent < 16) {
        String plain = shortest.toPlainString();
        return plain.indexOf('.') < 0 ? plain + ".0" : plain;
      }
      String digits = shortest.unscaledValue().abs().toString();
      return (value < 0 ? "-" : "")
          + digits.charAt(0)
          + (digits.length() > 1 ? "." + digits.substring(1) : "")
          + "e%s%02d".formatted(exponent < 0 ? "-" : "+", Math.abs(exponent));
    }
  }
}
