package dev.graft.platform;

import org.jspecify.annotations.Nullable;

/** A principal whose requests may be restricted to one department's rows. */
public interface OwnRows {
  /** Returns the department, or null for all rows. */
  @Nullable String ownRowsOf();
}
