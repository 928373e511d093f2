package dev.graft.spec;

/**
 * What sets a LoRA apart from the paper's.
 *
 * @param useRslora scale {@code lora_alpha / sqrt(r)} (Kalajdzievski 2023)
 * @param useDora a trained norm for each output feature (DoRA, Liu et al. 2024)
 * @param loraBias B has a bias
 * @param bias which biases of the base train
 */
public record LoraVariant(boolean useRslora, boolean useDora, boolean loraBias, Bias bias) {
  public static final LoraVariant PLAIN = new LoraVariant(false, false, false, Bias.NONE);

  /** Which biases of the base train; PEFT's names. */
  public enum Bias {
    NONE,
    /** Every bias of the model. */
    ALL,
    /** Those of adapted modules. */
    LORA_ONLY
  }
}
