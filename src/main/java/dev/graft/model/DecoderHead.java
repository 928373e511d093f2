package dev.graft.model;

import dev.graft.kernels.LinearLayer;
import dev.graft.kernels.Statement;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.Task;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a decoder's last hidden states become: log-probabilities of tokens, or scores of labels. */
final class DecoderHead {
  private DecoderHead() {}

  /**
   * @param normed ends with the last norm; the logits of a classification come after it
   */
  static List<Statement> of(ModelConfig config, List<Statement> normed) {
    return switch (config.task()) {
      case Task.CausalLm() -> normed;
      case Task.SequenceClassification head -> {
        List<Statement> scored = new ArrayList<>(normed);
        String hidden = normed.getLast().output();
        scored.add(new LinearLayer("logits", hidden, config.outputModule(), false));
        yield scored;
      }
    };
  }

  /** The output matrix, which the loss multiplies with. */
  static @Nullable String output(ModelConfig config) {
    return switch (config.task()) {
      case Task.CausalLm() ->
          config.tieWordEmbeddings() ? config.inputEmbedding() : config.outputModule() + ".weight";
      case Task.SequenceClassification head -> null;
    };
  }
}
