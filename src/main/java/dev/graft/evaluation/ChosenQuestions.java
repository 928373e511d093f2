package dev.graft.evaluation;

import dev.graft.text.Example;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;

/**
 * So many of a file's rows that can be asked, each with the same chance (Vitter 1985, algorithm R),
 * in bounded memory. Equal seeds choose equal rows of equal files.
 */
final class ChosenQuestions {
  /** Characters of a row that is asked: contexts of models are not much longer. */
  private static final int LONGEST = 32_000;

  private final int most;
  private final SplittableRandom random;
  private final List<Chosen> chosen = new ArrayList<>();
  private long seen;
  private long passedOver;

  /**
   * @param line of the file, from 1
   */
  public record Chosen(long line, Question question) {}

  public ChosenQuestions(int most, long seed) {
    this.most = most;
    this.random = new SplittableRandom(seed);
  }

  public void add(Example row) {
    Question question = Question.of(row, LONGEST);
    if (question == null) {
      passedOver++;
      return;
    }
    seen++;
    if (chosen.size() < most) {
      chosen.add(new Chosen(row.line(), question));
      return;
    }
    long place = random.nextLong(seen);
    if (place < most) chosen.set((int) place, new Chosen(row.line(), question));
  }

  /** In the order of the file. */
  public List<Chosen> inOrder() {
    return chosen.stream().sorted(Comparator.comparingLong(Chosen::line)).toList();
  }

  /** Rows that cannot be asked. */
  public long passedOver() {
    return passedOver;
  }
}
