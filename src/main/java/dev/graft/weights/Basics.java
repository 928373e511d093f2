package dev.graft.weights;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What every architecture has. Field names are those of {@code transformers}.
 *
 * @param modelType {@code model_type}
 */
public record Basics(
    String modelType,
    int hiddenSize,
    int numHiddenLayers,
    int vocabSize,
    int maxPositionEmbeddings,
    boolean tieWordEmbeddings,
    double initializerRange,
    List<Integer> eosTokenIds,
    @Nullable Integer bosTokenId,
    @Nullable Integer padTokenId,
    Task task,
    Dropouts dropouts) {
  public Basics {
    eosTokenIds = List.copyOf(eosTokenIds);
  }

  public Basics withTask(Task other) {
    return new Basics(
        modelType,
        hiddenSize,
        numHiddenLayers,
        vocabSize,
        maxPositionEmbeddings,
        tieWordEmbeddings,
        initializerRange,
        eosTokenIds,
        bosTokenId,
        padTokenId,
        other,
        dropouts);
  }
}
