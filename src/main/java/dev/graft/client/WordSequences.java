package dev.graft.client;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * Every run of four words in the training rows. Case and punctuation do not count, and a product
 * name is one word: otherwise every question about a product would share it.
 */
final class WordSequences {
  private static final int LENGTH = 4;

  private final Set<String> products;
  private final Set<List<String>> taught = new HashSet<>();

  WordSequences(Set<String> products, Collection<ChatRow> rows) {
    this.products = products;
    for (ChatRow row : rows) taught.addAll(runs(String.join(" ", row.texts())));
  }

  void requireNone(List<SampleData.HeldOutQuestion> questions) {
    for (var question : questions) {
      for (List<String> run : runs(question.text())) {
        if (taught.contains(run)) {
          throw new IllegalStateException(
              "held-out question \"%s\" shares \"%s\" with a training row"
                  .formatted(question.text(), String.join(" ", run)));
        }
      }
    }
  }

  private List<List<String>> runs(String text) {
    String joined = text;
    for (String product : products) joined = joined.replace(product, product.replace(" ", "_"));
    String[] words = joined.toLowerCase(Locale.ROOT).replaceAll("[^\\w ]", " ").trim().split(" +");
    List<List<String>> runs = new ArrayList<>();
    for (int i = 0; i + LENGTH <= words.length; i++) {
      runs.add(List.of(words).subList(i, i + LENGTH));
    }
    return runs;
  }
}
