package dev.graft.training.tuner;

import dev.graft.training.program.Prepend;
import dev.graft.training.program.Statement;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.NamedTensor;
import dev.graft.weights.Task;
import java.util.List;

/** What the methods with virtual tokens share: the one tensor that PEFT saves of each. */
final class Prompt {
  static final String NAME = "prompt_embeddings";

  /** What PEFT calls the module of an encoder's parameters. */
  static final String ENCODER = "prompt_encoder.";

  private Prompt() {}

  /**
   * @throws IllegalArgumentException if the base does not predict tokens
   */
  static void requireGenerator(ModelConfig config) {
    switch (config.task()) {
      case Task.CausalLm() -> {}
      case Task.SequenceClassification head ->
          throw new IllegalArgumentException(
              "virtual tokens are not supported with a classification");
    }
  }

  /** Virtual tokens before the real ones, which the rest of the embedding treats alike. */
  static List<Statement> prepended(List<Statement> statements) {
    return TokenRows.change(
        statements, "real_rows", (output, input) -> new Prepend(output, input, "/" + NAME));
  }

  static List<NamedTensor> saved(List<NamedTensor> values) {
    return values.stream().filter(each -> each.name().equals(NAME)).toList();
  }

  /**
   * The parameters of an encoder from a file that has them.
   *
   * @throws IllegalArgumentException if there are none: PEFT saves only what they computed
   */
  static List<NamedTensor> readEncoder(List<NamedTensor> saved) {
    List<NamedTensor> encoder =
        saved.stream().filter(each -> each.name().startsWith(ENCODER)).toList();
    if (encoder.isEmpty()) {
      throw new IllegalArgumentException(
          "the adapter holds only what its encoder computed, so its training cannot go on");
    }
    return encoder;
  }
}
