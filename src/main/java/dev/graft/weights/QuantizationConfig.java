package dev.graft.weights;

import org.jspecify.annotations.Nullable;

/**
 * {@code quantization_config} of a checkpoint that was saved quantised. Only bitsandbytes' formats
 * are read; which weights are quantised and how, their own tensors say.
 *
 * @param bits 4 or 8
 */
public record QuantizationConfig(int bits) {
  private static final String FIELD = "quantization_config";

  /**
   * @return null for a checkpoint of plain numbers
   * @throws BadModel for another method, by its name
   */
  public static @Nullable QuantizationConfig read(JsonFields config) {
    JsonFields c = config.object(FIELD);
    if (c == null) return null;
    boolean four = c.booleanOr("load_in_4bit", false) || c.booleanOr("_load_in_4bit", false);
    boolean eight = c.booleanOr("load_in_8bit", false) || c.booleanOr("_load_in_8bit", false);
    String method = c.textOr("quant_method", four || eight ? "bitsandbytes" : "unknown");
    if (!method.equals("bitsandbytes")) {
      throw c.bad(
          "quant_method",
          "is '"
              + method
              + "'; read are bitsandbytes (4-bit NF4 and FP4, 8-bit LLM.int8) and"
              + " plain weights");
    }
    if (four == eight) {
      throw c.bad("load_in_4bit", "and load_in_8bit: exactly one of them must be true");
    }
    String storage = c.textOr("bnb_4bit_quant_storage", "uint8");
    if (!storage.equals("uint8")) {
      throw c.bad("bnb_4bit_quant_storage", "is '" + storage + "'; only uint8 is read");
    }
    if (c.booleanOr("llm_int8_has_fp16_weight", false)) {
      throw c.bad("llm_int8_has_fp16_weight", "true is not supported");
    }
    return new QuantizationConfig(four ? 4 : 8);
  }
}
