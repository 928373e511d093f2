package dev.graft.weights;

import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What bitsandbytes stores beside a 4-bit weight that is no tensor: JSON in a tensor of bytes.
 *
 * @param nested of double quantisation, or null
 */
record QuantState(
    FourBitType type, int blockSize, Dtype dtype, long[] shape, @Nullable Nested nested) {
  /** Block sizes that bitsandbytes knows. */
  private static final List<Integer> BLOCK_SIZES = List.of(32, 64, 128, 256, 512, 1024, 2048, 4096);

  public record Nested(int blockSize, float offset) {}

  /** Exactly as Python's {@code json.dumps} writes it. */
  public byte[] json() {
    StringBuilder json = new StringBuilder();
    json.append("{\"quant_type\": \"").append(type.quantType());
    json.append("\", \"blocksize\": ").append(blockSize);
    json.append(", \"dtype\": \"").append(torchName(dtype));
    json.append("\", \"shape\": ").append(Arrays.toString(shape));
    if (nested != null) {
      json.append(", \"nested_blocksize\": ").append(nested.blockSize);
      json.append(", \"nested_dtype\": \"float32\"");
      json.append(", \"nested_offset\": ").append(pythonFloat(nested.offset));
    }
    return json.append('}').toString().getBytes(StandardCharsets.UTF_8);
  }

  /**
   * @param name of the tensor that holds it
   * @throws BadModel if it is not what bitsandbytes writes
   */
  public static QuantState parse(String name, byte[] json) {
    JsonFields state = JsonFile.parse("tensor " + name, json);
    FourBitType type = choice(state, "quant_type", FourBitType.values(), each -> each.quantType());
    Dtype dtype =
        choice(
            state, "dtype", new Dtype[] {Dtype.F32, Dtype.F16, Dtype.BF16}, QuantState::torchName);
    long[] shape =
        state.ints("shape", 1, Integer.MAX_VALUE).stream().mapToLong(Integer::longValue).toArray();
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
    if (!BLOCK_SIZES.contains(size)) throw state.bad(field, size + " is none of " + BLOCK_SIZES);
    return size;
  }

  static String torchName(Dtype dtype) {
    return switch (dtype) {
      case F64 -> "float64";
      case F32 -> "float32";
      case F16 -> "float16";
      case BF16 -> "bfloat16";
      case I64 -> "int64";
      case I32 -> "int32";
      case I8 -> "int8";
      case U8 -> "uint8";
      case BOOL -> "bool";
    };
  }

  /** Python's repr: fewest digits that mean the same double, an exponent outside 1e-4 .. 1e16. */
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
