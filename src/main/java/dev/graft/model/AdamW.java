package dev.graft.model;

import java.util.Arrays;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Settings of torch's AdamW and of the clipping before it; the learning rate comes with each
 * update.
 *
 * @param weightDecay decoupled, per unit of learning rate
 * @param decay which parameters decay
 * @param maxGradNorm limit of the norm of all gradients together; 0 = no clipping
 * @param loraPlus rates of single factors; they also decide which parameters decay
 */
public record AdamW(
    double beta1,
    double beta2,
    double epsilon,
    double weightDecay,
    Decay decay,
    double maxGradNorm,
    @Nullable LoraPlusRates loraPlus) {
  /**
   * LoRA+ (Hayou et al. 2024) as PEFT groups the parameters: all but biases and {@code
   * nn.LayerNorm} decay.
   *
   * @param ratio times the learning rate for B, and for all tensors with one dimension
   * @param embedding times the learning rate for the factors of an embedding
   */
  public record LoraPlusRates(double ratio, double embedding) {}

  /** Which parameters the weight decay reaches. */
  public enum Decay {
    /** Every trained parameter. */
    ALL,
    /** All but biases and norms, as transformers' Trainer does. */
    TRAINER
  }

  public AdamW {
    if (!(beta1 >= 0 && beta1 < 1)) throw new IllegalArgumentException("adam_beta1 not in [0, 1)");
    if (!(beta2 >= 0 && beta2 < 1)) throw new IllegalArgumentException("adam_beta2 not in [0, 1)");
    if (!(epsilon > 0)) throw new IllegalArgumentException("adam_epsilon must be > 0");
    if (!(weightDecay >= 0)) throw new IllegalArgumentException("weight_decay must be >= 0");
    if (!(maxGradNorm >= 0)) throw new IllegalArgumentException("max_grad_norm must be >= 0");
  }

  /** Settings with equal rates for all parameters. */
  public AdamW(
      double beta1,
      double beta2,
      double epsilon,
      double weightDecay,
      Decay decay,
      double maxGradNorm) {
    this(beta1, beta2, epsilon, weightDecay, decay, maxGradNorm, null);
  }

  /** Returns the factor of a parameter's learning rate. */
  double rate(Slot slot) {
    if (loraPlus == null) return 1;
    if (slot.name().contains(".lora_embedding_")) return loraPlus.embedding();
    boolean fast = slot.name().contains(".lora_B.") || slot.shape().length == 1;
    return fast ? loraPlus.ratio() : 1;
  }

  /** Returns whether a parameter decays, by transformers' rule or by that of LoRA+. */
  boolean decays(Slot slot) {
    if (loraPlus != null) return !slot.layerNorm() && !slot.name().contains("bias");
    return switch (decay) {
      case ALL -> true;
      case TRAINER -> !slot.layerNorm() && !isBiasOrNorm(slot.name().toLowerCase(Locale.ROOT));
    };
  }

  private static boolean isBiasOrNorm(String name) {
    return name.contains("bias")
        || name.contains("layernorm")
        || name.contains("rmsnorm")
        || Arrays.stream(name.split("\\."))
            .anyMatch(part -> part.equals("norm") || part.endsWith("_norm"));
  }
}
