package dev.graft.training;

import dev.graft.spec.TrainingSpec;
import dev.graft.text.RowTokenizer;
import dev.graft.text.Tokenizer;
import java.nio.charset.StandardCharsets;

/**
 * All that the tokens of a file depend on.
 *
 * @param base digest of the model, tokenizer and chat template included
 * @param maxLength tokens of a row, or of a sequence where rows share them
 * @param cache where they are kept
 */
record Tokenization(
    TrainingSpec spec, Tokenizer tokenizer, String base, int maxLength, TokenCache cache) {
  /** Changes with what the same rows and settings become; a release changes it too. */
  private static final int FORMAT = 1;

  RowTokenizer rows() {
    return RowSettings.of(spec, maxLength).tokenizer(tokenizer);
  }

  /**
   * The key of a file's rows in the cache.
   *
   * @param rows tells them from others
   */
  String key(String rows) {
    String release = Tokenization.class.getPackage().getImplementationVersion();
    boolean packs = spec.training().rows().packingStrategy() != null;
    String all =
        String.join(
            "\n",
            FORMAT + " " + release,
            rows,
            base,
            spec.objective() + (packs ? " packed" : ""),
            RowSettings.of(spec, maxLength).toString());
    return Digests.of(all.getBytes(StandardCharsets.UTF_8));
  }
}
