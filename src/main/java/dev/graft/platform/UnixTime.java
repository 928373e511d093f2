package dev.graft.platform;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** Times in OpenAI's format. */
public final class UnixTime {
  private UnixTime() {}

  /** Returns whole seconds since 1970; null for null. */
  public static @Nullable Long seconds(@Nullable Instant time) {
    return time == null ? null : time.getEpochSecond();
  }
}
