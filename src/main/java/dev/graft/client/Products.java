package dev.graft.client;

import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.random.RandomGenerator;

/** Invented product names such as {@code Norvik kettle}. */
final class Products {
  private static final List<String> SYLLABLES =
      List.of(
          "nor", "vik", "ta", "lo", "mer", "ka", "zen", "bri", "sol", "dar", "fen", "gu", "hal",
          "ix", "jo", "ny", "pra", "ro", "su", "ul", "wen", "yo", "ar", "el", "im", "os");
  private static final List<String> KINDS =
      List.of(
          "kettle", "lamp", "drill", "heater", "printer", "scooter", "fan", "toaster", "camera",
          "speaker", "mixer", "router");

  private Products() {}

  static String draw(RandomGenerator random) {
    var name = new StringBuilder();
    for (int left = random.nextInt(3) == 0 ? 3 : 2; left > 0; left--) {
      name.append(SYLLABLES.get(random.nextInt(SYLLABLES.size())));
    }
    String word = name.substring(0, 1).toUpperCase(Locale.ROOT) + name.substring(1);
    return word + " " + KINDS.get(random.nextInt(KINDS.size()));
  }

  /**
   * Products that share neither name nor kind, so that each word of a question tells them apart.
   */
  static Set<String> draw(int count, RandomGenerator random) {
    var products = new LinkedHashSet<String>();
    var words = new HashSet<String>();
    while (products.size() < count) {
      String product = draw(random);
      List<String> parts = List.of(product.split(" "));
      if (Collections.disjoint(words, parts)) {
        words.addAll(parts);
        products.add(product);
      }
    }
    return products;
  }
}
