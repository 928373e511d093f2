package dev.graft.client;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Byte-pair encoding (Sennrich et al. 2016): again and again, the pair of neighbours seen most
 * often becomes one token. Ties go to the pair that sorts first, so equal text gives equal tokens.
 */
final class BpeTrainer {
  /** Two neighbouring tokens. */
  record Pair(String left, String right) {
    String joined() {
      return left + right;
    }
  }

  private static final Comparator<Map.Entry<Pair, Integer>> MOST_OFTEN =
      Map.Entry.<Pair, Integer>comparingByValue()
          .reversed()
          .thenComparing(entry -> entry.getKey().left())
          .thenComparing(entry -> entry.getKey().right());

  private BpeTrainer() {}

  /** The merges, in the order they were learned. */
  static List<Pair> merges(Stream<String> texts, int count) {
    Map<String, Integer> words = new TreeMap<>();
    texts
        .flatMap(text -> ByteLevel.words(text).stream())
        .forEach(w -> words.merge(w, 1, Integer::sum));
    List<List<String>> symbols = new ArrayList<>();
    List<Integer> counts = new ArrayList<>();
    words.forEach(
        (word, seen) -> {
          symbols.add(new ArrayList<>(word.chars().mapToObj(Character::toString).toList()));
          counts.add(seen);
        });
    List<Pair> merges = new ArrayList<>();
    while (merges.size() < count) {
      var best = pairs(symbols, counts).entrySet().stream().min(MOST_OFTEN);
      if (best.isEmpty()) break;
      var pair = best.get().getKey();
      merges.add(pair);
      for (List<String> word : symbols) merge(word, pair);
    }
    return merges;
  }

  private static Map<Pair, Integer> pairs(List<List<String>> words, List<Integer> counts) {
    Map<Pair, Integer> pairs = new HashMap<>();
    for (int w = 0; w < words.size(); w++) {
      List<String> word = words.get(w);
      for (int i = 0; i + 1 < word.size(); i++) {
        pairs.merge(new Pair(word.get(i), word.get(i + 1)), counts.get(w), Integer::sum);
      }
    }
    return pairs;
  }

  private static void merge(List<String> word, Pair pair) {
    for (int i = 0; i + 1 < word.size(); i++) {
      if (word.get(i).equals(pair.left()) && word.get(i + 1).equals(pair.right())) {
        word.set(i, pair.joined());
        word.remove(i + 1);
      }
    }
  }
}
