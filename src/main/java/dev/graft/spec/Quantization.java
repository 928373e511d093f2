package dev.graft.spec;

import dev.graft.spec.Quantization.EightBit;
import dev.graft.spec.Quantization.FourBit;
import dev.graft.spec.Quantization.QuantType;
import java.util.Arrays;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Frozen base weights stored on the device in fewer bits (QLoRA, Dettmers et al. 2023). Names are
 * those of transformers' {@code BitsAndBytesConfig}.
 */
public sealed interface Quantization {
  /** {@code bnb_4bit_quant_type}. */
  enum QuantType implements WireName {
    NF4,
    FP4
  }

  /**
   * {@code load_in_4bit}.
   *
   * @param doubleQuant {@code bnb_4bit_use_double_quant}: whether the scales have 8 bits
   */
  record FourBit(QuantType quantType, boolean doubleQuant) implements Quantization {}

  /** {@code load_in_8bit}: weights as LLM.int8 stores them, with products in the compute type. */
  record EightBit() implements Quantization {}

  /** Reads and writes {@code adapter.quantization}. The default 4-bit type is NF4, as in QLoRA. */
  static final class Json {
    private Json() {}

    /** Torch's names. */
    private enum ComputeDtype implements WireName {
      FLOAT32,
      BFLOAT16,
      FLOAT16;

      static ComputeDtype of(Precision precision) {
        return switch (precision) {
          case F32 -> FLOAT32;
          case BF16 -> BFLOAT16;
          case F16 -> FLOAT16;
        };
      }
    }

    /**
     * @param products the precision of products, which the request's compute type must match
     */
    static @Nullable Quantization read(Fields fields, Precision products) {
      boolean four = fields.bool("load_in_4bit", false);
      boolean eight = fields.bool("load_in_8bit", false);
      QuantType type = fields.choice("bnb_4bit_quant_type", QuantType.class);
      boolean nested = fields.bool("bnb_4bit_use_double_quant", false);
      ComputeDtype computed = fields.choice("bnb_4bit_compute_dtype", ComputeDtype.class);
      if (computed != null && computed != ComputeDtype.of(products)) {
        fields.refuse(
            "bnb_4bit_compute_dtype", "must match the type that training.bf16 and fp16 select");
      }
      fields.notYet("bnb_4bit_quant_storage", "uint8");
      fields.notYet("llm_int8_threshold", 6.0);
      fields.notYet("llm_int8_skip_modules");
      fields.notYet("llm_int8_has_fp16_weight", false);
      fields.notYet("llm_int8_enable_fp32_cpu_offload", false);
      fields.refuseUnknown();
      if (four && eight) {
        fields.refuse(
            "load_in_8bit", "cannot be combined with load_in_4bit: give only one of the two");
      }
      if (!four && type != null) fields.refuse("bnb_4bit_quant_type", "needs load_in_4bit");
      if (!four && nested) fields.refuse("bnb_4bit_use_double_quant", "needs load_in_4bit");
      if (!four && !eight) return null;
      if (eight) return new EightBit();
      return new FourBit(type == null ? QuantType.NF4 : type, nested);
    }

    /** Reads what {@link #write} wrote. */
    static @Nullable Quantization written(JsonNode json) {
      if (json.path("load_in_8bit").asBoolean(false)) return new EightBit();
      if (!json.path("load_in_4bit").asBoolean(false)) return null;
      String type = json.path("bnb_4bit_quant_type").asString();
      return new FourBit(
          QuantType.valueOf(type.toUpperCase(Locale.ROOT)),
          json.path("bnb_4bit_use_double_quant").asBoolean());
    }

    static void write(ObjectNode json, Quantization quantization, Precision products) {
      switch (quantization) {
        case FourBit(QuantType type, boolean nested) ->
            json.put("load_in_4bit", true)
                .put("bnb_4bit_quant_type", type.wireName())
                .put("bnb_4bit_use_double_quant", nested)
                .put("bnb_4bit_compute_dtype", ComputeDtype.of(products).wireName());
        case EightBit() -> json.put("load_in_8bit", true);
      }
    }
  }

  /** Every {@link Quantization} by its name on command lines. */
  public enum NamedQuantization {
    NF4(new FourBit(QuantType.NF4, false)),
    NF4_DOUBLE(new FourBit(QuantType.NF4, true)),
    FP4(new FourBit(QuantType.FP4, false)),
    FP4_DOUBLE(new FourBit(QuantType.FP4, true)),
    INT8(new EightBit());

    private final Quantization quantization;

    NamedQuantization(Quantization quantization) {
      this.quantization = quantization;
    }

    public static NamedQuantization of(Quantization quantization) {
      return Arrays.stream(values())
          .filter(each -> each.quantization.equals(quantization))
          .findFirst()
          .orElseThrow();
    }

    public Quantization quantization() {
      return quantization;
    }
  }
}
