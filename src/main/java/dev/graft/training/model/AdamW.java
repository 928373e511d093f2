package dev.graft.training.model;

import dev.graft.training.tuner.Slot;
import java.util.Arrays;
import java.util.Locale;

/**
 * Settings of torch's AdamW and of the clipping before it; the learning rate comes with each
 * update.
 *
 * @param weightDecay decoupled, per unit of learning rate
 * @param decay which parameters decay
 * @param maxGradNorm limit of the norm of all gradients together; 0 = no clipping
 */
public record AdamW(
    double beta1,
    double beta2,
    double epsilon,
    double weightDecay,
    Decay decay,
    double maxGradNorm) {
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

  /** Whether a parameter decays; the rule is transformers' own. */
  boolean decays(Slot slot) {
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
