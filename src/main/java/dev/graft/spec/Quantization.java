package dev.graft.spec;

/**
 * Base weights kept on the device in fewer bits, frozen (QLoRA, Dettmers et al. 2023). Names are
 * those of transformers' {@code BitsAndBytesConfig}.
 */
public sealed interface Quantization {
  /** {@code bnb_4bit_quant_type}. */
  enum QuantType {
    NF4,
    FP4
  }

  /**
   * {@code load_in_4bit}.
   *
   * @param doubleQuant {@code bnb_4bit_use_double_quant}: the scales in 8 bits
   */
  record FourBit(QuantType quantType, boolean doubleQuant) implements Quantization {}

  /** {@code load_in_8bit}: weights as LLM.int8 stores them, products in the compute type. */
  record EightBit() implements Quantization {}
}
