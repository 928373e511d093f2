package dev.graft.spec;

/** Prompt tuning (Lester et al. 2021): the rows of the virtual tokens train. */
public record PromptTuning(int numVirtualTokens, Init promptTuningInit)
    implements AdapterMethod.Prompted {
  /** How the rows start. */
  public sealed interface Init {
    /** As {@code nn.Embedding}: N(0, 1). */
    record Random() implements Init {}

    /** Rows of the base's table, drawn at random. */
    record SampleVocab() implements Init {}

    /** The rows of a text's tokens, repeated or cut to the number of virtual tokens. */
    record Text(String text) implements Init {
      public Text {
        if (text.isBlank()) throw new IllegalArgumentException("prompt_tuning_init_text is empty");
      }
    }
  }

  public PromptTuning {
    requireCount(numVirtualTokens);
  }

  static void requireCount(int virtualTokens) {
    if (virtualTokens < 1 || virtualTokens > 4096) {
      throw new IllegalArgumentException("num_virtual_tokens must be 1..4096, is " + virtualTokens);
    }
  }
}
