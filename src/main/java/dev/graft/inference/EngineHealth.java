package dev.graft.inference;

import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What a check has found and made of an engine.
 *
 * @param error why it is not ready
 */
record EngineHealth(Status status, @Nullable String error, List<FoundModel> models) {
  enum Status {
    /** It has all that it should have. */
    READY,
    /** It answers, and lacks something. */
    DEGRADED,
    /** It, or its directory or bucket, cannot be used. */
    UNREACHABLE;

    String wire() {
      return name().toLowerCase(Locale.ROOT);
    }
  }
}
