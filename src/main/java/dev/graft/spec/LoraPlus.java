package dev.graft.spec;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * LoRA+ (Hayou et al. 2024): rates of single factors; names are those of PEFT's {@code
 * create_loraplus_optimizer}.
 *
 * @param lrRatio times the learning rate for B, and for all tensors with one dimension
 * @param lrEmbedding peak learning rate of the factors of an embedding
 */
public record LoraPlus(double lrRatio, double lrEmbedding) {
  private static final String RATIO = "loraplus_lr_ratio";
  private static final String EMBEDDING = "loraplus_lr_embedding";
  private static final double MOST_RATE = 1;

  /** Null where nothing asks for it. */
  public static @Nullable LoraPlus read(
      Fields training, AdapterMethod method, double learningRate) {
    Double ratio = training.number(RATIO, 1e-3, 1e6);
    Double embedding = training.number(EMBEDDING, 0, 1);
    if (ratio == null) {
      if (embedding != null) training.refuse(EMBEDDING, "needs loraplus_lr_ratio");
      return null;
    }
    if (!(method instanceof AdapterMethod.Lora)) {
      training.refuse(RATIO, "is of LoRA only: other methods have no factor B");
    } else if (learningRate == 0) {
      training.refuse(RATIO, "needs a learning_rate above 0");
    } else if (ratio * learningRate > MOST_RATE) {
      training.refuse(
          RATIO,
          "times the learning rate %s must be at most %s; usual are 2 to 16"
              .formatted(Fields.shown(learningRate), Fields.shown(MOST_RATE)));
    }
    return new LoraPlus(ratio, embedding == null ? 1e-6 : embedding);
  }

  public static void write(ObjectNode training, @Nullable LoraPlus plus) {
    if (plus == null) return;
    training.put(RATIO, plus.lrRatio()).put(EMBEDDING, plus.lrEmbedding());
  }
}
