package dev.graft.platform;

import org.jspecify.annotations.Nullable;

/** A principal whose requests may be for one department's rows alone. */
public interface OwnRows {
  /** The department; null = all rows. */
  @Nullable String ownRowsOf();
}
