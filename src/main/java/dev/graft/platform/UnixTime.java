package dev.graft.platform;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** Times as OpenAI's objects have them. */
public final class UnixTime {
  private UnixTime() {}

  /** Whole seconds since 1970; null stays null. */
  public static @Nullable Long seconds(@Nullable Instant time) {
    return time == null ? null : time.getEpochSecond();
  }
}
