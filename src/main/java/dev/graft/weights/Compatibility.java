package dev.graft.weights;

import java.util.List;
import java.util.Locale;

/**
 * What one program makes of a result.
 *
 * @param reasons what stands in the way and what to do about it, or what to set; one sentence each
 */
public record Compatibility(Loader loader, Verdict verdict, List<String> reasons) {
  /** Whether the result does what it did in training. */
  public enum Verdict {
    /** As it is. */
    LOADS,
    /** In another form that means the same; the reasons name it. */
    WITH_CONVERSION,
    NO;

    public String wireName() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  public Compatibility {
    reasons = List.copyOf(reasons);
  }
}
