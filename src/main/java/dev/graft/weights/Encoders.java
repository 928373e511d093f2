package dev.graft.weights;

/** What the encoders have in common: they classify. */
final class Encoders {
  private Encoders() {}

  static void requireHead(Basics basics) {
    outputs(basics);
  }

  static int outputs(Basics basics) {
    return switch (basics.task()) {
      case Task.SequenceClassification head -> head.numLabels();
      case Task.CausalLm() ->
          throw new IllegalArgumentException(
              basics.modelType() + " is an encoder: it classifies text and does not write any");
    };
  }
}
