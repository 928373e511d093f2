package dev.graft.client;

import java.util.List;
import java.util.random.RandomGenerator;

/** Dresses a question as people do: a greeting before it, thanks after it. */
final class Phrasing {
  private static final List<String> BEFORE =
      List.of("", "", "", "Hi, ", "Hello! ", "Quick question: ", "Please help. ", "Good morning, ");
  private static final List<String> AFTER = List.of("?", "?", "?", " please?", "? Thanks.");

  private Phrasing() {}

  static String dress(String question, RandomGenerator random) {
    String bare = question.substring(0, question.length() - 1);
    return BEFORE.get(random.nextInt(BEFORE.size()))
        + bare
        + AFTER.get(random.nextInt(AFTER.size()));
  }
}
