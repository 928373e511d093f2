package dev.graft.training;

import dev.graft.weights.Dtype;
import dev.graft.weights.FourBitTensor;
import dev.graft.weights.Int8Tensor;
import dev.graft.weights.MappedTensor;
import dev.graft.weights.ModelConfig.Parameter;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.StoredWeight;

/** In which element type a base has its numbers. */
final class StoredTypes {
  private StoredTypes() {}

  /** That of the checkpoint; of a head that is new there, and of 8 bits, that of the embedding. */
  static Dtype of(ModelDirectory base, Parameter parameter) {
    boolean isNew =
        base.config().newHead().stream().anyMatch(each -> each.name().equals(parameter.name()))
            && !base.weights().has(parameter.name(), parameter.shape());
    return isNew ? ofEmbedding(base) : of(base, base.weights().stored(parameter));
  }

  private static Dtype of(ModelDirectory base, StoredWeight stored) {
    return switch (stored) {
      case MappedTensor plain -> plain.dtype();
      case FourBitTensor four -> four.dtype();
      case Int8Tensor eight -> ofEmbedding(base);
    };
  }

  private static Dtype ofEmbedding(ModelDirectory base) {
    Parameter table = base.config().parameter(base.config().inputEmbedding());
    return base.weights().require(table.name(), table.shape()).dtype();
  }
}
