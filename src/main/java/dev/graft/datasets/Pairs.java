package dev.graft.datasets;

import dev.graft.text.Example;
import java.util.stream.Stream;

/** What is preferred to what. */
final class Pairs implements Inspection {
  private static final int FEWEST = 10;
  private static final int RATIO = 2;

  private final Lines same = new Lines();
  private long rows;
  private long chosenCharacters;
  private long rejectedCharacters;

  @Override
  public void see(InspectedRow row) {
    if (!(row.example() instanceof Example.PreferencePair pair)) return;
    String rejected = rejected(pair);
    rows++;
    chosenCharacters += row.answer().length();
    rejectedCharacters += rejected.length();
    if (row.answerDigest() == Fingerprint.of(rejected)) same.add(row);
  }

  /** Whether it prefers what it rejects. */
  public static boolean areSame(InspectedRow row) {
    return row.example() instanceof Example.PreferencePair pair
        && row.answerDigest() == Fingerprint.of(rejected(pair));
  }

  private static String rejected(Example.PreferencePair pair) {
    return InspectedRow.of(pair.rejected()).answer();
  }

  @Override
  public Stream<QualityFinding> findings() {
    return Stream.concat(
        same.finding(Defect.CHOSEN_IS_REJECTED, Severity.ERROR),
        rows >= FEWEST && biased()
            ? Stream.of(Defect.LENGTH_BIAS.ofAll(Severity.WARNING, rows))
            : Stream.of());
  }

  private boolean biased() {
    return chosenCharacters > RATIO * rejectedCharacters
        || rejectedCharacters > RATIO * chosenCharacters;
  }
}
