package dev.graft.training;

import dev.graft.spec.TrainingSpec;
import dev.graft.spec.TrainingSpec.Objective;
import dev.graft.text.Example;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Which rows of a file are held out: a share of them, by the digest of what is asked and the seed,
 * whatever their order. Rows that ask the same are on one side, and of every class some rows train.
 */
final class HeldOut {
  private final double share;
  private final long seed;

  /** Sorted digests. */
  private final long[] groups;

  private HeldOut(double share, long seed, long[] groups) {
    this.share = share;
    this.seed = seed;
    this.groups = groups;
  }

  /**
   * Reads the file, to know what it has.
   *
   * @throws BadRun if it has a problem, or all of its rows would be on one side
   */
  private static HeldOut of(RowFile file, TrainingSpec spec, RunControl control) {
    double share = spec.training().evaluation().heldOut();
    long seed = spec.seed();
    boolean classes = spec.objective() == Objective.CLASSIFICATION;
    PromptDigests digests = new PromptDigests(seed, classes, control);
    file.read((row, bytes) -> digests.add(row), List::of);
    long[] held = chosen(digests.sorted(), share, digests.training());
    if (held.length == 0) {
      throw new BadRun(
          "adapter.training.held_out",
          "no row of %s can be held out: nearly all ask the same; give a validation_file"
              .formatted(file.param()));
    }
    return new HeldOut(share, seed, held);
  }

  boolean has(Example row) {
    return Arrays.binarySearch(groups, PromptDigests.of(row, seed)) >= 0;
  }

  /**
   * Groups of rows from the least digest on, as long as they fit into the share; the smallest if
   * none does.
   */
  private static long[] chosen(long[] rows, double share, Set<Long> training) {
    long wanted = Math.max(1, Math.round(share * rows.length));
    List<Long> held = new ArrayList<>();
    int smallest = rows.length;
    long ofSmallest = 0;
    for (int from = 0, to; from < rows.length; from = to) {
      to = from + 1;
      while (to < rows.length && rows[to] == rows[from]) to++;
      if (training.contains(rows[from])) continue;
      if (to - from < smallest) {
        smallest = to - from;
        ofSmallest = rows[from];
      }
      if (to - from > wanted) continue;
      held.add(rows[from]);
      wanted -= to - from;
    }
    if (held.isEmpty() && smallest < rows.length) held.add(ofSmallest);
    return held.stream().mapToLong(Long::longValue).toArray();
  }

  /** Part of the key of what is made of its rows. */
  @Override
  public String toString() {
    return "held out: %s, seed %d".formatted(share, seed);
  }

  /**
   * One of the two parts of a file.
   *
   * @param held the rows that are held out; else the others
   */
  record Part(HeldOut split, boolean held) {
    boolean has(Example row) {
      return split.has(row) == held;
    }
  }

  /** A file's parts, to train and to validate with. */
  record Parts(RowFile training, @Nullable RowFile validation) {
    /**
     * @throws BadRun as reading the file does, or if all of its rows would be on one side
     */
    static Parts of(RowFile file, TrainingSpec spec, RunControl control) {
      if (spec.training().evaluation().heldOut() == 0) return new Parts(file, null);
      HeldOut split = HeldOut.of(file, spec, control);
      return new Parts(file.part(new Part(split, false)), file.part(new Part(split, true)));
    }
  }
}
