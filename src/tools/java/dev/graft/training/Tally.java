package dev.graft.training;

import java.util.ArrayList;
import java.util.List;

/**
 * Cases of a fixture that must be exact: how many there are, and the names of those that differ.
 */
final class Tally {
  private static final int NAMED = 5;

  private final List<String> wrong = new ArrayList<>();
  private int cases;

  void add(String name, boolean right) {
    cases++;
    if (!right) wrong.add(name);
  }

  void tell(String what, GoldenResult.Collector result) {
    result.add("%d %s, wrong".formatted(cases, what), wrong.size(), 0);
    wrong.stream().limit(NAMED).forEach(name -> result.require(name, false));
  }
}
