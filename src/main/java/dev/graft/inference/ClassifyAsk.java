package dev.graft.inference;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Label these texts: {@link Reply.Labels} at once.
 *
 * @param truncation whether a text that is too long is cut at its end, instead of refused
 * @param topK the most labels that are told of a text
 */
record ClassifyAsk(
    long id, @Nullable String adapter, List<String> texts, boolean truncation, int topK)
    implements Ask {
  public ClassifyAsk {
    texts = List.copyOf(texts);
  }

  @Override
  public ClassifyAsk numbered(long other) {
    return new ClassifyAsk(other, adapter, texts, truncation, topK);
  }

  @Override
  public ClassifyAsk wearing(String directory) {
    return new ClassifyAsk(id, directory, texts, truncation, topK);
  }
}
